/**
 * The C library through Deno's FFI: the one place that opens it, and `errno`. Opened when it is first needed, so
 * that importing this module never fails. All calls are synchronous, but for `epoll_wait`, and `send` of requests
 * that sleep in the kernel.
 *
 * @module
 */
import { SystemError, UnsupportedError } from "./errors.ts";

// Lengths come back as `ssize_t`. Declared as i32 they spare a BigInt for each call; both ABIs return integers in a
// register whose low half is the value, and no length here comes near 2 GiB.
const symbols = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  sendOffloaded: {
    name: "send",
    parameters: ["i32", "buffer", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  // Declared with the two arguments that every call here gives; both ABIs pass them as if it took no others.
  open: { parameters: ["buffer", "i32"], result: "i32" },
  setns: { parameters: ["i32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // Off the main thread, where errno cannot be read.
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32", nonblocking: true },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of the C library that sockets need, under their C names, and `errno`. */
export interface Libc {
  /** socket(2): a descriptor, or -1. */
  socket(domain: number, type: number, protocol: number): number;
  /** bind(2): 0, or -1. */
  bind(fd: number, address: Uint8Array<ArrayBuffer>, length: number): number;
  /** getsockname(2): 0, or -1. */
  getsockname(fd: number, address: Uint8Array<ArrayBuffer>, length: Uint32Array<ArrayBuffer>): number;
  /** setsockopt(2): 0, or -1. */
  setsockopt(
    fd: number,
    level: number,
    option: number,
    value: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
    length: number,
  ): number;
  /** send(2): the number of bytes, or -1. */
  send(fd: number, bytes: Uint8Array<ArrayBuffer>, length: number, flags: number): number;
  /** send(2) on another thread: `errno` says nothing about it, and `bytes` must live until it is done. */
  sendOffloaded(fd: number, bytes: Uint8Array<ArrayBuffer>, length: number, flags: number): Promise<number>;
  /** recvmsg(2): the number of bytes, or -1. */
  recvmsg(fd: number, header: Uint8Array<ArrayBuffer>, flags: number): number;
  /** close(2): 0, or -1. */
  close(fd: number): number;
  /** open(2) of a path that ends in NUL: a descriptor, or -1. */
  open(path: Uint8Array<ArrayBuffer>, flags: number): number;
  /** setns(2), of the calling thread: 0, or -1. */
  setns(fd: number, type: number): number;
  /** read(2): the number of bytes, or -1. */
  read(fd: number, bytes: Uint8Array<ArrayBuffer>, length: number): number;
  /** write(2): the number of bytes, or -1. */
  write(fd: number, bytes: Uint8Array<ArrayBuffer>, length: number): number;
  /** eventfd(2): a descriptor, or -1. */
  eventfd(initial: number, flags: number): number;
  /** epoll_create1(2): a descriptor, or -1. */
  epoll_create1(flags: number): number;
  /** epoll_ctl(2): 0, or -1. */
  epoll_ctl(epoll: number, operation: number, fd: number, event: Uint8Array<ArrayBuffer>): number;
  /** epoll_wait(2) on another thread: `errno` says nothing about it, and `events` must live until it is done. */
  epoll_wait(epoll: number, events: Uint8Array<ArrayBuffer>, count: number, timeout: number): Promise<number>;
  /** Error number of the last synchronous call, which must have failed. */
  errno(): number;
}

/** Flags and constants of the socket calls (asm-generic/socket.h, linux/socket.h); x86-64 and aarch64 agree. */
export const Socket = {
  /** AF_NETLINK. */
  netlink: 16,
  /** SOCK_RAW. */
  raw: 3,
  /** SOCK_CLOEXEC. */
  closeOnExec: 0o2000000,
  /** MSG_TRUNC. */
  truncate: 0x20,
  /** MSG_DONTWAIT. */
  dontWait: 0x40,
} as const;

let opened: Libc | undefined;

/**
 * The C library. Throws {@linkcode UnsupportedError} where there is none to be had: off Linux, outside of Deno, on a
 * big-endian machine, without `--allow-ffi`.
 */
export function libc(): Libc {
  return opened ??= open();
}

function open(): Libc {
  if (typeof globalThis.Deno?.dlopen !== "function") {
    throw new UnsupportedError("runtime", "netlink sockets need Deno's FFI; run this with Deno 2");
  }
  if (Deno.build.os !== "linux") {
    throw new UnsupportedError(
      "platform",
      `netlink is part of Linux, and this is ${Deno.build.os}: encoding and decoding work here, sockets do not`,
    );
  }
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) {
    throw new UnsupportedError("platform", "netlink sockets are supported on little-endian machines only");
  }
  const { symbols: functions } = load();
  const location = functions.__errno_location();
  if (location === null) throw new UnsupportedError("runtime", "the C library has no errno");
  // The address is this thread's for good, and every JavaScript thread has a module of its own.
  const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  const { send, sendOffloaded, read, write, ...others } = functions;
  return {
    ...others,
    send: (fd, bytes, length, flags) => send(fd, bytes, BigInt(length), flags),
    sendOffloaded: (fd, bytes, length, flags) => sendOffloaded(fd, bytes, BigInt(length), flags),
    read: (fd, bytes, length) => read(fd, bytes, BigInt(length)),
    write: (fd, bytes, length) => write(fd, bytes, BigInt(length)),
    errno: () => errno[0]!,
  };
}

/** glibc under its one name, else musl under those that it goes by. */
function load(): Deno.DynamicLibrary<typeof symbols> {
  const names = ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`, `ld-musl-${Deno.build.arch}.so.1`];
  let reason: unknown;
  for (const name of names) {
    try {
      return Deno.dlopen(name, symbols);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) {
        throw new UnsupportedError(
          "permission",
          "netlink sockets reach the C library through FFI, which is not allowed; run deno with --allow-ffi",
          { cause: error },
        );
      }
      reason ??= error;
    }
  }
  throw new UnsupportedError("runtime", `no C library found under ${names.join(", ")}`, { cause: reason });
}

/** Result of a call that gives -1 on failure; throws {@linkcode SystemError} with errno then. */
export function checked(call: string, result: number): number {
  if (result === -1) throw new SystemError(call, libc().errno());
  return result;
}
