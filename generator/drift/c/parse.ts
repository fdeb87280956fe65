/** Enums, structs, unions and typedefs of a header whose macros are expanded. Everything else is passed over. @module */
import { evaluate, int } from "./expression.ts";
import type { Enumerator, Scope } from "./scope.ts";
import type { Token } from "./tokens.ts";
import {
  arithmeticType,
  type Attributes,
  BUILT_IN,
  type CMember,
  type CRecord,
  type CType,
  isArithmetic,
  layOutRecord,
  sizeOf,
} from "./types.ts";

/** A declaration that cannot be understood. */
export class DeclarationError extends Error {
  /** Always `DeclarationError`. */
  override readonly name = "DeclarationError";
  /** The line. */
  readonly line: number;

  /** Creates the error. */
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** Deeper nested structs are refused. */
const MAX_DEPTH = 32;

const QUALIFIERS: ReadonlySet<string> = new Set(
  ["const", "volatile", "restrict", "static", "extern", "inline", "__inline__", "__extension__", "register"]
    .concat(
      // What the kernel says to its own checker, and what make headers_install leaves out.
      ["__user", "__force", "__iomem", "__rcu", "__bitwise"],
    ),
);

/** Reads the declarations of a header; gives what it could not understand. */
export function parseDeclarations(tokens: readonly Token[], file: string, scope: Scope): DeclarationError[] {
  const parser = new DeclarationParser(tokens, file, scope);
  return parser.all();
}

/** The type that tokens name, for sizeof and casts; `undefined` if they name none. */
export function typeOfTokens(tokens: readonly Token[], scope: Scope): CType | undefined {
  if (tokens.length === 0 || tokens.some(({ kind, text }) => kind !== "name" && text !== "*")) {
    return undefined;
  }
  const words = tokens.filter(({ text }) => !QUALIFIERS.has(text)).map(({ text }) => text);
  if (words.at(-1) === "*") return POINTER;
  const own = arithmeticType(words);
  if (own !== undefined) return own;
  const [first, tag] = words;
  if ((first === "struct" || first === "union") && tag !== undefined && words.length === 2) {
    return { kind: "record", record: scope.findRecord(first, tag) };
  }
  if (first === "enum" && words.length === 2) return INT;
  return words.length === 1 ? scope.findType(first!) : undefined;
}

const POINTER: CType = { kind: "pointer", size: 8, align: 8 };
/** What gcc takes for an enum without negative values. */
const INT: CType = { kind: "integer", size: 4, align: 4, signed: false };

class DeclarationParser {
  readonly #tokens: readonly Token[];
  readonly #file: string;
  readonly #scope: Scope;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], file: string, scope: Scope) {
    this.#tokens = tokens;
    this.#file = file;
    this.#scope = scope;
  }

  all(): DeclarationError[] {
    const problems: DeclarationError[] = [];
    while (this.#at < this.#tokens.length) {
      const start = this.#at;
      try {
        this.#declaration();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        problems.push(
          error instanceof DeclarationError
            ? error
            : new DeclarationError(error.message, this.#tokens[start]!.line),
        );
        this.#depth = 0;
        this.#at = start;
        this.#skip();
      }
    }
    return problems;
  }

  #peek(ahead = 0): string {
    return this.#tokens[this.#at + ahead]?.text ?? "";
  }

  #line(): number {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]?.line ?? 0;
  }

  #take(text: string): void {
    if (this.#peek() !== text) {
      throw new DeclarationError(`expected ${text}, not ${this.#peek() || "the end"}`, this.#line());
    }
    this.#at++;
  }

  #name(): string | undefined {
    return this.#tokens[this.#at]?.kind === "name" ? this.#tokens[this.#at++]!.text : undefined;
  }

  /** Passes over one declaration or function. */
  #skip(): void {
    for (; this.#at < this.#tokens.length; this.#at++) {
      const text = this.#peek();
      if (text === ";") {
        this.#at++;
        return;
      }
      if (["{", "(", "["].includes(text)) {
        this.#group();
        const body = text === "{";
        this.#at--;
        // A function's body ends it; that of a struct is followed by a name or by a semicolon.
        if (body && this.#peek(1) !== ";" && !/^[A-Za-z_*]/.test(this.#peek(1))) {
          this.#at++;
          return;
        }
        if (body && /^(static|extern|struct|union|enum|typedef)$/.test(this.#peek(1))) {
          this.#at++;
          return;
        }
      }
    }
  }

  /** Passes over a bracket with what is inside; gives that. */
  #group(): Token[] {
    const start = this.#at + 1;
    let depth = 0;
    for (; this.#at < this.#tokens.length; this.#at++) {
      const text = this.#peek();
      if (["{", "(", "["].includes(text)) depth++;
      else if (["}", ")", "]"].includes(text) && --depth === 0) return this.#tokens.slice(start, this.#at++);
    }
    return this.#tokens.slice(start);
  }

  #declaration(): void {
    const start = this.#at;
    const text = this.#peek();
    if (text === ";") {
      this.#at++;
      return;
    }
    if (!["typedef", "struct", "union", "enum", "__extension__"].includes(text)) return this.#skip();
    if (text === "typedef") this.#at++;
    const { type } = this.#specifiers();
    if (text !== "typedef") {
      if (this.#peek() === ";") this.#at++;
      else if (this.#at > start && this.#tokens[this.#at - 1]?.text === "}" && this.#peek() === "") return;
      else this.#skip();
      return;
    }
    for (;;) {
      const { name, type: own } = this.#declarator(type);
      if (name !== undefined) this.#scope.typedef(name, own);
      if (this.#peek() !== ",") break;
      this.#at++;
    }
    this.#take(";");
  }

  /** `__attribute__((…))`, any number of them. */
  #attributes(into: Attributes): void {
    while (this.#peek() === "__attribute__" || this.#peek() === "__attribute") {
      this.#at++;
      const inside = this.#group();
      for (const [i, { text }] of inside.entries()) {
        if (text === "packed" || text === "__packed__") into.packed = true;
        if (text === "aligned" || text === "__aligned__") {
          const close = inside.findLastIndex(({ text }) => text === ")");
          const argument = inside[i + 1]?.text === "(" ? inside.slice(i + 2, close - 0) : [];
          const cut = matching(argument);
          into.aligned = argument.length === 0 ? 16 : Number(evaluate(cut, this.#scope).value);
        }
      }
    }
  }

  /** The type in front of declarators. */
  #specifiers(): { type: CType; attributes: Attributes } {
    const words: string[] = [];
    const attributes: Attributes = { packed: false };
    let type: CType | undefined;
    for (;;) {
      this.#attributes(attributes);
      const text = this.#peek();
      if (QUALIFIERS.has(text)) {
        this.#at++;
      } else if (isArithmetic(text)) {
        words.push(text);
        this.#at++;
      } else if (type === undefined && words.length === 0 && (text === "struct" || text === "union")) {
        type = { kind: "record", record: this.#record(text) };
      } else if (type === undefined && words.length === 0 && text === "enum") {
        this.#enumeration();
        type = INT;
      } else if (type === undefined && words.length === 0 && this.#tokens[this.#at]?.kind === "name") {
        type = text === "void"
          ? INT
          : this.#scope.findType(text) ?? BUILT_IN.get(text) ?? { kind: "unknown", name: text };
        this.#at++;
      } else {
        break;
      }
    }
    type ??= arithmeticType(words);
    if (type === undefined) {
      throw new DeclarationError(`${this.#peek() || "the end"} is no type`, this.#line());
    }
    return { type, attributes };
  }

  /** Pointers, name, arrays, parameters. */
  #declarator(base: CType): { name?: string; type: CType } {
    let type = base;
    while (this.#peek() === "*" || QUALIFIERS.has(this.#peek())) {
      if (this.#peek() === "*") type = POINTER;
      this.#at++;
    }
    if (this.#peek() === "(") {
      // A pointer to a function, whatever its parameters.
      const inside = this.#group();
      const name = inside.findLast(({ kind }) => kind === "name")?.text;
      while (this.#peek() === "(" || this.#peek() === "[") this.#group();
      return { ...(name === undefined ? {} : { name }), type: POINTER };
    }
    const name = this.#name();
    const counts: (number | undefined)[] = [];
    while (this.#peek() === "[") {
      const bound = this.#group();
      counts.push(bound.length === 0 ? undefined : Number(evaluate(bound, this.#scope).value));
    }
    if (this.#peek() === "(") this.#group();
    for (const count of counts.reverse()) {
      type = { kind: "array", element: type, count: count === 0 ? undefined : count };
    }
    return { ...(name === undefined ? {} : { name }), type };
  }

  #record(form: "struct" | "union"): CRecord {
    if (++this.#depth > MAX_DEPTH) throw new DeclarationError("the structs nest too deeply", this.#line());
    const line = this.#line();
    this.#take(form);
    const attributes: Attributes = { packed: false };
    this.#attributes(attributes);
    const tag = this.#name();
    if (this.#peek() !== "{") {
      this.#depth--;
      if (tag === undefined) throw new DeclarationError(`a ${form} without a name`, line);
      return this.#scope.findRecord(form, tag);
    }
    this.#at++;
    const record: CRecord = {
      form,
      ...(tag === undefined ? {} : { tag }),
      members: [],
      size: 0,
      align: 1,
      complete: false,
      file: this.#file,
      line,
    };
    const members: (CMember & { width?: number; aligned?: number })[] = [];
    while (this.#peek() !== "}") {
      if (this.#peek() === ";") this.#at++;
      else members.push(...this.#members());
    }
    this.#at++;
    this.#attributes(attributes);
    layOutRecord(record, members, attributes);
    this.#scope.record(record);
    this.#depth--;
    return record;
  }

  /** One declaration in a struct: several members with one type in front. */
  #members(): (CMember & { width?: number; aligned?: number })[] {
    const { type, attributes } = this.#specifiers();
    const members: (CMember & { width?: number; aligned?: number })[] = [];
    for (;;) {
      const declared = this.#peek() === ";" ? { type } : this.#declarator(type);
      const member: CMember & { width?: number; aligned?: number } = { ...declared, offset: 0 };
      if (this.#peek() === ":") {
        this.#at++;
        const start = this.#at;
        while (![",", ";", "}", "__attribute__", ""].includes(this.#peek())) this.#at++;
        member.width = Number(evaluate(this.#tokens.slice(start, this.#at), this.#scope).value);
      }
      const own: Attributes = { ...attributes, packed: false };
      this.#attributes(own);
      if (own.aligned !== undefined) member.aligned = own.aligned;
      members.push(member);
      if (this.#peek() !== ",") break;
      this.#at++;
    }
    this.#take(";");
    return members;
  }

  #enumeration(): void {
    const line = this.#line();
    this.#take("enum");
    const attributes: Attributes = { packed: false };
    this.#attributes(attributes);
    const tag = this.#name();
    if (this.#peek() !== "{") return;
    this.#at++;
    const entries: Enumerator[] = [];
    let next = int(0);
    while (this.#peek() !== "}") {
      const at = this.#line();
      const name = this.#name();
      if (name === undefined) throw new DeclarationError(`${this.#peek() || "the end"} in an enum`, at);
      this.#attributes(attributes);
      if (this.#peek() === "=") {
        this.#at++;
        const start = this.#at;
        let depth = 0;
        for (; this.#at < this.#tokens.length; this.#at++) {
          const text = this.#peek();
          if (depth === 0 && (text === "," || text === "}")) break;
          if (text === "(") depth++;
          if (text === ")") depth--;
        }
        const expression = this.#tokens.slice(start, this.#at);
        // An enumerator may use those before it in the same enum.
        next = evaluate(expression, {
          type: (tokens) => this.#scope.type(tokens),
          value: (name) => entries.find((entry) => entry.name === name)?.value ?? this.#scope.value(name),
        });
      }
      entries.push({ name, value: next, line: at });
      next = { ...next, value: next.value + 1n };
      if (this.#peek() === ",") this.#at++;
      else if (this.#peek() !== "}") {
        throw new DeclarationError(`${this.#peek() || "the end"} in an enum`, this.#line());
      }
    }
    this.#at++;
    this.#attributes(attributes);
    this.#scope.enumeration({ ...(tag === undefined ? {} : { tag }), file: this.#file, line, entries });
  }
}

/** The tokens up to the parenthesis that closes what was opened before them. */
function matching(tokens: readonly Token[]): Token[] {
  let depth = 0;
  const end = tokens.findIndex(({ text }) => {
    if (text === "(") depth++;
    return text === ")" && depth-- === 0;
  });
  return tokens.slice(0, end === -1 ? tokens.length : end);
}

/** Size and sign of a type, where it has both. */
export function sizeAndSign(type: CType | undefined): { size: number; unsigned: boolean } | undefined {
  if (type === undefined || type.kind === "unknown" || (type.kind === "record" && !type.record.complete)) {
    return undefined;
  }
  return { size: sizeOf(type), unsigned: type.kind !== "integer" || !type.signed };
}
