/** The lines of a text file. @module */

const utf8 = new TextDecoder();

/** Lines of UTF-8 text with their number from 1. The file is not turned into text as a whole. */
export function* linesOf(bytes: Uint8Array): Generator<[number: number, line: string]> {
  let number = 1;
  for (let at = 0; at < bytes.length; number++) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline < 0 ? bytes.length : newline;
    yield [number, utf8.decode(bytes.subarray(at, end)).replace(/\r$/, "")];
    at = end + 1;
  }
}
