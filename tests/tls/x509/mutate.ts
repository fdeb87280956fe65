/** Damage to DER, the same in every run of a seed. */

import { tlv } from "./der.ts";

/** A generator of numbers below a limit (xorshift32, Marsaglia 2003). */
export function numbers(seed: number): (limit: number) => number {
  let state = seed | 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Bytes that mean something in DER: lengths and tags at the edges. */
const telling = [
  0x00,
  0x01,
  0x02,
  0x04,
  0x05,
  0x06,
  0x1f,
  0x30,
  0x31,
  0x7f,
  0x80,
  0x81,
  0x82,
  0x84,
  0xa0,
  0xa3,
  0xff,
];

function splice(bytes: Uint8Array, at: number, remove: number, ...insert: number[]): Uint8Array {
  const kept = bytes.subarray(Math.min(bytes.length, at + remove));
  return Uint8Array.from([...bytes.subarray(0, at), ...insert, ...kept]);
}

/** Damages bytes in one to four places; sometimes with a part of another message. */
export function mutate(
  original: Uint8Array,
  other: Uint8Array,
  random: (limit: number) => number,
): Uint8Array {
  let bytes: Uint8Array = original.length === 0 ? Uint8Array.of(0) : Uint8Array.from(original);
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(bytes.length + 1);
    switch (random(7)) {
      case 0:
        bytes = bytes.with(Math.min(at, bytes.length - 1), random(256)) as Uint8Array;
        break;
      case 1:
        bytes = bytes.with(Math.min(at, bytes.length - 1), telling[random(telling.length)]!) as Uint8Array;
        break;
      case 2: {
        const place = Math.min(at, bytes.length - 1);
        bytes = bytes.with(place, bytes[place]! ^ 1 << random(8)) as Uint8Array;
        break;
      }
      case 3:
        bytes = splice(bytes, at, 1 + random(16));
        break;
      case 4:
        bytes = splice(bytes, at, 0, ...Array.from({ length: 1 + random(8) }, () => random(256)));
        break;
      case 5: {
        const from = random(other.length);
        bytes = splice(bytes, at, random(32), ...other.subarray(from, from + random(64)));
        break;
      }
      default: {
        const from = random(bytes.length);
        bytes = splice(bytes, at, 0, ...bytes.subarray(from, from + random(64)));
      }
    }
    if (bytes.length === 0) return Uint8Array.of(random(256));
  }
  return bytes;
}

/** An element of a message that is taken apart: its content, or the elements inside. */
interface Node {
  tag: number;
  content: Uint8Array;
  inside?: Node[];
}

/** Takes DER apart; `undefined` if these bytes are none, as the content of most primitive elements. */
function parse(bytes: Uint8Array): Node[] | undefined {
  const nodes: Node[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at]!;
    const first = bytes[at + 1] ?? 0x80;
    const count = first > 0x80 ? first & 3 : 0;
    const length = count === 0
      ? first
      : bytes.subarray(at + 2, at + 2 + count).reduce((sum, byte) => sum << 8 | byte, 0);
    const start = at + 2 + count;
    if (first === 0x80 || tag === 0 || start + length > bytes.length) return undefined;
    const content = bytes.subarray(start, start + length);
    const inside = tag & 0x20 || tag === 0x04 ? parse(content) : undefined;
    nodes.push({ tag, content, ...inside === undefined ? {} : { inside } });
    at = start + length;
  }
  return nodes;
}

function write(nodes: readonly Node[]): Uint8Array {
  return Uint8Array.from(
    nodes.flatMap(({ tag, content, inside }) => [...tlv(tag, inside ? write(inside) : content)]),
  );
}

/** All lists of elements, at any depth. */
function lists(nodes: Node[]): Node[][] {
  return [nodes, ...nodes.flatMap(({ inside }) => inside === undefined ? [] : lists(inside))];
}

/** Damages one or two elements of a message, and writes it again with right lengths. */
export function mutateElements(
  original: Uint8Array,
  other: Uint8Array,
  random: (limit: number) => number,
): Uint8Array {
  const nodes = parse(original);
  const donors = lists(parse(other) ?? []).flat();
  if (nodes === undefined || donors.length === 0) throw new Error("no DER to damage");
  for (let times = 1 + random(2); times > 0; times--) {
    const all = lists(nodes).filter((list) => list.length > 0);
    if (all.length === 0) break;
    const list = all[random(all.length)]!;
    const at = random(list.length);
    const node = list[at]!;
    switch (random(6)) {
      case 0:
        list.splice(at, 1);
        break;
      case 1:
        list.splice(random(list.length + 1), 0, structuredClone(node));
        break;
      case 2:
        list[at] = structuredClone(donors[random(donors.length)]!);
        break;
      case 3:
        list[at] = {
          ...node,
          tag: random(2) === 0 ? node.tag ^ 1 << random(8) : telling[random(telling.length)]!,
        };
        break;
      case 4:
        list.reverse();
        break;
      default:
        list[at] = {
          tag: node.tag,
          content: mutate(node.inside ? write(node.inside) : node.content, other, random),
        };
    }
  }
  return write(nodes);
}
