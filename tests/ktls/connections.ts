/**
 * Connections for the tests of `KtlsSocket`. Where the kernel has TLS it protects their records, otherwise this process
 * does: the same tests run on any machine, and on a kernel with TLS show that it agrees.
 */
import {
  acceptKtls,
  connectKtls,
  installNextKeys,
  type KtlsOptions,
  type KtlsSocket,
  type KtlsSupport,
  loopbackPair,
  probeKtls,
  type RecordsBy,
  UserRecordSocket,
} from "../../runtime/ktls/mod.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import {
  type ClientOptions,
  createServer,
  type ExternalPsk,
  importState,
  type ServerOptions,
  type SessionState,
} from "../../runtime/tls/mod.ts";
import { openedBy } from "../posix/opened.ts";

/** What the kernel can do. */
export const support: KtlsSupport = probeKtls();

/** Who protects the records of the sockets under test; a kernel that cannot change keys (before 6.14) does not. */
export const records: RecordsBy = support.rekey ? "kernel" : "user";

/** A key for suites of SHA-256. */
export const psk256: ExternalPsk = { identity: "short", key: new Uint8Array(32).fill(7) };
/** A key for suites of SHA-384. */
export const psk384: ExternalPsk = { identity: "long", key: new Uint8Array(48).fill(9), hash: "sha384" };

/** A client that has both. */
export const clientTls: ClientOptions = { psks: [psk256, psk384] };
/** A server that has both. */
export const serverTls: ServerOptions = {
  findPsk: (identity) => [psk256, psk384].find((psk) => psk.identity === text(identity)),
};

/** Text as bytes. */
export function bytes(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

/** Bytes as text. */
export function text(data: Uint8Array | undefined): string | undefined {
  return data && new TextDecoder().decode(data);
}

/** Bytes that tell where they are. */
export function pattern(length: number): Uint8Array {
  return new Uint8Array(length).map((_, i) => i * 31 >> 3);
}

/** Sockets of this thread. */
const opened = openedBy(sockets());

/** How many sockets there are. */
export function openSockets(): number {
  return opened.size;
}

/** Whether a socket has not been closed yet. */
export function isOpen(fd: number): boolean {
  return opened.has(fd);
}

/** Reads until so many bytes are here. */
export async function receiveAll(socket: KtlsSocket, length: number): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const data = await socket.receive();
    if (data === undefined) throw new Error(`the peer closed after ${at} bytes`);
    all.set(data, at);
    at += data.length;
  }
  return all;
}

/** A clock by which four KeyUpdates a second are never too many. */
export function fastClock(): () => number {
  let now = 0;
  return () => now += 1000;
}

/** Differences from a plain connection. */
export interface PairOptions {
  /** The client's. */
  readonly client?: Partial<ClientOptions>;
  /** The server's. */
  readonly server?: Partial<ServerOptions>;
  /** Both sides'. */
  readonly ktls?: KtlsOptions;
  /** Buffers of the sockets that are soon full. */
  readonly smallBuffers?: boolean;
}

/** A client and a server of ours, closed at the end. */
export async function withPair(
  options: PairOptions,
  test: (client: KtlsSocket, server: KtlsSocket) => Promise<void>,
): Promise<void> {
  const pair = loopbackPair();
  if (options.smallBuffers) pair.forEach(shrinkBuffers);
  const ktls = { records, ...options.ktls };
  const [client, server] = await Promise.all([
    connectKtls(pair[0], { ...clientTls, ...options.client }, ktls),
    acceptKtls(pair[1], { ...serverTls, ...options.server }, ktls),
  ]);
  try {
    await test(client, server);
  } finally {
    client.destroy();
    server.destroy();
  }
}

/** Makes a connection stop its sender after some hundred kilobytes (SO_SNDBUF and SO_RCVBUF of SOL_SOCKET). */
export function shrinkBuffers(fd: number): void {
  for (const option of [7, 8]) sockets().setsockopt(fd, 1, option, Int32Array.of(1 << 16), 4);
}

/** A server that may send whatever it likes once the handshake is over. */
export class Rogue {
  /** Its descriptor, for bytes that are no records. */
  readonly fd: number;
  /** Its records. */
  readonly records: UserRecordSocket;
  /** Its keys. */
  readonly state: SessionState;

  private constructor(fd: number, state: SessionState) {
    this.fd = fd;
    this.records = new UserRecordSocket(fd);
    this.state = state;
    this.records.setTx(state.trafficKeys("send"));
    this.records.setRx(state.trafficKeys("receive"));
  }

  /** Makes the handshake by the engine. */
  static async accept(fd: number): Promise<Rogue> {
    const tls = createServer(serverTls);
    while (tls.state === "handshaking") {
      const buffer = new Uint8Array(tls.bytesWanted);
      const length = sockets().recv(fd, buffer, buffer.length, 0x40);
      if (length > 0) tls.receive(buffer.subarray(0, length));
      else await new Promise((resolve) => setTimeout(resolve, 1));
      rawSend(fd, tls.takeOutgoing());
    }
    return new Rogue(fd, importState(tls.exportState()));
  }

  /** Goes on with the next key to send with. */
  stepSend(): void {
    installNextKeys(this.state, "send", (keys) => this.records.setTx(keys));
  }

  /** Goes on with the next key to receive with. */
  stepReceive(): void {
    installNextKeys(this.state, "receive", (keys) => this.records.setRx(keys));
  }

  /** Sends a KeyUpdate and goes on with the next key. */
  async updateKeys(request: 0 | 1): Promise<void> {
    await this.records.send(22, Uint8Array.of(24, 0, 0, 1, request));
    this.stepSend();
  }

  /** Sends data. */
  async says(words: string): Promise<void> {
    await this.records.send(23, bytes(words));
  }
}

/** Bytes as they are, into a socket that has room for them. */
export function rawSend(fd: number, data: Uint8Array): void {
  if (data.length > 0) sockets().send(fd, data as Uint8Array<ArrayBuffer>, data.length, 0x4000);
}

/** A client of ours and a server that may misbehave. */
export async function withRogue(
  test: (client: KtlsSocket, rogue: Rogue) => Promise<void>,
  tls: Partial<ClientOptions> = {},
): Promise<void> {
  const [ours, theirs] = loopbackPair();
  const [client, rogue] = await Promise.all([
    connectKtls(ours, { ...clientTls, ...tls }, { records }),
    Rogue.accept(theirs),
  ]);
  try {
    await test(client, rogue);
  } finally {
    client.destroy();
    rogue.records.close();
    rogue.state.destroy();
  }
}
