/** Macros of C and their expansion (ISO C11, 6.10.3). @module */
import type { Token } from "./tokens.ts";

/** A macro. */
export interface Macro {
  /** Its name. */
  name: string;
  /** Names of its parameters; absent for one that takes none. */
  parameters?: string[];
  /** The last parameter takes all that is left. */
  variadic: boolean;
  /** What it stands for. */
  body: Token[];
  /** The header that defines it, and the line there. */
  file: string;
  line: number;
}

/** Reads what follows `#define`; `undefined` if that is no definition. */
export function readDefine(tokens: readonly Token[], file: string): Macro | undefined {
  const [name, open] = tokens;
  if (name?.kind !== "name") return undefined;
  const macro: Macro = { name: name.text, variadic: false, body: tokens.slice(1), file, line: name.line };
  // Only a parenthesis that touches the name begins parameters.
  if (open?.text !== "(" || !open.joined) return macro;
  const close = tokens.findIndex(({ text }) => text === ")");
  const inside = tokens.slice(2, close);
  if (close === -1 || !inside.every(({ kind, text }) => kind === "name" || text === "," || text === "...")) {
    return undefined;
  }
  const names = inside.filter(({ text }) => text !== ",").map(({ text }) => text);
  macro.variadic = names.at(-1) === "...";
  macro.parameters = names.map((text) => text === "..." ? "__VA_ARGS__" : text);
  macro.body = tokens.slice(close + 1);
  return macro;
}

/**
 * Replaces macros in a list of tokens until none is left.
 *
 * @param find gives the macro of a name that is to be replaced
 * @param inside names that are being replaced, and are not replaced again
 * @param budget how many tokens may be looked at; when none is left, the rest is dropped
 */
export function expand(
  tokens: readonly Token[],
  find: (name: string) => Macro | undefined,
  inside: readonly string[],
  budget: { steps: number },
): Token[] {
  const output: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (--budget.steps < 0) return output;
    const token = tokens[i]!;
    const macro = token.kind === "name" && !inside.includes(token.text) ? find(token.text) : undefined;
    if (macro === undefined || inside.length > 40) {
      output.push(token);
    } else if (macro.parameters === undefined) {
      append(output, expand(at(macro.body, token.line), find, [...inside, macro.name], budget));
    } else if (tokens[i + 1]?.text === "(") {
      const { list, end } = readArguments(tokens, i + 1);
      const replaced = substitute(macro, list.map((argument) => expand(argument, find, inside, budget)));
      append(output, expand(at(replaced, token.line), find, [...inside, macro.name], budget));
      i = end;
    } else {
      output.push(token);
    }
  }
  return output;
}

/** Long lists do not fit into the arguments of a call. */
function append(output: Token[], tokens: readonly Token[]): void {
  for (const token of tokens) output.push(token);
}

/** What a macro brings stands where the macro is used. */
function at(tokens: readonly Token[], line: number): Token[] {
  return tokens.map((token) => ({ ...token, line }));
}

function readArguments(tokens: readonly Token[], open: number): { list: Token[][]; end: number } {
  const list: Token[][] = [[]];
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (["(", "{", "["].includes(token.text)) depth++;
    if ([")", "}", "]"].includes(token.text)) depth--;
    if (depth === 0) return { list, end: i };
    if (depth === 1 && token.text === ",") list.push([]);
    else if (i > open) list.at(-1)!.push(token);
  }
  return { list, end: tokens.length };
}

function substitute({ parameters, variadic, body }: Macro, given: readonly Token[][]): Token[] {
  const comma: Token = { kind: "mark", text: ",", line: 0, joined: false };
  const names = parameters!;
  const value = (name: string): Token[] | undefined => {
    const i = names.indexOf(name);
    if (i === -1) return undefined;
    if (!variadic || i < names.length - 1) return given[i] ?? [];
    return given.slice(i).flatMap((argument, j) => j === 0 ? argument : [comma, ...argument]);
  };
  const output: Token[] = [];
  for (let i = 0; i < body.length; i++) {
    const token = body[i]!;
    const tokens = (token.kind === "name" ? value(token.text) : undefined) ?? [token];
    if (token.text === "##" && output.length > 0 && i + 1 < body.length) {
      const next = body[++i]!;
      const right = (next.kind === "name" ? value(next.text) : undefined) ?? [next];
      const left = output.pop()!;
      const [first, ...rest] = right;
      output.push(first === undefined ? left : { ...left, text: left.text + first.text }, ...rest);
    } else {
      output.push(...tokens);
    }
  }
  return output;
}
