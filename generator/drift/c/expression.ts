/** Integer constant expressions of C, with the types that decide their values (ISO C11, 6.3.1.8 and 6.6). @module */
import type { Token } from "./tokens.ts";

/** A value with its type: 32 or 64 bits. */
export interface CValue {
  /** The number. */
  value: bigint;
  /** Bits of the type. */
  bits: 32 | 64;
  /** Whether the type has no sign. */
  unsigned: boolean;
}

/** What names and types in an expression stand for. */
export interface Names {
  /** The value of a constant; `undefined` if it has none. */
  value(name: string): CValue | undefined;
  /** Size and sign of the type that these tokens name; `undefined` if they name none. */
  type(tokens: readonly Token[]): { size: number; unsigned: boolean } | undefined;
}

/** An expression that is no integer constant. */
export class ExpressionError extends Error {
  /** Always `ExpressionError`. */
  override readonly name = "ExpressionError";
}

/** Deeper parentheses are refused. */
const MAX_DEPTH = 64;

/** The value of an `int`. */
export function int(value: bigint | number): CValue {
  return fit(BigInt(value), 32, false);
}

/** Evaluates tokens, all of them. Throws {@linkcode ExpressionError}. */
export function evaluate(tokens: readonly Token[], names: Names): CValue {
  const parser = new ExpressionParser(tokens, names);
  const value = parser.conditional();
  parser.end();
  return value;
}

function fit(value: bigint, bits: 32 | 64, unsigned: boolean): CValue {
  return { value: unsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value), bits, unsigned };
}

/** The type of both operands after the usual arithmetic conversions. */
function common(a: CValue, b: CValue): { bits: 32 | 64; unsigned: boolean } {
  const bits = a.bits > b.bits ? a.bits : b.bits;
  return { bits, unsigned: (a.unsigned && a.bits === bits) || (b.unsigned && b.bits === bits) };
}

const PRECEDENCE: { readonly [operator: string]: number } = {
  "||": 1,
  "&&": 2,
  "|": 3,
  "^": 4,
  "&": 5,
  "==": 6,
  "!=": 6,
  "<": 7,
  ">": 7,
  "<=": 7,
  ">=": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "%": 10,
};

class ExpressionParser {
  readonly #tokens: readonly Token[];
  readonly #names: Names;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], names: Names) {
    this.#tokens = tokens;
    this.#names = names;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw new ExpressionError(`unexpected ${this.#peek()}`);
  }

  #peek(): string {
    return this.#tokens[this.#at]?.text ?? "end";
  }

  #take(text: string): void {
    if (this.#peek() !== text) throw new ExpressionError(`expected ${text}, not ${this.#peek()}`);
    this.#at++;
  }

  conditional(): CValue {
    if (++this.#depth > MAX_DEPTH) throw new ExpressionError("the expression is too deep");
    const condition = this.#binary(1);
    let result = condition;
    if (this.#peek() === "?") {
      this.#at++;
      const yes = this.conditional();
      this.#take(":");
      const no = this.conditional();
      const { bits, unsigned } = common(yes, no);
      result = fit(condition.value === 0n ? no.value : yes.value, bits, unsigned);
    }
    this.#depth--;
    return result;
  }

  #binary(least: number): CValue {
    let left = this.#unary();
    for (;;) {
      const operator = this.#peek();
      const precedence = PRECEDENCE[operator];
      if (precedence === undefined || precedence < least) return left;
      this.#at++;
      left = apply(operator, left, this.#binary(precedence + 1));
    }
  }

  #unary(): CValue {
    if (++this.#depth > MAX_DEPTH) throw new ExpressionError("the expression is too deep");
    try {
      const operator = this.#peek();
      if (operator === "sizeof") return this.#sizeof();
      if (!["-", "+", "~", "!"].includes(operator)) return this.#primary();
      this.#at++;
      const { value, bits, unsigned } = this.#unary();
      if (operator === "!") return int(value === 0n ? 1 : 0);
      return fit(operator === "-" ? -value : operator === "~" ? ~value : value, bits, unsigned);
    } finally {
      this.#depth--;
    }
  }

  /** The tokens between the parenthesis here and its partner; moves behind it. */
  #parenthesised(): Token[] {
    const start = this.#at + 1;
    let open = 0;
    for (; this.#at < this.#tokens.length; this.#at++) {
      if (this.#peek() === "(") open++;
      if (this.#peek() === ")" && --open === 0) return this.#tokens.slice(start, this.#at++);
    }
    throw new ExpressionError("a parenthesis is not closed");
  }

  #sizeof(): CValue {
    this.#at++;
    const type = this.#names.type(this.#parenthesised());
    if (type === undefined) throw new ExpressionError("sizeof of what is no known type");
    return fit(BigInt(type.size), 64, true);
  }

  #primary(): CValue {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new ExpressionError("the expression ends too soon");
    if (token.text === "(") {
      const start = this.#at;
      const type = this.#names.type(this.#parenthesised());
      if (type !== undefined) {
        const { value } = this.#unary();
        const { size, unsigned } = type;
        // Types narrower than int become int.
        const narrowed = unsigned ? BigInt.asUintN(size * 8, value) : BigInt.asIntN(size * 8, value);
        return fit(narrowed, size > 4 ? 64 : 32, unsigned && size >= 4);
      }
      this.#at = start + 1;
      const value = this.conditional();
      this.#take(")");
      return value;
    }
    this.#at++;
    if (token.kind === "number") return number(token.text);
    if (token.kind === "character") return character(token.text);
    const value = token.kind === "name" ? this.#names.value(token.text) : undefined;
    if (value === undefined) throw new ExpressionError(`${token.text} has no value`);
    return value;
  }
}

function apply(operator: string, left: CValue, right: CValue): CValue {
  const [a, b] = [left.value, right.value];
  if (operator === "<<" || operator === ">>") {
    if (b < 0n || b >= BigInt(left.bits)) throw new ExpressionError(`a shift by ${b} bits`);
    return fit(operator === "<<" ? a << b : a >> b, left.bits, left.unsigned);
  }
  if (operator === "&&" || operator === "||") {
    return int((operator === "&&" ? a !== 0n && b !== 0n : a !== 0n || b !== 0n) ? 1 : 0);
  }
  const { bits, unsigned } = common(left, right);
  const [x, y] = [fit(a, bits, unsigned).value, fit(b, bits, unsigned).value];
  switch (operator) {
    case "|":
      return fit(x | y, bits, unsigned);
    case "^":
      return fit(x ^ y, bits, unsigned);
    case "&":
      return fit(x & y, bits, unsigned);
    case "+":
      return fit(x + y, bits, unsigned);
    case "-":
      return fit(x - y, bits, unsigned);
    case "*":
      return fit(x * y, bits, unsigned);
    case "/":
    case "%":
      if (y === 0n) throw new ExpressionError("a division by zero");
      return fit(operator === "/" ? x / y : x % y, bits, unsigned);
    case "==":
      return int(x === y ? 1 : 0);
    case "!=":
      return int(x === y ? 0 : 1);
    case "<":
      return int(x < y ? 1 : 0);
    case ">":
      return int(x > y ? 1 : 0);
    case "<=":
      return int(x <= y ? 1 : 0);
    default:
      return int(x >= y ? 1 : 0);
  }
}

/** A number with its suffix; without one the first type that holds it (ISO C11, 6.4.4.1). */
function number(text: string): CValue {
  const [, digits, suffix] = /^(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)$/.exec(text) ?? [];
  if (digits === undefined || suffix === undefined || digits.length > 40) {
    throw new ExpressionError(`${text} is no integer`);
  }
  const octal = /^0\d+$/.test(digits);
  if (octal && /[89]/.test(digits)) throw new ExpressionError(`${text} is no integer`);
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  const marked = /u/i.test(suffix);
  const long = /l/i.test(suffix);
  const decimal = !octal && !/^0x/i.test(digits);
  if (!long && value <= 0x7fffffffn) return fit(value, 32, marked);
  if (!long && value <= 0xffffffffn && (marked || !decimal)) return fit(value, 32, true);
  if (value > 0xffffffffffffffffn) throw new ExpressionError(`${text} is too large`);
  return fit(value, 64, marked || value > 0x7fffffffffffffffn);
}

const ESCAPES: { readonly [escape: string]: number } = {
  n: 10,
  t: 9,
  r: 13,
  "0": 0,
  "\\": 92,
  "'": 39,
  '"': 34,
};

function character(text: string): CValue {
  const inner = text.slice(1, -1);
  const code = inner.length === 1
    ? inner.charCodeAt(0)
    : inner.length === 2 && inner[0] === "\\"
    ? ESCAPES[inner[1]!]
    : undefined;
  if (code === undefined) throw new ExpressionError(`${text} is no character`);
  return int(code);
}
