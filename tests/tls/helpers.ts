/** What the tests of the TLS engine share. */
import type { TlsConnection, TlsEvent } from "../../runtime/tls/connection.ts";

/** Bytes of hex. */
export function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/** Hex of bytes. */
export function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hands bytes to and fro until both sides are silent. */
export function exchange(client: TlsConnection, server: TlsConnection): void {
  for (;;) {
    const fromClient = client.takeOutgoing();
    if (fromClient.length > 0) server.receive(fromClient);
    const fromServer = server.takeOutgoing();
    if (fromServer.length > 0) client.receive(fromServer);
    if (fromClient.length === 0 && fromServer.length === 0) return;
  }
}

/** The data among events, as one. */
export function dataOf(events: readonly TlsEvent[]): Uint8Array {
  return Uint8Array.from(events.flatMap((event) => event.type === "data" ? [...event.data] : []));
}
