/** A writer of DER that lets anything be wrong: for the tests, which need bytes that no library would write. */

/** An element. */
export function tlv(tag: number, ...contents: Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const digits = length.toString(16);
  const bytes = length < 0x80 ? [length] : Array.from(
    digits.padStart(digits.length + digits.length % 2, "0").match(/../g)!,
    (pair) => parseInt(pair, 16),
  );
  const header = length < 0x80 ? [tag, ...bytes] : [tag, 0x80 | bytes.length, ...bytes];
  return Uint8Array.from([header, ...contents.map((part) => [...part])].flat());
}

/** A SEQUENCE. */
export function sequence(...contents: Uint8Array[]): Uint8Array {
  return tlv(0x30, ...contents);
}

/** An OBJECT IDENTIFIER. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const arc = (value: number): number[] => {
    const bytes = [value & 0x7f];
    for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift(0x80 | left & 0x7f);
    return bytes;
  };
  return tlv(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(arc)));
}

/** An element whose content is ASCII text. */
export function ascii(tag: number, text: string): Uint8Array {
  return tlv(tag, new TextEncoder().encode(text));
}

/** The bytes of hex digits. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.replaceAll(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
