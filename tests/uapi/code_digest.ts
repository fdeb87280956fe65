/**
 * What of a C header the compiler sees, in one form, and its digest: headers written from specs without
 * documentation are compared so.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";

/**
 * A header without its comments: every comment between slash-star and star-slash removed, then spaces and tabs
 * at line ends, then empty lines; each line that is left ends with a newline. The include guard goes by the
 * name that installed headers give it.
 */
export function codeOf(header: string): string {
  const lines = header
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^(#ifndef|#define)\s+_UAPI/gm, "$1 ")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
  return lines.map((line) => `${line}\n`).join("");
}

/** SHA-256 of the code of a header, in hex. */
export function codeDigest(header: string): string {
  return [...sha256(new TextEncoder().encode(codeOf(header)))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
