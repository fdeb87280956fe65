/** A session as bytes: sealed, and bound to the connection that it belongs to. @module */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { importState, type Role, type SessionState } from "../tls/mod.ts";
import { secretBytes } from "../posix/mod.ts";
import { Errno, RequestError } from "./errno.ts";
import type { Serial } from "./keys.ts";

/** A record that was about to be sent. */
export interface PlannedRecord {
  /** Its number. */
  readonly sequence: bigint;
  /** How many bytes TCP had been given before it. */
  readonly written: bigint;
}

/** What the agent keeps of a connection. */
export interface SessionRecord {
  /** Cookie of its socket. */
  readonly cookie: bigint;
  /** Suite, role and traffic secrets. */
  readonly state: SessionState;
  /** What is reported as REMOTE_AUTH: the kernel wants it again after each KeyUpdate. */
  readonly remoteAuth: readonly Serial[];
  /** A KeyUpdate of ours is still due for one that the peer has sent. */
  owed: boolean;
  /** A KeyUpdate of ours that was about to be sent; until the new keys are set. */
  sending: PlannedRecord | undefined;
}

/**
 * The header, which is authenticated but not hidden: version, role, cookie of the socket, and how many KeyUpdates each
 * direction has had. Then the nonce, then what is sealed.
 */
const version = 2, headerLength = 18, nonceLength = 24, tagLength = 16;
/** What is sealed: flags, the planned record's two numbers, count of remoteAuth, those, and the state. */
const fixedLength = 18, countAt = 17, owedFlag = 1, sendingFlag = 2;
/** Most serials that a record holds. */
const mostRemoteAuth = 16;
/** Length of the key that records are sealed with. */
export const sealingKeyLength = 32;

function header(cookie: bigint, state: SessionState): Uint8Array {
  const bytes = new Uint8Array(headerLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, version);
  view.setUint8(1, state.role === "client" ? 1 : 2);
  view.setBigUint64(2, cookie);
  view.setUint32(10, state.generation("receive"));
  view.setUint32(14, state.generation("send"));
  return bytes;
}

/** Seals a record: XChaCha20-Poly1305, whose nonces are long enough to be random. */
export function sealRecord(record: SessionRecord, key: Uint8Array): Uint8Array {
  const { cookie, state, owed, sending } = record;
  const remoteAuth = record.remoteAuth.slice(0, mostRemoteAuth);
  const exported = state.export();
  const content = secretBytes(fixedLength + 4 * remoteAuth.length + exported.length);
  const view = new DataView(content.buffer);
  view.setUint8(0, (owed ? owedFlag : 0) | (sending === undefined ? 0 : sendingFlag));
  view.setBigUint64(1, sending?.sequence ?? 0n);
  view.setBigUint64(9, sending?.written ?? 0n);
  view.setUint8(countAt, remoteAuth.length);
  remoteAuth.forEach((serial, i) => view.setUint32(fixedLength + 4 * i, serial));
  content.set(exported, fixedLength + 4 * remoteAuth.length);
  exported.fill(0);
  const head = header(cookie, state);
  const nonce = crypto.getRandomValues(new Uint8Array(nonceLength));
  const sealed = xchacha20poly1305(key, nonce, head).encrypt(content);
  content.fill(0);
  const bytes = new Uint8Array(headerLength + nonceLength + sealed.length);
  bytes.set(head);
  bytes.set(nonce, headerLength);
  bytes.set(sealed, headerLength + nonceLength);
  return bytes;
}

function damaged(what: string): never {
  throw new RequestError(Errno.EBADMSG, `the stored session ${what}`);
}

/**
 * Opens a record for a socket and a role. Throws a {@linkcode RequestError}: EBADMSG for one that was cut or altered,
 * EOPNOTSUPP for one of another version of this format, EKEYREJECTED for one of another socket or role.
 */
export function openRecord(bytes: Uint8Array, key: Uint8Array, cookie: bigint, role: Role): SessionRecord {
  if (bytes.length < 1) damaged("is empty");
  if (bytes[0] !== version) {
    throw new RequestError(Errno.EOPNOTSUPP, `the stored session has format ${bytes[0]}, not ${version}`, {
      hint: "another version of the agent made it: connect again",
    });
  }
  if (bytes.length < headerLength + nonceLength + fixedLength + tagLength) damaged("is cut short");
  const head = bytes.subarray(0, headerLength);
  const nonce = bytes.subarray(headerLength, headerLength + nonceLength);
  let content: Uint8Array;
  try {
    content = xchacha20poly1305(key, nonce, head).decrypt(bytes.subarray(headerLength + nonceLength));
  } catch {
    damaged("does not open: it was altered, or sealed with another key");
  }
  try {
    const record = readContent(content, cookie);
    const wanted = header(cookie, record.state);
    const mine = record.state.role === role && wanted.every((byte, i) => byte === head[i]);
    if (mine) return record;
    record.state.destroy();
  } finally {
    content.fill(0);
  }
  throw new RequestError(Errno.EKEYREJECTED, "the stored session belongs to another connection or role");
}

function readContent(content: Uint8Array, cookie: bigint): SessionRecord {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const flags = view.getUint8(0);
  const count = view.getUint8(countAt);
  const end = fixedLength + 4 * count;
  if (end > content.length) damaged("has an impossible length");
  const remoteAuth = Array.from({ length: count }, (_, i) => view.getUint32(fixedLength + 4 * i));
  let state: SessionState;
  try {
    state = importState(content.subarray(end));
  } catch {
    throw new RequestError(Errno.EOPNOTSUPP, "the stored session has a TLS state of another version");
  }
  return {
    cookie,
    state,
    remoteAuth,
    owed: (flags & owedFlag) !== 0,
    sending: (flags & sendingFlag) === 0
      ? undefined
      : { sequence: view.getBigUint64(1), written: view.getBigUint64(9) },
  };
}
