/**
 * Calls from a process with an agent to one that plays its kernel, over a pair of sockets. The caller stands still until
 * it has its answer, as in a system call; if it is killed there, the other side knows how far it came.
 */
import { type Bytes, checked, openLibc, readable, Socket, sockets } from "../../runtime/posix/mod.ts";
import type { CipherSuiteName, TrafficKeys } from "../../runtime/tls/mod.ts";
import { within } from "./sockets.ts";

const AF_UNIX = 1, SOCK_SEQPACKET = 5, F_SETFD = 2, FD_CLOEXEC = 1, largest = 4096;

/** Two connected sockets, whose messages stay whole; the second one is for a child process. */
export function lifeline(): [number, number] {
  const { socketpair } = openLibc({
    socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  });
  const pair = new Int32Array(2);
  checked("socketpair", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, new Uint8Array(pair.buffer)));
  sockets().fcntl(pair[0]!, F_SETFD, FD_CLOEXEC);
  return [pair[0]!, pair[1]!];
}

/** Keys as text. */
export interface KeyText {
  readonly suite: string;
  readonly key: string;
  readonly salt: string;
  readonly iv: string;
  readonly sequence: string;
}

/** To text. */
export function toText({ suite, key, salt, iv, sequence }: TrafficKeys): KeyText {
  const [a, b, c, d] = [key, salt, iv, sequence].map((bytes) => bytes.toBase64()) as [
    string,
    string,
    string,
    string,
  ];
  return { suite, key: a, salt: b, iv: c, sequence: d };
}

/** And back. */
export function fromText({ suite, key, salt, iv, sequence }: KeyText): TrafficKeys {
  const [a, b, c, d] = [key, salt, iv, sequence].map((text) => Uint8Array.fromBase64(text)) as [
    Bytes,
    Bytes,
    Bytes,
    Bytes,
  ];
  return { suite: suite as CipherSuiteName, key: a, salt: b, iv: c, sequence: d };
}

/** A call: its name, and what it is about. */
export interface Call {
  readonly name: string;
  readonly fd?: number;
  readonly direction?: "send" | "receive";
  readonly keys?: readonly KeyText[];
  readonly message?: string;
}

function send(fd: number, value: unknown): void {
  const bytes = new TextEncoder().encode(JSON.stringify(value ?? null));
  checked("send", sockets().send(fd, bytes, bytes.length, Socket.noSignal));
}

/** Makes a call and waits for what it gives, without letting anything else happen. */
export function call(fd: number, call: Call): unknown {
  send(fd, call);
  const buffer = new Uint8Array(largest);
  const length = checked("recv", sockets().recv(fd, buffer, buffer.length, 0));
  if (length === 0) throw new Error("the kernel is gone");
  const { error, value } = JSON.parse(new TextDecoder().decode(buffer.subarray(0, length))) as {
    error?: number;
    value?: unknown;
  };
  if (error !== undefined) throw Object.assign(new Error("refused"), { errno: error });
  return value;
}

/** Answers calls until there are no more; `answer` may throw to leave the caller without one. */
export async function serve(fd: number, answer: (call: Call) => unknown): Promise<void> {
  const buffer = new Uint8Array(largest);
  for (;;) {
    await within("the agent does something", readable(fd));
    const length = sockets().recv(fd, buffer, buffer.length, Socket.dontWait);
    if (length === 0) return;
    if (length < 0) continue;
    const value = answer(JSON.parse(new TextDecoder().decode(buffer.subarray(0, length))) as Call);
    send(fd, { value });
  }
}
