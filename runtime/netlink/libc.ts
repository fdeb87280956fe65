/**
 * What netlink sockets need of the C library. All calls are synchronous, but for `send` of requests that sleep in the
 * kernel.
 *
 * @module
 */
import { type Bytes, openLibc, type Sockets, sockets } from "../posix/mod.ts";

export { checked, Socket } from "../posix/mod.ts";

const symbols = {
  sendOffloaded: {
    name: "send",
    parameters: ["i32", "buffer", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // Declared with the two arguments that every call here gives; both ABIs pass them as if it took no others.
  open: { parameters: ["buffer", "i32"], result: "i32" },
  setns: { parameters: ["i32", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of the C library that netlink needs, under their C names, and `errno`. */
export interface Libc extends Sockets {
  /** send(2) on another thread: `errno` says nothing about it, and `bytes` must live until it is done. */
  sendOffloaded(fd: number, bytes: Bytes, length: number, flags: number): Promise<number>;
  /** open(2) of a path that ends in NUL: a descriptor, or -1. */
  open(path: Bytes, flags: number): number;
  /** setns(2), of the calling thread: 0, or -1. */
  setns(fd: number, type: number): number;
}

let opened: Libc | undefined;

/**
 * The C library. Throws `UnsupportedError` where there is none to be had: off Linux, outside of Deno, on a big-endian
 * machine, without `--allow-ffi`.
 */
export function libc(): Libc {
  return opened ??= open();
}

function open(): Libc {
  const { sendOffloaded, ...others } = openLibc(symbols);
  return {
    ...sockets(),
    ...others,
    sendOffloaded: (fd, bytes, length, flags) => sendOffloaded(fd, bytes, BigInt(length), flags),
  };
}
