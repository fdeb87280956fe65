/**
 * What a TLS 1.3 handshake costs each side, and handshakes a second over loopback against Deno's own node:tls.
 *
 * @module
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import process from "node:process";
import * as nodeTls from "node:tls";
import {
  type ClientOptions,
  createClient,
  createServer,
  type ExternalPsk,
  type ServerOptions,
  type TlsConnection,
} from "../runtime/tls/mod.ts";
import { Authority } from "../tests/interop/certificates.ts";
import { CannotMeasure, judge, median, ratios, summary, table } from "./measure.ts";

/** Handshakes of each round. */
const TIMES = 200;
/** Most milliseconds of processor time that one side may take. */
const PSK_TARGET = 1;
const MUTUAL_TARGET = 3;

const suite = "TLS_AES_128_GCM_SHA256";
const serverName = "peer.test";

/** Milliseconds of processor time of each side of one handshake. */
interface Cost {
  readonly client: number;
  readonly server: number;
}

/** One side's time by the clock, to tell what of the processor time was whose. */
class Side {
  /** Milliseconds so far. */
  spent = 0;

  /** Does something on this side's account. */
  on<T>(work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.spent += performance.now() - start;
    }
  }
}

function isOpen(...connections: readonly TlsConnection[]): boolean {
  return connections.every(({ state }) => state === "open");
}

function handshake(
  clientOptions: ClientOptions,
  serverOptions: ServerOptions,
  client: Side,
  server: Side,
): void {
  const one = client.on(() => createClient(clientOptions));
  const other = server.on(() => createServer(serverOptions));
  while (!isOpen(one, other)) {
    const there = client.on(() => one.takeOutgoing());
    const back = server.on(() => (other.receive(there), other.takeOutgoing()));
    client.on(() => one.receive(back));
  }
}

function cost(client: ClientOptions, server: ServerOptions): Cost {
  const [one, other] = [new Side(), new Side()];
  const before = process.cpuUsage();
  for (let i = 0; i < TIMES; i++) handshake(client, server, one, other);
  const { user, system } = process.cpuUsage(before);
  const each = (user + system) / 1000 / TIMES / (one.spent + other.spent);
  return { client: each * one.spent, server: each * other.spent };
}

/** Reads and writes until the handshake is complete. */
async function drive(socket: Deno.TcpConn, connection: TlsConnection): Promise<void> {
  for (;;) {
    const bytes = connection.takeOutgoing();
    for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
    if (connection.state === "open") return;
    const buffer = new Uint8Array(connection.bytesWanted);
    const length = await socket.read(buffer);
    if (length === null) throw new CannotMeasure("a connection ended");
    connection.receive(buffer.subarray(0, length));
  }
}

/** Handshakes a second over loopback, one after the other, both sides in this process. */
async function ours(client: ClientOptions, server: ServerOptions): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const start = performance.now();
  for (let i = 0; i < TIMES; i++) {
    const accepted = listener.accept();
    using socket = await Deno.connect({ hostname: "127.0.0.1", port });
    using peer = await accepted;
    await Promise.all([drive(socket, createClient(client)), drive(peer, createServer(server))]);
  }
  return 1000 * TIMES / (performance.now() - start);
}

/** The same with node:tls. */
async function theirs(files: { certificate: string; key: string; ca: string }): Promise<number> {
  const [cert, key, ca] = [files.certificate, files.key, files.ca].map((path) => Deno.readTextFileSync(path));
  const both = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3", ciphers: suite } as const;
  const server = nodeTls.createServer({ ...both, cert: cert!, key: key! });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const start = performance.now();
  for (let i = 0; i < TIMES; i++) {
    const accepted = once(server, "secureConnection") as Promise<[nodeTls.TLSSocket]>;
    const socket = nodeTls.connect({ ...both, port, host: "127.0.0.1", servername: serverName, ca: ca! });
    await once(socket, "secureConnect");
    const [peer] = await accepted;
    socket.destroy();
    peer.destroy();
  }
  const rate = 1000 * TIMES / (performance.now() - start);
  server.close();
  await once(server, "close");
  return rate;
}

/** Measures; false if a target was missed. */
export async function benchTls(rounds: number): Promise<boolean> {
  let authority: Authority;
  try {
    authority = new Authority();
  } catch (error) {
    throw new CannotMeasure(error instanceof Error ? error.message : "openssl is not installed");
  }
  using files = authority;
  const psk: ExternalPsk = { identity: "bench", key: new Uint8Array(32).fill(1) };
  const certificates = [files.certificate("p256")];
  const verifyPeer = files.verifyPeer();
  const modes: readonly (readonly [string, ClientOptions, ServerOptions])[] = [
    ["PSK, X25519", { psks: [psk], suites: [suite] }, { findPsk: () => psk }],
    ["server's P-256 certificate, X25519", { verifyPeer, serverName, suites: [suite] }, { certificates }],
    ["P-256 certificates of both, X25519", { verifyPeer, serverName, suites: [suite], certificates }, {
      certificates,
      verifyPeer,
      clientCertificate: "require",
    }],
  ];
  const costs = modes.map((): Cost[] => []);
  const rates: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  const nodeFiles = { ...files.leaf("p256"), ca: files.file("ca.pem") };
  const [, clientOptions, serverOptions] = modes[1]!;
  // The first round is for the just-in-time compiler.
  for (let round = 0; round <= rounds; round++) {
    const measured = modes.map(([, client, server]) => cost(client, server));
    const pair = { ours: await ours(clientOptions, serverOptions), theirs: await theirs(nodeFiles) };
    if (round === 0) continue;
    measured.forEach((each, i) => costs[i]!.push(each));
    rates.ours.push(pair.ours);
    rates.theirs.push(pair.theirs);
  }
  const rows = modes.map(([name], i) => [
    name,
    summary(costs[i]!.map(({ client }) => client), 2),
    summary(costs[i]!.map(({ server }) => server), 2),
  ]);
  console.log(`A handshake with ${suite}: milliseconds of processor time\n`);
  console.log(table(["", "client: median (range)", "server: median (range)"], rows));
  console.log("\nHandshakes a second over loopback, with the server's P-256 certificate\n");
  console.log(table(["", "median (range)"], [
    ["tynl", summary(rates.ours, 0)],
    ["node:tls", summary(rates.theirs, 0)],
  ]));
  console.log(`\ntynl to node:tls: ${median(ratios(rates.ours, rates.theirs)).toFixed(2)}\n`);
  const dearest = (i: number) => median(costs[i]!.map(({ client, server }) => Math.max(client, server)));
  return [
    judge("PSK, the dearer side in milliseconds", dearest(0), PSK_TARGET),
    judge("certificates of both, the dearer side in milliseconds", dearest(2), MUTUAL_TARGET),
  ].every((met) => met);
}
