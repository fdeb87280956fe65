/** Descriptors of this process, as a fake kernel sees them. @module */
import { checked, sockets } from "../posix/mod.ts";

/** fcntl.h, asm-generic/socket.h, netinet/tcp.h; x86-64 and aarch64 agree. */
const F_GETFD = 1, F_GETFL = 3, F_DUPFD_CLOEXEC = 1030, FD_CLOEXEC = 1;
const SOL_SOCKET = 1, SO_COOKIE = 57, IPPROTO_TCP = 6, TCP_NODELAY = 1;

/** What an agent must leave as it found it, and what it must see to. */
export interface DescriptorState {
  /** F_GETFL: flags of the open file description, which belongs to the consumer. */
  readonly flags: number;
  /** Whether child processes do not get the descriptor. */
  readonly closeOnExec: boolean;
  /** TCP_NODELAY; undefined if the socket has no such option. */
  readonly noDelay: boolean | undefined;
}

/** Another descriptor of the same open file, as ACCEPT installs one. Throws `SystemError`: EBADF, EMFILE. */
export function duplicate(fd: number): number {
  return checked("fcntl", sockets().fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

/** Looks at a descriptor. Throws `SystemError`: EBADF. */
export function descriptorState(fd: number): DescriptorState {
  const calls = sockets();
  const value = new Int32Array(1);
  const hasOption = calls.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value, Uint32Array.of(4)) === 0;
  return {
    flags: checked("fcntl", calls.fcntl(fd, F_GETFL, 0)),
    closeOnExec: (checked("fcntl", calls.fcntl(fd, F_GETFD, 0)) & FD_CLOEXEC) !== 0,
    noDelay: hasOption ? value[0] !== 0 : undefined,
  };
}

/** What tells a socket from all others, whichever descriptor it is seen through. Throws `SystemError`: EBADF, ENOTSOCK. */
export function socketCookie(fd: number): bigint {
  const value = new Uint8Array(8);
  checked("getsockopt", sockets().getsockopt(fd, SOL_SOCKET, SO_COOKIE, value, Uint32Array.of(8)));
  return new DataView(value.buffer).getBigUint64(0, true);
}
