/**
 * One epoll_wait(2) for everything that waits in this process. Deno runs such calls on 32 threads that files and all
 * else share, so a thread for each socket would soon bring everything to a halt.
 *
 * The call runs only while somebody waits, so nothing here keeps a process alive; an eventfd ends it early.
 *
 * @module
 */
import { SystemError } from "./errors.ts";
import { type Bytes, checked, errno, openLibc } from "./libc.ts";

const symbols = {
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // Off the main thread, where errno cannot be read.
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32", nonblocking: true },
  malloc: { parameters: ["usize"], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Numbers of sys/epoll.h and sys/eventfd.h; x86-64 and aarch64 agree. */
const EPOLL_CLOEXEC = 0o2000000, EFD_CLOEXEC = 0o2000000, EFD_NONBLOCK = 0o4000;
const EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
const EPOLLIN = 1, EPOLLOUT = 4, EPOLLERR = 8, EPOLLHUP = 16, EPOLLONESHOT = 1 << 30;
const ENOMEM = 12, EEXIST = 17;

/** How many descriptors one call may tell of. */
const CAPACITY = 64;
/** Bytes of `struct epoll_event`, which is packed on x86-64 alone, and where its data is. */
const EVENT_SIZE = globalThis.Deno?.build.arch === "x86_64" ? 12 : 16;
const DATA = EVENT_SIZE - 8;

/** Somebody who waits for a descriptor. */
interface Waiter {
  /** The event, EPOLLIN or EPOLLOUT. */
  readonly awaited: number;
  /** Ends the wait: true if there may be something. */
  readonly resolve: (ready: boolean) => void;
}

/** What waits for descriptors, in one thread of JavaScript. */
class Reactor {
  readonly #libc = openLibc(symbols);
  readonly #epoll: number;
  readonly #wakeup: number;
  // Descriptors that the kernel knows of.
  readonly #registered = new Set<number>();
  // By descriptor.
  readonly #waiters = new Map<number, Waiter[]>();
  // In use by another thread as long as the call runs, which is longer than a Worker lives that is terminated meanwhile.
  readonly #events: Deno.PointerObject;
  readonly #view: DataView;
  readonly #count = new Uint8Array(8);
  #running = false;

  constructor() {
    this.#epoll = checked("epoll_create1", this.#libc.epoll_create1(EPOLL_CLOEXEC));
    const events = this.#libc.malloc(BigInt(CAPACITY * EVENT_SIZE));
    if (events === null) throw new SystemError("malloc", ENOMEM);
    this.#events = events;
    this.#view = new DataView(Deno.UnsafePointerView.getArrayBuffer(events, CAPACITY * EVENT_SIZE));
    this.#wakeup = checked("eventfd", this.#libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    checked(
      "epoll_ctl",
      this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, this.#wakeup, event(this.#wakeup, EPOLLIN)),
    );
  }

  /** Waits for an event of a descriptor, or an error; false if the wait is given up before. */
  wait(fd: number, awaited: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = [...this.#waiters.get(fd) ?? [], { awaited, resolve }];
      this.#arm(fd, waiters);
      this.#waiters.set(fd, waiters);
      this.#run();
    });
  }

  /**
   * A descriptor stays registered, disarmed, until it is forgotten. To close it is not enough where somebody else, such
   * as the kernel, has the same socket open.
   */
  #arm(fd: number, waiters: readonly Waiter[]): void {
    const events = waiters.reduce((all, { awaited }) => all | awaited, EPOLLONESHOT);
    const interest = event(fd, events);
    this.#registered.add(fd);
    if (this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, interest) === 0) return;
    if (errno() !== EEXIST) checked("epoll_ctl", -1);
    checked("epoll_ctl", this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_MOD, fd, interest));
  }

  /** Gives up the waits for a descriptor, which may be closed then. */
  forget(fd: number): void {
    if (this.#registered.delete(fd)) this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, fd, event(fd, 0));
    const waiters = this.#waiters.get(fd);
    if (waiters === undefined) return;
    this.#waiters.delete(fd);
    for (const { resolve } of waiters) resolve(false);
    if (this.#waiters.size === 0 && this.#running) this.#wake();
  }

  /** Ends the waits for what came; an error or the connection's end is something for everybody. */
  #tell(fd: number, events: number): void {
    const waiters = this.#waiters.get(fd);
    if (waiters === undefined) return;
    const has = ({ awaited }: Waiter) => (events & (awaited | EPOLLERR | EPOLLHUP)) !== 0;
    const rest = waiters.filter((waiter) => !has(waiter));
    this.#waiters.set(fd, rest);
    if (rest.length === 0) this.#waiters.delete(fd);
    for (const { resolve } of waiters.filter(has)) resolve(true);
    if (rest.length > 0) this.#armAgain(fd, rest);
  }

  #armAgain(fd: number, waiters: readonly Waiter[]): void {
    try {
      this.#arm(fd, waiters);
    } catch {
      // Closed by somebody who has not said so: their next call tells them. Others must not suffer from it.
      this.#waiters.delete(fd);
      for (const { resolve } of waiters) resolve(true);
    }
  }

  #wake(): void {
    this.#libc.write(this.#wakeup, new Uint8Array(new BigUint64Array([1n]).buffer), 8n);
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#loop().finally(() => {
      this.#running = false;
      if (this.#waiters.size > 0) this.#run();
    });
  }

  async #loop(): Promise<void> {
    while (this.#waiters.size > 0) {
      // A failed call gives -1 (only a signal can be the cause) and is made anew.
      const count = await this.#libc.epoll_wait(this.#epoll, this.#events, CAPACITY, -1);
      for (let i = 0; i < count; i++) {
        const fd = this.#view.getInt32(i * EVENT_SIZE + DATA, true);
        if (fd === this.#wakeup) {
          this.#libc.read(fd, this.#count, 8n);
          continue;
        }
        this.#tell(fd, this.#view.getUint32(i * EVENT_SIZE, true));
      }
    }
  }
}

function event(fd: number, events: number): Bytes {
  const bytes = new Uint8Array(EVENT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, events, true);
  view.setInt32(DATA, fd, true);
  return bytes;
}

let started: Reactor | undefined;

/**
 * Waits until a descriptor has something to read, or an error to tell; false if {@linkcode stopWaiting} came first.
 * Several may wait for the same; all are told. Throws `SystemError`.
 */
export function readable(fd: number): Promise<boolean> {
  return (started ??= new Reactor()).wait(fd, EPOLLIN);
}

/** Waits until a descriptor takes something to write, or has an error to tell; else as {@linkcode readable}. */
export function writable(fd: number): Promise<boolean> {
  return (started ??= new Reactor()).wait(fd, EPOLLOUT);
}

/** Ends the waits for a descriptor, if there are any. To be called before it is closed. */
export function stopWaiting(fd: number): void {
  started?.forget(fd);
}
