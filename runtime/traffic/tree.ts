/** Attributes of messages that no spec describes, as far as their own headers tell. @module */
import { formatHex, type SpecJson, type SpecObject } from "../wire/mod.ts";

const NESTED = 0x8000;
/** Far beyond what the kernel sends, far below what overflows the stack. */
const MAX_DEPTH = 16;

/**
 * Attributes of `bytes[start, end)` by id, as `UnknownAttr(id)`: hex, or an object where they are marked as nested.
 * `undefined` if these bytes are no attributes.
 */
export function attributeTree(
  bytes: Uint8Array,
  start: number,
  end: number,
  depth = 0,
): SpecObject | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tree: SpecObject = {};
  let at = start;
  while (end - at >= 4) {
    const length = view.getUint16(at, true);
    const type = view.getUint16(at + 2, true);
    if (length < 4 || length > end - at) return undefined;
    const inside = type & NESTED && depth < MAX_DEPTH
      ? attributeTree(bytes, at + 4, at + length, depth + 1)
      : undefined;
    const name = `UnknownAttr(${type & 0x3fff})`;
    const value = inside ?? formatHex(bytes, at + 4, at + length);
    const before = tree[name];
    if (before === undefined) tree[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else tree[name] = [before, value];
    at += length + 3 & ~3;
  }
  return at < end ? undefined : tree;
}

/** Whether objects and arrays are inside each other more than `levels` deep. */
export function isDeep(json: SpecJson, levels: number): boolean {
  if (typeof json !== "object" || json === null) return false;
  return levels === 0 || Object.values(json).some((one) => isDeep(one, levels - 1));
}
