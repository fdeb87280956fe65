/** Lines of an SSLKEYLOGFILE (draft-ietf-tls-keylogfile), for those who asked for them. @module */
import { hex } from "./bytes.ts";

/** Secrets that a log names. */
export type KeyLogLabel =
  | "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
  | "SERVER_HANDSHAKE_TRAFFIC_SECRET"
  | "CLIENT_TRAFFIC_SECRET_0"
  | "SERVER_TRAFFIC_SECRET_0";

/** Gives `keyLog`, if there is one, a line without its line feed. */
export function logSecret(
  keyLog: ((line: string) => void) | undefined,
  label: KeyLogLabel,
  clientRandom: Uint8Array,
  secret: Uint8Array,
): void {
  keyLog?.(`${label} ${hex(clientRandom)} ${hex(secret)}`);
}
