/** TLS peers as processes on loopback, and tynl's engine on a socket that faces them. */
import assert from "node:assert/strict";
import { dataOf } from "../tls/helpers.ts";
import type { TlsConnection, TlsEvent } from "../../runtime/tls/mod.ts";

/** Generous: a machine under load must not fail a test. */
const patience = 120_000;

async function within<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up waiting for ${what}`)), patience);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether a program is there. */
export function hasProgram(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

/** A process that speaks TLS. */
export class Peer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #done: Promise<unknown>;
  #waiting: (() => void)[] = [];
  #ended = false;
  /** What it printed, as text of one byte a letter; both outputs in one. */
  printed = "";

  constructor(program: string, args: readonly string[]) {
    this.#process = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#process.stdin.getWriter();
    const both = [this.#process.stdout, this.#process.stderr].map((stream) => this.#collect(stream));
    this.#done = Promise.all(both).then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const text = new TextDecoder("latin1");
    for await (const chunk of stream) {
      this.printed += text.decode(chunk);
      this.#wake();
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Waits until it has printed something. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.printed);
      if (match !== null) return match;
      if (this.#ended) assert.fail(`${pattern} is not in: ${this.printed.slice(-4000)}`);
      await within(
        `${pattern} in: ${this.printed.slice(-4000)}`,
        new Promise<void>((resolve) => this.#waiting.push(resolve)),
      );
    }
  }

  /** Waits until it has printed so many letters. */
  async printsAtLeast(length: number): Promise<void> {
    while (this.printed.length < length) {
      assert(!this.#ended, this.printed.slice(-4000));
      await within(`${length} letters`, new Promise<void>((resolve) => this.#waiting.push(resolve)));
    }
  }

  /** The port that it listens on at any address of IPv4, for programs that do not print it. */
  listeningPort(): number {
    const folder = `/proc/${this.#process.pid}/fd`;
    const sockets = [...Deno.readDirSync(folder)].map(({ name }) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`${folder}/${name}`))?.[1];
      } catch {
        return undefined;
      }
    });
    for (const line of Deno.readTextFileSync("/proc/net/tcp").trim().split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      // State 0A is LISTEN (include/net/tcp_states.h); the tenth field is the inode.
      if (fields[3] === "0A" && sockets.includes(fields[9])) return parseInt(fields[1]!.split(":")[1]!, 16);
    }
    return assert.fail("it does not listen");
  }

  /** Waits until it has ended. */
  async ends(): Promise<Deno.CommandStatus> {
    await within("its end", this.#done);
    return await this.#process.status;
  }

  /** Types something. */
  async types(text: string | Uint8Array): Promise<void> {
    await this.#stdin.write(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.abort().catch(() => {});
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#done;
    await this.#process.status;
  }
}

/** Our end of a connection: reads one record at a time, as an agent for kernel TLS must. */
export class Endpoint implements Disposable {
  readonly #socket: Deno.TcpConn;
  /** The engine. */
  readonly tls: TlsConnection;
  /** All events so far. */
  readonly events: TlsEvent[] = [];

  constructor(socket: Deno.TcpConn, tls: TlsConnection) {
    this.#socket = socket;
    this.tls = tls;
  }

  /** Connects and makes a client. */
  static async connect(port: number, tls: TlsConnection): Promise<Endpoint> {
    return new Endpoint(await Deno.connect({ hostname: "127.0.0.1", port }), tls);
  }

  /** Writes what the engine has for the peer. */
  async flush(): Promise<void> {
    const bytes = this.tls.takeOutgoing();
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }

  /** Reads the next piece of a record; false at the end. What the engine throws goes to the peer as an alert, too. */
  async step(): Promise<boolean> {
    await this.flush();
    const buffer = new Uint8Array(this.tls.bytesWanted);
    if (buffer.length === 0) return false;
    const length = await within("the peer", this.#socket.read(buffer));
    if (length === null) return false;
    try {
      this.tls.receive(buffer.subarray(0, length));
    } finally {
      this.events.push(...this.tls.takeEvents());
      await this.flush();
    }
    return true;
  }

  /** Goes on until something is so. */
  async until(condition: () => boolean): Promise<void> {
    await this.flush();
    while (!condition()) assert(await this.step(), "the peer went away");
  }

  /** The handshake. */
  handshake(): Promise<void> {
    return this.until(() => this.tls.state === "open");
  }

  /** Data received so far. */
  get received(): Uint8Array {
    return dataOf(this.events);
  }

  /** Reads until so many bytes of data have come. */
  async receives(length: number): Promise<void> {
    let count = this.received.length;
    let seen = this.events.length;
    await this.until(() => {
      for (; seen < this.events.length; seen++) {
        const event = this.events[seen]!;
        if (event.type === "data") count += event.data.length;
      }
      return count >= length;
    });
  }

  /** Sends data. */
  async send(data: string | Uint8Array): Promise<void> {
    this.tls.send(typeof data === "string" ? new TextEncoder().encode(data) : data);
    await this.flush();
  }

  /** Closes the socket without a word. */
  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** A listening socket for clients that are processes. */
export function listen(): Deno.TcpListener & Disposable {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

/** The port of a listening socket. */
export function portOf(listener: Deno.TcpListener): number {
  return (listener.addr as Deno.NetAddr).port;
}
