/** Sockets in the file system, as syslog, systemd and dead daemons have them. @module */
import { checked, sockets } from "../../runtime/posix/mod.ts";

const AF_UNIX = 1, SOCK_STREAM = 1, SOCK_DGRAM = 2, MSG_DONTWAIT = 0x40;

/** A socket at a path, which must be free; one that begins with `@` is a name of the abstract namespace. */
function bound(type: number, path: string): number {
  const calls = sockets();
  const name = new TextEncoder().encode(path);
  if (name[0] === 0x40) name[0] = 0;
  const address = Uint8Array.of(AF_UNIX, 0, ...name, ...name[0] === 0 ? [] : [0]);
  const fd = checked("socket", calls.socket(AF_UNIX, type, 0));
  checked("bind", calls.bind(fd, address, address.length));
  return fd;
}

/** Leaves a socket that nobody serves, as a process does that was killed. */
export function leaveSocket(path: string): void {
  sockets().close(bound(SOCK_STREAM, path));
}

/** Receives datagrams. */
export class DatagramReceiver implements Disposable {
  readonly #fd: number;

  /** Listens at a path. */
  constructor(path: string) {
    this.#fd = bound(SOCK_DGRAM, path);
  }

  /** What has come and was not read yet. */
  received(): string[] {
    const found: string[] = [];
    const bytes = new Uint8Array(65536);
    for (;;) {
      const length = sockets().recv(this.#fd, bytes, bytes.length, MSG_DONTWAIT);
      if (length < 0) return found;
      found.push(new TextDecoder().decode(bytes.subarray(0, length)));
    }
  }

  /** Ends listening; a path stays in the file system, as of a daemon that died. */
  [Symbol.dispose](): void {
    sockets().close(this.#fd);
  }
}
