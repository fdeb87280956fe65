/**
 * Bytes to netlink attributes and back: what generated codecs stand on. Pure TypeScript for any JavaScript engine;
 * no sockets, no Deno API. All numbers are in little-endian order unless a spec says big-endian.
 *
 * @example Decode an attribute block with a codec made by hand
 * ```ts
 * import { type Codec, decodeAttributes, encodeAttributes, unknownKey } from "./mod.ts";
 *
 * const port: Codec<{ number?: number }> = {
 *   name: "port",
 *   fields: "number",
 *   decode(r, end, m = {}) {
 *     while (r.next(end)) if (r.type === 1) m.number = r.u16be();
 *     return m;
 *   },
 *   encode(w, m) {
 *     for (const key in m) {
 *       if (key === "number") w.u16be(1, m.number);
 *       else throw unknownKey(port, key);
 *     }
 *   },
 * };
 * const bytes = encodeAttributes(port, { number: 4420 });
 * if (decodeAttributes(port, bytes).number !== 4420) throw new Error("unexpected");
 * ```
 *
 * @module
 */
export * from "./annotate.ts";
export { decodeAttributes, encodeAttributes } from "./attributes.ts";
export * from "./codec.ts";
export * from "./errors.ts";
export * from "./family.ts";
export { fromSpecJson, setFromSpecJson } from "./from_spec_json.ts";
export * from "./members.ts";
export * from "./message.ts";
export * from "./meta.ts";
export * from "./reader.ts";
export * from "./spec_json.ts";
export { setToSpecJson, toSpecJson } from "./to_spec_json.ts";
export * from "./text.ts";
export * from "./walk.ts";
export * from "./writer.ts";
