/** Text for logs, whatever a peer sent. @module */

/** Most characters of a peer's text that are told. */
const longest = 300;

/** Bytes or text of a peer as one line: control characters and invalid UTF-8 are replaced, the rest is cut. */
export function printable(from: string | Uint8Array): string {
  const text = typeof from === "string" ? from : new TextDecoder().decode(from);
  // deno-lint-ignore no-control-regex
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
