/** OpenSSL's s_server and s_client as peers. @module */
import {
  type ClientOptions,
  createClient,
  createServer,
  type ExternalPsk,
  type ServerOptions,
} from "../../runtime/tls/mod.ts";
import { hex } from "../tls/helpers.ts";
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

/** OpenSSL's session file for a PSK of SHA-384: version 1, TLS 1.3, the suite, no session id, the key, time, timeout. */
function sessionFile(psk: ExternalPsk): string {
  const tlv = (tag: number, ...content: number[]) => [tag, content.length, ...content];
  const der = tlv(
    0x30,
    ...tlv(2, 1),
    ...tlv(2, 3, 4),
    ...tlv(4, 0x13, 2),
    ...tlv(4),
    ...tlv(4, ...psk.key),
    ...tlv(0xa1, ...tlv(2, 0x60, 0, 0, 0)),
    ...tlv(0xa2, ...tlv(2, 0x10, 0, 0, 0)),
  );
  const name = "SSL SESSION PARAMETERS";
  return `-----BEGIN ${name}-----\n${btoa(String.fromCharCode(...der))}\n-----END ${name}-----\n`;
}

/** What tells OpenSSL of a PSK. One of SHA-384 goes through a file, which is written to `path`. */
export function pskArguments(psk: ExternalPsk, path: string): readonly string[] {
  const identity = ["-psk_identity", psk.identity as string];
  if (psk.hash !== "sha384") return [...identity, "-psk", hex(psk.key)];
  Deno.writeTextFileSync(path, sessionFile(psk));
  return [...identity, "-psk_session", path];
}
