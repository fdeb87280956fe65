/** Errors of the codecs: what is wrong, and at which place of the object or message. @module */
import type { Fields } from "./codec.ts";

/** Attribute id -> property name, read from a codec's compact field list; only ever needed for an error. */
function fieldNames(fields: string): Map<number, string> {
  const names = new Map<number, string>();
  let id = 0;
  for (const field of fields.split(" ")) {
    const [name = "", at] = field.split("=");
    id = at === undefined ? id + 1 : Number(at);
    if (name !== "") names.set(id, name);
  }
  return names;
}

/** The property names of an attribute set, in the order of the spec. */
export function fieldList(codec: Fields): string[] {
  return [...fieldNames(codec.fields).values()];
}

/**
 * A path that is put together from the inside out: the code that finds the fault knows only an attribute id, the
 * codec around it knows that id's name.
 */
export class ErrorPath {
  /** The part that is known, such as `.linkinfo.data`. */
  text = "";
  #id: number | undefined;

  /** Starts at an attribute whose set is not known yet. */
  constructor(id?: number) {
    this.#id = id;
  }

  /** Names the innermost open attribute by its set. */
  within(codec: Fields): void {
    if (this.#id === undefined) return;
    this.text = `.${fieldNames(codec.fields).get(this.#id) ?? this.#id}${this.text}`;
    this.#id = undefined;
  }

  /** Goes one nest outwards: the nest itself is the attribute `id` of a set that is not known yet. */
  inside(id: number): void {
    this.#id = id;
  }

  /** Forgets an id that no set names: the index of an array element. */
  drop(): void {
    this.#id = undefined;
  }

  /** Puts a part in front that is known as text, such as `[2]`. */
  prefix(part: string): void {
    this.text = part + this.text;
  }
}

/** Bytes that are no valid message of the family. Thrown by decoders, and the only thing they throw. */
export class NetlinkDecodeError extends Error {
  /** Always `NetlinkDecodeError`. */
  override readonly name = "NetlinkDecodeError";
  /** Byte offset of the attribute or header at fault, from the start of the buffer. */
  readonly offset: number;
  /** @ignore */
  readonly where: ErrorPath;
  readonly #reason: string;

  /** Creates an error at a byte offset, in an attribute if `id` is given. */
  constructor(reason: string, offset: number, id?: number) {
    super();
    this.#reason = reason;
    this.offset = offset;
    this.where = new ErrorPath(id);
    // The path grows while the error travels outwards, so the text is made when somebody reads it.
    Object.defineProperty(this, "message", { get: () => this.#text(), configurable: true });
  }

  /** Where in the decoded object the fault is, such as `.linkinfo.data`; empty for the message itself. */
  get path(): string {
    return this.where.text;
  }

  #text(): string {
    return `${this.path === "" ? "" : `${this.path}: `}${this.#reason} (at byte ${this.offset})`;
  }
}

/** A value that cannot be put on the wire: an unknown key, a wrong type, a number out of range. */
export class NetlinkEncodeError extends TypeError {
  /** Always `NetlinkEncodeError`. */
  override readonly name = "NetlinkEncodeError";
  /** @ignore */
  readonly where: ErrorPath;
  readonly #reason: string;

  /** Creates an error at the attribute `id`, or at a path that is filled in later. */
  constructor(reason: string, id?: number) {
    super();
    this.#reason = reason;
    this.where = new ErrorPath(id);
    Object.defineProperty(this, "message", {
      get: () => `${this.path === "" ? "" : `${this.path}: `}${this.#reason}`,
      configurable: true,
    });
  }

  /** Where in the object the fault is, such as `.linkinfo.data`. */
  get path(): string {
    return this.where.text;
  }
}

/**
 * Names the attribute that an error of a codec is at by the codec's set, and goes one nest outwards: to the attribute
 * `nest` of a set that is not known yet. Returns the error, to be thrown again.
 */
export function locate(error: unknown, codec: Fields, nest?: number): unknown {
  if (error instanceof NetlinkDecodeError || error instanceof NetlinkEncodeError) {
    error.where.within(codec);
    if (nest !== undefined) error.where.inside(nest);
  }
  return error;
}

/** The same for an element of an array, whose id is an index that no set names. */
export function locateElement(error: unknown, element: number, nest: number): unknown {
  if (error instanceof NetlinkDecodeError || error instanceof NetlinkEncodeError) {
    error.where.drop();
    error.where.prefix(`[${element}]`);
    error.where.inside(nest);
  }
  return error;
}

/** Number of single-character edits between two words, as far as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The candidate that `word` was probably meant to be: the nearest one, if it is near. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, "");
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain(word), plain(candidate), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** The error for a key that an attribute set or struct does not have, with the nearest key that it has. */
export function unknownKey(codec: Fields, key: string): NetlinkEncodeError {
  const near = suggest(key, fieldList(codec));
  return new NetlinkEncodeError(
    `${codec.name} has no "${key}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
  );
}
