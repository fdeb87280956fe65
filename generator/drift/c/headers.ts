/**
 * C headers without a compiler: the constants, enums and structs that they define, with their values and layouts, as
 * a 64-bit little-endian machine has them.
 *
 * @module
 */
import { type CValue, evaluate } from "./expression.ts";
import { expand, type Macro, readDefine } from "./macros.ts";
import { parseDeclarations, sizeAndSign, typeOfTokens } from "./parse.ts";
import type { CEnum, Scope } from "./scope.ts";
import { type Line, MAX_HEADER_BYTES, type Token, tokenize } from "./tokens.ts";
import { BUILT_IN, type CRecord, type CType } from "./types.ts";

/** A constant that a header defines. */
export interface HeaderConstant {
  /** Its value: a number, or text. */
  value: bigint | string;
  /** Header that defines it. */
  file: string;
  /** Its line. */
  line: number;
}

/** What cannot be understood in a header; the rest of it can. */
export interface HeaderProblem {
  /** The header. */
  file: string;
  /** The line. */
  line: number;
  /** What is wrong. */
  message: string;
}

/** Deeper includes are not followed. */
const MAX_INCLUDES = 64;

/** Tokens that one replacement, and all of them together, may look at; all of Linux 7.3 needs 3 million. */
const MAX_STEPS = 500_000, ALL_STEPS = 20_000_000;

/** What a compiler for such a machine has defined before the first line. */
const PREDEFINED: { readonly [name: string]: string } = {
  __LITTLE_ENDIAN: "1234",
  __LITTLE_ENDIAN_BITFIELD: "1",
  __BYTE_ORDER: "1234",
  __BITS_PER_LONG: "64",
  __x86_64__: "1",
  __LP64__: "1",
};

/** Headers of an include folder, read as they are asked for. */
export class Headers implements Scope {
  readonly #text: (name: string) => string | undefined;
  readonly #read = new Set<string>();
  readonly #macros = new Map<string, Macro>();
  /** Every definition of a name: headers that are never included together may disagree. */
  readonly #defines = new Map<string, Macro[]>();
  readonly #enumerators = new Map<string, HeaderConstant[]>();
  readonly #types = new Map<string, CType>();
  readonly #records = new Map<string, CRecord>();
  readonly #evaluating = new Set<string>();
  readonly #depths: string[] = [];
  #steps = ALL_STEPS;
  /** Enums in the order of reading. */
  readonly enums: CEnum[] = [];
  /** What could not be understood. */
  readonly problems: HeaderProblem[] = [];

  /** `text` gives a header by its name in an #include, `undefined` if there is none. */
  constructor(text: (name: string) => string | undefined) {
    this.#text = text;
    for (const [name, body] of Object.entries(PREDEFINED)) {
      const token: Token = { kind: "number", text: body, line: 0, joined: false };
      this.#macros.set(name, { name, variadic: false, body: [token], file: "", line: 0 });
    }
  }

  /** Headers that were read, in that order. */
  names(): string[] {
    return [...this.#read];
  }

  /** Reads a header and what it includes, once; whether there is such a header. */
  read(name: string): boolean {
    if (this.#read.has(name)) return true;
    const text = this.#text(name);
    if (text === undefined) {
      // An architecture mostly has what all have; its byte order is that of the machine we take it for.
      if (name === "asm/byteorder.h") return this.read("linux/byteorder/little_endian.h");
      return name.startsWith("asm/") && this.read(name.replace("asm/", "asm-generic/"));
    }
    this.#read.add(name);
    if (text.length > MAX_HEADER_BYTES) {
      this.problems.push({ file: name, line: 1, message: "the header is too large" });
      return true;
    }
    if (this.#depths.length >= MAX_INCLUDES) {
      this.problems.push({ file: name, line: 1, message: "the headers include each other too deeply" });
      return true;
    }
    this.#depths.push(name);
    this.#preprocess(name, tokenize(text));
    this.#depths.pop();
    return true;
  }

  /** The constant of a name; of several, one of the given headers if there is one. */
  constant(name: string, preferred?: ReadonlySet<string>): HeaderConstant | undefined {
    const all = [
      ...this.#enumerators.get(name) ?? [],
      ...(this.#defines.get(name) ?? []).flatMap((macro) => this.#valueOf(macro) ?? []),
    ];
    return all.find(({ file }) => preferred?.has(file)) ?? all[0];
  }

  /** The macros without parameters that a header defines. */
  definesOf(file: string): string[] {
    return [...this.#defines.values()].flat().filter((macro) =>
      macro.file === file && macro.parameters === undefined && macro.body.length > 0
    ).map(({ name }) => name);
  }

  /** The struct or union of a tag. */
  struct(tag: string): CRecord | undefined {
    const record = this.#records.get(`struct ${tag}`) ?? this.#records.get(`union ${tag}`);
    return record?.file === "" ? undefined : record;
  }

  #expand(
    tokens: readonly Token[],
    find: (name: string) => Macro | undefined = (name) => this.#macros.get(name),
    inside: readonly string[] = [],
  ): Token[] {
    const budget = { steps: Math.min(MAX_STEPS, this.#steps) };
    const before = budget.steps;
    const result = expand(tokens, find, inside, budget);
    this.#steps -= before - Math.max(0, budget.steps);
    return result;
  }

  #valueOf(macro: Macro): HeaderConstant | undefined {
    const { body, file, line, name } = macro;
    if (macro.parameters !== undefined || body.length === 0) return undefined;
    // IFLA_X defined as itself tells the preprocessor of an enumerator.
    if (body.length === 1 && body[0]!.text === name) return undefined;
    const tokens = this.#expand(body, undefined, [name]);
    if (tokens.length > 0 && tokens.every(({ kind }) => kind === "string")) {
      return { value: tokens.map(({ text }) => text.slice(1, -1)).join(""), file, line };
    }
    try {
      return { value: evaluate(tokens, this).value, file, line };
    } catch {
      // Most macros are no constants.
      return undefined;
    }
  }

  #preprocess(file: string, lines: readonly Line[]): void {
    /** For each open #if: whether its lines count, whether a branch was taken, whether the code around counts. */
    const open: { active: boolean; taken: boolean; outer: boolean }[] = [];
    const output: Token[] = [];
    const expanded: Token[] = [];
    // A macro holds from its line on.
    const flush = () => {
      for (const token of this.#expand(output.splice(0), (name) => this.#replaceable(name))) {
        expanded.push(token);
      }
    };
    const active = () => open.at(-1)?.active ?? true;
    for (const { directive, tokens } of lines) {
      if (!directive) {
        if (active()) { for (const token of tokens) output.push(token); }
        continue;
      }
      const [word, ...rest] = tokens;
      const top = open.at(-1);
      switch (word?.text) {
        case "if":
        case "ifdef":
        case "ifndef": {
          const outer = active();
          const holds = outer && this.#holds(word.text, rest);
          open.push({ active: holds, taken: holds, outer });
          break;
        }
        case "elif":
          if (top !== undefined) {
            top.active = top.outer && !top.taken && this.#holds("if", rest);
            top.taken ||= top.active;
          }
          break;
        case "else":
          if (top !== undefined) {
            top.active = top.outer && !top.taken;
            top.taken = true;
          }
          break;
        case "endif":
          open.pop();
          break;
        default:
          if (!active() || word === undefined) break;
          flush();
          this.#directive(word.text, rest, file);
      }
    }
    flush();
    for (const { line, message } of parseDeclarations(expanded, file, this)) {
      this.problems.push({ file, line, message });
    }
  }

  /** The macro of a name, if it may stand for a part of a declaration: a constant keeps its name, for messages. */
  #replaceable(name: string): Macro | undefined {
    const macro = this.#macros.get(name);
    return macro !== undefined && (macro.parameters !== undefined || !isConstant(macro)) ? macro : undefined;
  }

  #directive(word: string, rest: readonly Token[], file: string): void {
    if (word === "include") {
      const name = rest[0]?.kind === "string"
        ? rest[0].text.slice(1, -1)
        : rest.slice(1, rest.findLastIndex(({ text }) => text === ">")).map(({ text }) => text).join("");
      if (name !== "" && !this.read(name) && rest[0]?.kind === "string") {
        this.read(`${file.slice(0, file.lastIndexOf("/") + 1)}${name}`);
      }
    } else if (word === "define") {
      const macro = readDefine(rest, file);
      if (macro === undefined) return;
      this.#macros.set(macro.name, macro);
      this.#defines.set(macro.name, [...this.#defines.get(macro.name) ?? [], macro]);
    } else if (word === "undef" && rest[0] !== undefined) {
      this.#macros.delete(rest[0].text);
    }
  }

  #holds(word: string, tokens: readonly Token[]): boolean {
    const defined = (name: string | undefined) => name !== undefined && this.#macros.has(name);
    if (word === "ifdef") return defined(tokens[0]?.text);
    if (word === "ifndef") return !defined(tokens[0]?.text);
    const plain: Token[] = [];
    const number = (holds: boolean, { line }: Token): Token => ({
      kind: "number",
      text: holds ? "1" : "0",
      line,
      joined: false,
    });
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!;
      if (token.text !== "defined") {
        plain.push(token);
        continue;
      }
      const inside = tokens[i + 1]?.text === "(";
      plain.push(number(defined(tokens[i + (inside ? 2 : 1)]?.text), token));
      i += inside ? 3 : 1;
    }
    // A name that is no macro is 0 here.
    const final = this.#expand(plain).map((token) => token.kind === "name" ? number(false, token) : token);
    try {
      return evaluate(final, this).value !== 0n;
    } catch {
      return false;
    }
  }

  // --- what the parser asks for and tells ---------------------------------------------------------------------

  /** The value of a name in an expression. */
  value(name: string): CValue | undefined {
    const [enumerator] = this.#enumerators.get(name) ?? [];
    if (enumerator !== undefined && typeof enumerator.value === "bigint") {
      const { value } = enumerator;
      const bits = value >= -0x80000000n && value <= 0xffffffffn ? 32 : 64;
      return { value, bits, unsigned: value > 0x7fffffffn };
    }
    const macro = this.#macros.get(name);
    if (macro === undefined || macro.parameters !== undefined || this.#evaluating.has(name)) return undefined;
    this.#evaluating.add(name);
    try {
      return evaluate(this.#expand(macro.body, undefined, [name]), this);
    } catch {
      return undefined;
    } finally {
      this.#evaluating.delete(name);
    }
  }

  /** Size and sign of a type in an expression. */
  type(tokens: readonly Token[]): { size: number; unsigned: boolean } | undefined {
    return sizeAndSign(typeOfTokens(tokens, this));
  }

  /** Takes a struct or union. */
  record(record: CRecord): void {
    if (record.tag === undefined) return;
    const key = `${record.form} ${record.tag}`;
    const before = this.#records.get(key);
    // The first definition stays: what was read before refers to it.
    if (before === undefined) this.#records.set(key, record);
    else if (!before.complete && before.members.length === 0) Object.assign(before, record);
  }

  /** Takes an enum. */
  enumeration(enumeration: CEnum): void {
    this.enums.push(enumeration);
    for (const { name, value: { value }, line } of enumeration.entries) {
      const constant: HeaderConstant = { value, file: enumeration.file, line };
      this.#enumerators.set(name, [...this.#enumerators.get(name) ?? [], constant]);
    }
  }

  /** Takes a name for a type. */
  typedef(name: string, type: CType): void {
    if (!BUILT_IN.has(name)) this.#types.set(name, type);
  }

  /** The struct or union of a tag, for a member. */
  findRecord(form: "struct" | "union", tag: string): CRecord {
    const key = `${form} ${tag}`;
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    const record: CRecord = { form, tag, members: [], size: 0, align: 1, complete: false, file: "", line: 0 };
    this.#records.set(key, record);
    return record;
  }

  /** The type of a name. */
  findType(name: string): CType | undefined {
    return this.#types.get(name) ?? BUILT_IN.get(name);
  }
}

/** A macro whose body is one number or one name in capitals. */
function isConstant({ body }: Macro): boolean {
  return body.length > 0 &&
    body.every(({ kind, text }) =>
      kind === "number" || kind === "character" || kind === "string" || /^[A-Z][A-Z0-9_]*$/.test(text) ||
      /^[-+*/()<>|&~]/.test(text)
    );
}
