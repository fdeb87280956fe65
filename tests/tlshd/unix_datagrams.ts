/** A datagram socket in the file system, as syslog and systemd have one. @module */
import { checked, sockets } from "../../runtime/posix/mod.ts";

const AF_UNIX = 1, SOCK_DGRAM = 2, MSG_DONTWAIT = 0x40;

/** Receives datagrams. */
export class DatagramReceiver implements Disposable {
  readonly #fd: number;

  /** Listens at a path, which must be free; one that begins with `@` is a name of the abstract namespace. */
  constructor(path: string) {
    const calls = sockets();
    const name = new TextEncoder().encode(path);
    if (name[0] === 0x40) name[0] = 0;
    const address = Uint8Array.of(AF_UNIX, 0, ...name, ...name[0] === 0 ? [] : [0]);
    this.#fd = checked("socket", calls.socket(AF_UNIX, SOCK_DGRAM, 0));
    checked("bind", calls.bind(this.#fd, address, address.length));
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
