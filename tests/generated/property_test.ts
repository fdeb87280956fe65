/**
 * For every attribute set and every message of every family: what is encoded comes back as it was, attribute order
 * included, from the wire and from the words of the spec.
 *
 * fast-check prints the seed and the path of a counterexample; `SEED` below makes every run the same.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AnyCodec,
  decodePayload,
  encodePayload,
  fromSpecJson,
  type MessageFormat,
  Reader,
  setFromSpecJson,
  setToSpecJson,
  toSpecJson,
  Writer,
} from "../../runtime/wire/mod.ts";
import { routes, structArbitrary, type Value, Values } from "./arbitraries.ts";
import { all } from "./load.ts";

const SEED = 0x7e57;
/** Runs for each set and message as a whole. */
const RUNS = 100;
/** Runs for each attribute of each set, and for each format of each sub-message. */
const ROUTE_RUNS = 10;

const wire = new Values({ speakable: false });
const speakable = new Values({ speakable: true });

function encodeSet(codec: AnyCodec, value: unknown): Uint8Array {
  const writer = new Writer(256);
  codec.encode(writer, value as never);
  return writer.result();
}

function decodeSet(codec: AnyCodec, bytes: Uint8Array): object {
  return codec.decode(new Reader(bytes), bytes.length);
}

function encodeMessage(format: MessageFormat, value: unknown): Uint8Array {
  const writer = new Writer(256);
  encodePayload(writer, format, value);
  return writer.result();
}

/** Property names in their order, through all levels: `deepEqual` does not look at the order. */
function keyOrder(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return null;
  if (Array.isArray(value)) return value.map(keyOrder);
  return Object.entries(value).map(([key, member]) => [key, keyOrder(member)]);
}

/** A decoded value is the one that was encoded, in the order of its keys. */
function same(decoded: unknown, value: Value): void {
  assert.deepEqual(decoded, value);
  assert.deepEqual(keyOrder(decoded), keyOrder(value));
}

for (const { name, model, meta, codec, struct, messages } of all) {
  Deno.test(`${name}: every attribute set decodes to what was encoded`, () => {
    for (const set of model.sets) {
      const own = codec(set);
      const check = (value: Value) => same(decodeSet(own, encodeSet(own, value)), value);
      fc.assert(fc.property(wire.set(set), check), { seed: SEED, numRuns: RUNS });
      for (const { route, kind } of routes(set)) {
        fc.assert(fc.property(wire.set(set, route, kind), check), { seed: SEED, numRuns: ROUTE_RUNS });
      }
    }
  });

  Deno.test(`${name}: every struct decodes to what was encoded`, () => {
    for (const each of model.structs) {
      const own = struct(each);
      fc.assert(
        fc.property(structArbitrary(each), (value) => {
          const writer = new Writer(64);
          writer.struct(1, own as never, value as never);
          const reader = new Reader(writer.result());
          assert.ok(reader.next(writer.length));
          assert.deepEqual(reader.struct(own as never), value);
        }),
        { seed: SEED, numRuns: RUNS },
      );
    }
  });

  Deno.test(`${name}: every operation and event decodes to what was encoded`, () => {
    for (const { format, ...message } of messages) {
      fc.assert(
        fc.property(wire.message(message), (value) => {
          const bytes = encodeMessage(format, value);
          same(decodePayload(new Reader(bytes), bytes.length, format), value);
        }),
        { seed: SEED, numRuns: RUNS },
      );
    }
  });

  Deno.test(`${name}: every attribute set in the words of the spec encodes to the same bytes`, () => {
    for (const set of model.sets) {
      const own = codec(set);
      const check = (value: Value) => {
        const json = setToSpecJson(meta, set.name, value);
        assert.deepEqual(encodeSet(own, setFromSpecJson(meta, set.name, json)), encodeSet(own, value));
      };
      fc.assert(fc.property(speakable.set(set), check), { seed: SEED, numRuns: RUNS });
      for (const { route, kind } of routes(set)) {
        fc.assert(fc.property(speakable.set(set, route, kind), check), { seed: SEED, numRuns: ROUTE_RUNS });
      }
    }
  });

  Deno.test(`${name}: every message in the words of the spec encodes to the same bytes`, () => {
    for (const { format, ...message } of messages) {
      const operation = meta.operations[format.name]!;
      fc.assert(
        fc.property(speakable.message(message), (value) => {
          const json = toSpecJson(meta, operation, value);
          assert.deepEqual(
            encodeMessage(format, fromSpecJson(meta, operation, json)),
            encodeMessage(format, value),
          );
        }),
        { seed: SEED, numRuns: RUNS },
      );
    }
  });
}
