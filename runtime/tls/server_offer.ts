/** What a server reads in a ClientHello, and what must be right about it whatever it chooses. @module */
import { refuse } from "./alerts.ts";
import { equal } from "./bytes.ts";
import {
  type Extension,
  extension,
  ExtensionType,
  type KeyShareEntry,
  type PskOffer,
  readAlpn,
  readKeyShares,
  readPskOffer,
  readRecordSizeLimit,
  readServerName,
} from "./extensions.ts";
import { type ClientHello, tls13 } from "./messages.ts";

/** A ClientHello, understood. */
export interface Offer {
  /** The message. */
  readonly hello: ClientHello;
  /** Groups of the client, best first; empty if it did not say. */
  readonly groups: readonly number[];
  /** Its key shares. */
  readonly shares: readonly KeyShareEntry[];
  /** Signature schemes that it verifies; empty if it did not say. */
  readonly schemes: readonly number[];
  /** Its PSKs, if they may be used with a key exchange. */
  readonly psk: PskOffer | undefined;
  /** Its protocols. */
  readonly alpn: readonly string[] | undefined;
  /** The server that it wants. */
  readonly serverName: string | undefined;
  /** Its record_size_limit. */
  readonly recordSizeLimit: number | undefined;
  /** The cookie that it repeats. */
  readonly cookie: Uint8Array | undefined;
  /** Whether it sends early data. */
  readonly earlyData: boolean;
}

function readPsk(list: readonly Extension[]): PskOffer | undefined {
  const offer = extension(list, ExtensionType.preSharedKey, readPskOffer);
  const modes = extension(list, ExtensionType.pskKeyExchangeModes, (from) => from.vector(1, 1));
  if (offer === undefined) return undefined;
  if (list.at(-1)?.type !== ExtensionType.preSharedKey) {
    refuse("illegalParameter", "pre_shared_key is not the last extension");
  }
  if (modes === undefined) refuse("missingExtension", "pre_shared_key without psk_key_exchange_modes");
  // psk_dhe_ke (1) or nothing: a client that offers only psk_ke has offered no PSK as far as we are concerned.
  return modes.includes(1) ? offer : undefined;
}

/** Reads a ClientHello's extensions and checks what RFC 8446 demands of them (sections 4.2.8, 4.2.9 and 9.2). */
export function readOffer(hello: ClientHello): Offer {
  const list = hello.extensions;
  const versions = extension(list, ExtensionType.supportedVersions, (from) => from.u16List(1));
  if (!versions?.includes(tls13)) refuse("protocolVersion", "the client does not speak TLS 1.3");
  const groups = extension(list, ExtensionType.supportedGroups, (from) => from.u16List(2));
  const shares = extension(list, ExtensionType.keyShare, readKeyShares);
  const schemes = extension(list, ExtensionType.signatureAlgorithms, (from) => from.u16List(2));
  const psk = readPsk(list);
  if ((groups === undefined) !== (shares === undefined)) {
    refuse("missingExtension", "supported_groups and key_share need each other");
  }
  if (psk === undefined && (groups === undefined || schemes === undefined)) {
    refuse("missingExtension", "a ClientHello without a PSK needs signature_algorithms and supported_groups");
  }
  if (shares?.some(({ group }) => !groups?.includes(group))) {
    refuse("illegalParameter", "a key share of a group that is not in supported_groups");
  }
  return {
    hello,
    groups: groups ?? [],
    shares: shares ?? [],
    schemes: schemes ?? [],
    psk,
    alpn: extension(list, ExtensionType.alpn, readAlpn),
    serverName: extension(list, ExtensionType.serverName, readServerName),
    recordSizeLimit: extension(list, ExtensionType.recordSizeLimit, readRecordSizeLimit),
    cookie: extension(list, ExtensionType.cookie, (from) => from.vector(2, 1)),
    earlyData: extension(list, ExtensionType.earlyData, () => true) ?? false,
  };
}

/** Extensions that a HelloRetryRequest lets a client change (RFC 8446 section 4.1.2); 21 is padding. */
const changeable: readonly number[] = [
  ExtensionType.keyShare,
  ExtensionType.earlyData,
  ExtensionType.cookie,
  ExtensionType.preSharedKey,
  21,
];

/** Checks that a second ClientHello differs from the first only where it may. */
export function checkSecondHello(first: ClientHello, second: ClientHello): void {
  const fixed = ({ extensions }: ClientHello) => extensions.filter(({ type }) => !changeable.includes(type));
  const [before, after] = [fixed(first), fixed(second)];
  const same = equal(first.random, second.random) && equal(first.sessionId, second.sessionId) &&
    first.suites.join() === second.suites.join() && before.length === after.length &&
    before.every(({ type, data }, i) => type === after[i]!.type && equal(data, after[i]!.data));
  if (!same) refuse("illegalParameter", "the second ClientHello differs from the first where it must not");
}
