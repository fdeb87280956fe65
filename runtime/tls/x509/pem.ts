/** The textual encoding of certificates, CRLs and keys, known as PEM (RFC 7468). @module */
import { Buffer } from "node:buffer";

/** Text that is no PEM, or has no block of the label that is looked for. */
export class PemError extends Error {
  /** Always `PemError`. */
  override readonly name = "PemError";
  /** Offset of the fault in the text, in UTF-16 units. */
  readonly offset: number;

  /** Creates an error at an offset. */
  constructor(problem: string, offset: number) {
    super(`${problem} (at offset ${offset})`);
    this.offset = offset;
  }
}

const boundary = /^-----(BEGIN|END) ([A-Z0-9]+(?:[ -][A-Z0-9]+)*)-----[ \t]*\r?$/gm;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Reads all blocks of a label from the text of a PEM file, as bytes. Text between blocks is a comment; blocks of other
 * labels are passed over.
 *
 * @param label Such as `CERTIFICATE`, `X509 CRL` or `PRIVATE KEY`.
 * @throws {PemError} If a block is not closed, is no base64, or no block has the label.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readPem } from "./mod.ts";
 *
 * const text = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n";
 * assert.deepEqual(readPem(text, "X509 CRL"), [Uint8Array.of(0x30, 0)]);
 * ```
 */
export function readPem(text: string, label: string): Uint8Array<ArrayBuffer>[] {
  const blocks: Uint8Array<ArrayBuffer>[] = [];
  let open: { label: string; at: number; body: number } | undefined;
  for (const match of text.matchAll(boundary)) {
    const [line, kind, name = ""] = match;
    if (open === undefined) {
      if (kind === "END") throw new PemError(`the end of a ${name} that did not begin`, match.index);
      open = { label: name, at: match.index, body: match.index + line.length };
      continue;
    }
    if (kind === "BEGIN" || name !== open.label) throw new PemError(`${open.label} without its end`, open.at);
    if (name === label) blocks.push(decodeBody(text.slice(open.body, match.index), open.body));
    open = undefined;
  }
  if (open !== undefined) throw new PemError(`${open.label} without its end`, open.at);
  if (blocks.length === 0) throw new PemError(`no ${label} in this text`, 0);
  return blocks;
}

function decodeBody(body: string, offset: number): Uint8Array<ArrayBuffer> {
  const fault = /[^A-Za-z0-9+/=\s]/.exec(body);
  if (fault !== null) throw new PemError("a character that is no base64", offset + fault.index);
  const digits = body.replaceAll(/\s+/g, "");
  if (digits.length === 0 || digits.length % 4 !== 0 || !base64.test(digits)) {
    throw new PemError("base64 that is cut or badly padded", offset);
  }
  const bytes = Buffer.from(digits, "base64");
  // Bits behind the last byte that are set would make two texts of the same bytes.
  if (bytes.toString("base64") !== digits) throw new PemError("base64 with bits left over", offset);
  return Uint8Array.from(bytes);
}
