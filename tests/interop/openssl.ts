/** OpenSSL's s_server and s_client as peers. @module */
import { type ClientOptions, createClient, createServer, type ServerOptions } from "../../runtime/tls/mod.ts";
import type { Body } from "./exchange.ts";
import { Endpoint, listen, Peer, portOf } from "./peer.ts";

/** tynl's client and `openssl s_server`. */
export async function withServer(args: readonly string[], options: ClientOptions, body: Body): Promise<void> {
  await using peer = new Peer("openssl", ["s_server", "-accept", "127.0.0.1:0", "-tls1_3", ...args]);
  const [, port] = await peer.prints(/ACCEPT 127\.0\.0\.1:(\d+)/);
  using endpoint = await Endpoint.connect(Number(port), createClient(options));
  await body(endpoint, peer);
}

/** tynl's server and `openssl s_client`. */
export async function withClient(args: readonly string[], options: ServerOptions, body: Body): Promise<void> {
  using listener = listen();
  await using peer = new Peer("openssl", [
    "s_client",
    "-connect",
    `127.0.0.1:${portOf(listener)}`,
    "-tls1_3",
    ...args,
  ]);
  using endpoint = new Endpoint(await listener.accept(), createServer(options));
  await body(endpoint, peer);
}
