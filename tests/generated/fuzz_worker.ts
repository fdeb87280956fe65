/**
 * Damages messages of one family after the other and decodes them, away from the tests: a decoder that never returns
 * can be stopped here, and only here. See fuzz_test.ts.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { AttributeSet } from "../../generator/model/mod.ts";
import {
  type AnyCodec,
  decodePayload,
  encodePayload,
  NetlinkDecodeError,
  NetlinkEncodeError,
  Reader,
  toSpecJson,
  Writer,
} from "../../runtime/wire/mod.ts";
import { structArbitrary, Values, visible } from "./arbitraries.ts";
import { all, type Loaded } from "./load.ts";

const SEED = 0xf022;
/** Sound messages that each decoder's damaged ones are made of. */
const SOUND = 12;

/** Something that decodes and encodes: an attribute set, or an operation with its header. */
interface Target {
  name: string;
  /** The set whose ids are worth nesting. */
  set?: AttributeSet;
  sound: Uint8Array[];
  decode(bytes: Uint8Array): object;
  encode(value: object): Uint8Array;
  /** What prints it, for targets that a tool would print. */
  speak?(value: object): unknown;
}

/** xorshift32: enough for choosing where to hit, and the same everywhere. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function encoded(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(256);
  write(writer);
  return writer.result();
}

function targetsOf({ model, meta, codec, messages }: Loaded): Target[] {
  const values = new Values({ speakable: false });
  const sample = (arbitrary: fc.Arbitrary<object>) => fc.sample(arbitrary, { seed: SEED, numRuns: SOUND });
  const sets = model.sets.map((set): Target => {
    const own: AnyCodec = codec(set);
    const encode = (value: object) => encoded((writer) => own.encode(writer, value as never));
    return {
      name: set.name,
      set,
      sound: sample(values.set(set)).map(encode),
      decode: (bytes) => own.decode(new Reader(bytes), bytes.length),
      encode,
    };
  });
  const operations = messages.map(({ name, format, ...message }): Target => {
    const encode = (value: object) => encoded((writer) => encodePayload(writer, format, value));
    return {
      name,
      ...(message.set === undefined ? {} : { set: message.set }),
      sound: sample(values.message(message)).map(encode),
      decode: (bytes) => decodePayload(new Reader(bytes), bytes.length, format),
      encode,
      speak: (value) => toSpecJson(meta, meta.operations[name]!, value),
    };
  });
  return [...sets, ...operations];
}

/** Offsets of attribute headers, in nests that are marked as such too. */
function headers(bytes: Uint8Array, start: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: number[] = [];
  const walk = (at: number, end: number) => {
    while (end - at >= 4) {
      const length = view.getUint16(at, true);
      if (length < 4 || length > end - at) return;
      found.push(at);
      if ((view.getUint16(at + 2, true) & 0x8000) !== 0) walk(at + 4, at + length);
      at += (length + 3) & ~3;
    }
  };
  walk(start, bytes.length);
  return found;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** `bytes` inside `levels` attributes of one type. */
function nested(bytes: Uint8Array, type: number, levels: number): Uint8Array {
  const front = new Uint8Array(4 * levels);
  const view = new DataView(front.buffer);
  for (let level = 0; level < levels; level++) {
    view.setUint16(4 * level, Math.min(0xffff, bytes.length + 4 * (levels - level)), true);
    view.setUint16(4 * level + 2, type | 0x8000, true);
  }
  return joined(front, bytes);
}

/** One way to damage a message. */
type Damage = (target: Target, bytes: Uint8Array, next: (below: number) => number) => Uint8Array;

const LENGTHS = [0, 1, 3, 4, 5, 7, 8, 0x7fff, 0xfffc, 0xffff];

const damages: { [name: string]: Damage } = {
  "bits flipped": (_, bytes, next) => {
    for (let hits = 1 + next(8); hits > 0 && bytes.length > 0; hits--) {
      bytes[next(bytes.length)]! ^= 1 << next(8);
    }
    return bytes;
  },
  "cut": (_, bytes, next) => bytes.slice(0, next(bytes.length + 1)),
  "cut at the front": (_, bytes, next) => bytes.slice(next(bytes.length + 1)),
  "extended": (_, bytes, next) => joined(bytes, Uint8Array.from({ length: 1 + next(40) }, () => next(256))),
  "lengths changed": (_, bytes, next) => {
    const places = headers(bytes, 0);
    const view = new DataView(bytes.buffer);
    for (let hits = 1 + next(3); hits > 0 && places.length > 0; hits--) {
      const at = places[next(places.length)]!;
      const length = view.getUint16(at, true);
      const other = next(2) === 0 ? LENGTHS[next(LENGTHS.length)]! : Math.max(0, length + next(17) - 8);
      view.setUint16(at, Math.min(0xffff, other), true);
    }
    return bytes;
  },
  "types changed": ({ set }, bytes, next) => {
    const places = headers(bytes, 0);
    const ids = set === undefined ? [] : set.attributes.map(({ id }) => id);
    const view = new DataView(bytes.buffer);
    for (let hits = 1 + next(4); hits > 0 && places.length > 0; hits--) {
      const type = ids.length > 0 && next(4) > 0 ? ids[next(ids.length)]! : next(0x10000);
      view.setUint16(places[next(places.length)]! + 2, type | (next(2) << 15), true);
    }
    return bytes;
  },
  "spliced with another": ({ sound }, bytes, next) => {
    const other = sound[next(sound.length)]!;
    const cuts = [...headers(bytes, 0), bytes.length];
    const others = [...headers(other, 0), other.length];
    return joined(
      bytes.subarray(0, cuts[next(cuts.length)]),
      other.subarray(others[next(others.length)]),
    );
  },
  "nested deeply": ({ set }, bytes, next) => {
    const ids = set === undefined ? [] : visible(set).map(({ id }) => id);
    const type = ids.length === 0 ? next(32) : ids[next(ids.length)]!;
    return nested(bytes.subarray(0, 200), type, 1 + next(next(8) === 0 ? 16_000 : 80));
  },
  "all bytes of chance": (_, bytes, next) => bytes.map(() => next(256)),
};

/** Objects, entries, characters and bytes in a value: what it takes in memory, up to a factor. */
function sizeOf(value: unknown): number {
  if (typeof value === "string" || value instanceof Uint8Array) return 1 + value.length;
  if (typeof value !== "object" || value === null) return 1;
  let size = 1;
  for (const key of Object.keys(value)) size += 1 + sizeOf((value as Record<string, unknown>)[key]);
  return size;
}

/** What the largest struct has, which a payload of few bytes may stand for (an older kernel's lacks members). */
function structSize({ model, struct }: Loaded): number {
  return Math.max(
    0,
    ...model.structs.map((each) => {
      const [value] = fc.sample(structArbitrary(each), { seed: SEED, numRuns: 1 });
      const writer = new Writer(64);
      writer.struct(1, struct(each) as never, value as never);
      return sizeOf(value) + 8 * struct(each).size;
    }),
  );
}

/** The result of decoding, or `undefined` where it was refused as it should be. */
function decodeOrRefuse(target: Target, bytes: Uint8Array): object | undefined {
  try {
    return target.decode(bytes);
  } catch (error) {
    assert.ok(error instanceof NetlinkDecodeError, `decoding threw ${error}`);
    assert.equal(typeof error.path, "string");
    const { offset, message } = error;
    assert.ok(Number.isInteger(offset) && offset >= 0 && offset <= bytes.length, `offset ${offset}`);
    assert.ok(message.endsWith(`(at byte ${offset})`), message);
    return undefined;
  }
}

/** The result of encoding, or `undefined` where it was refused: too large, or of another kind than it was read. */
function encodeOrRefuse(target: Target, value: object): Uint8Array | undefined {
  try {
    return target.encode(value);
  } catch (error) {
    assert.ok(error instanceof NetlinkEncodeError, `encoding threw ${error}`);
    return undefined;
  }
}

/** Decodes and encodes; gives whether the bytes were taken, and throws where something is wrong with that. */
function exercise(target: Target, bytes: Uint8Array, largest: number, stable: boolean): boolean {
  const value = decodeOrRefuse(target, bytes);
  if (value === undefined) return false;
  // Every attribute has four bytes at least, and may be a struct of which it has the first member only.
  const limit = 64 + bytes.length * 8 + Math.ceil(bytes.length / 8) * largest;
  const size = sizeOf(value);
  assert.ok(size <= limit, `${size} from ${bytes.length} bytes`);
  target.speak?.(value);
  const again = encodeOrRefuse(target, value);
  if (again !== undefined && stable) assert.deepEqual(target.decode(again), value);
  return true;
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** What fuzz_test.ts asks for: a number of damaged messages of one family. */
export interface Job {
  family: string;
  runs: number;
}

/** What it gets: the number of messages refused and decoded, or the first fault. */
export type Outcome = { refused: number; accepted: number } | { fault: string };

/** Damages and decodes messages of a family; throws at the first fault. */
function fuzz(name: string, runs: number): Outcome {
  const index = all.findIndex((family) => family.name === name);
  const family = all[index]!;
  const targets = targetsOf(family);
  const next = random(SEED + index);
  const kinds = Object.entries(damages);
  const largest = structSize(family);
  // The same attribute can choose one format when it is read and another when it is written.
  const stable = family.model.messages.length === 0;
  let refused = 0;
  let accepted = 0;
  for (let run = 0; run < runs; run++) {
    const target = targets[run % targets.length]!;
    const [kind, damage] = kinds[next(kinds.length)]!;
    const sound = target.sound[next(target.sound.length)]!;
    const bytes = damage(target, sound.slice(), next);
    try {
      if (exercise(target, bytes, largest, stable)) accepted++;
      else refused++;
    } catch (error) {
      const fault = error instanceof Error ? error.message : error;
      throw new Error(`${target.name}, ${kind}, run ${run}: ${fault}; ${hex(bytes)}`);
    }
  }
  return { refused, accepted };
}

declare const self: {
  onmessage: (event: MessageEvent<Job>) => void;
  postMessage(outcome: Outcome): void;
};

self.onmessage = ({ data }) => {
  try {
    self.postMessage(fuzz(data.family, data.runs));
  } catch (error) {
    self.postMessage({ fault: error instanceof Error ? error.message : String(error) });
  }
};
