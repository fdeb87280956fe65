/** The socket calls of the C library, synchronous. @module */
import { type Bytes, errno, openLibc } from "./libc.ts";

// Lengths come back as `ssize_t`. Declared as i32 they spare a BigInt for each call; both ABIs return integers in a
// register whose low half is the value, and no length here comes near 2 GiB.
const symbols = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  // Declared with the three arguments that every call here gives; both ABIs pass them as if it took no others.
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The socket calls under their C names. Each gives -1 if it failed; `errno` says why. */
export interface Sockets {
  /** socket(2): a descriptor, or -1. */
  socket(domain: number, type: number, protocol: number): number;
  /** bind(2): 0, or -1. */
  bind(fd: number, address: Bytes, length: number): number;
  /** listen(2): 0, or -1. */
  listen(fd: number, backlog: number): number;
  /** accept4(2): a descriptor, or -1. */
  accept4(fd: number, address: Bytes | null, length: Uint32Array<ArrayBuffer> | null, flags: number): number;
  /** connect(2): 0, or -1. */
  connect(fd: number, address: Bytes, length: number): number;
  /** getsockname(2): 0, or -1. */
  getsockname(fd: number, address: Bytes, length: Uint32Array<ArrayBuffer>): number;
  /** getpeername(2): 0, or -1. */
  getpeername(fd: number, address: Bytes, length: Uint32Array<ArrayBuffer>): number;
  /** setsockopt(2): 0, or -1. */
  setsockopt(
    fd: number,
    level: number,
    option: number,
    value: Bytes | Int32Array<ArrayBuffer>,
    length: number,
  ): number;
  /** getsockopt(2): 0, or -1. */
  getsockopt(
    fd: number,
    level: number,
    option: number,
    value: Bytes | Int32Array<ArrayBuffer>,
    length: Uint32Array<ArrayBuffer>,
  ): number;
  /** send(2): the number of bytes, or -1. */
  send(fd: number, bytes: Bytes, length: number, flags: number): number;
  /** recv(2): the number of bytes, or -1. */
  recv(fd: number, bytes: Bytes, length: number, flags: number): number;
  /** sendmsg(2) with a `struct msghdr`: the number of bytes, or -1. */
  sendmsg(fd: number, header: Bytes, flags: number): number;
  /** recvmsg(2) with a `struct msghdr`: the number of bytes, or -1. */
  recvmsg(fd: number, header: Bytes, flags: number): number;
  /** shutdown(2): 0, or -1. */
  shutdown(fd: number, how: number): number;
  /** fcntl(2) with a number: what it gives, or -1. */
  fcntl(fd: number, command: number, argument: number): number;
  /** ioctl(2) that writes an int: 0, or -1. */
  ioctl(fd: number, request: number, value: Int32Array<ArrayBuffer>): number;
  /** close(2): 0, or -1. */
  close(fd: number): number;
  /** Error number of the last of these calls, which must have failed. */
  errno(): number;
}

/** Flags and constants of the socket calls (asm-generic/socket.h, linux/socket.h); x86-64 and aarch64 agree. */
export const Socket = {
  /** AF_INET. */
  inet: 2,
  /** AF_INET6. */
  inet6: 10,
  /** AF_NETLINK. */
  netlink: 16,
  /** SOCK_STREAM. */
  stream: 1,
  /** SOCK_RAW. */
  raw: 3,
  /** SOCK_NONBLOCK. */
  nonBlocking: 0o4000,
  /** SOCK_CLOEXEC. */
  closeOnExec: 0o2000000,
  /** MSG_TRUNC. */
  truncate: 0x20,
  /** MSG_DONTWAIT. */
  dontWait: 0x40,
  /** MSG_NOSIGNAL. */
  noSignal: 0x4000,
} as const;

let opened: Sockets | undefined;

/** The socket calls. Throws `UnsupportedError` where there is no C library to be had. */
export function sockets(): Sockets {
  return opened ??= open();
}

function open(): Sockets {
  const { send, recv, ioctl, ...others } = openLibc(symbols);
  return {
    ...others,
    send: (fd, bytes, length, flags) => send(fd, bytes, BigInt(length), flags),
    recv: (fd, bytes, length, flags) => recv(fd, bytes, BigInt(length), flags),
    ioctl: (fd, request, value) => ioctl(fd, BigInt(request), value),
    errno,
  };
}
