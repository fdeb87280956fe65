/** C text as tokens, comments and line continuations gone. @module */

/** What a token is. */
export type TokenKind = "name" | "number" | "string" | "character" | "mark";

/** A token. */
export interface Token {
  /** What it is. */
  kind: TokenKind;
  /** As it stands in the text. */
  text: string;
  /** Its line, from 1. */
  line: number;
  /** Whether nothing stands between it and the token before. */
  joined: boolean;
}

/** A line of C, continuations joined to it. */
export interface Line {
  /** Its tokens. */
  tokens: Token[];
  /** Whether it is for the preprocessor: `#` is then left out. */
  directive: boolean;
}

/** Larger headers are not read; the largest of Linux 7.3 has 0.4 MB. */
export const MAX_HEADER_BYTES: number = 4 << 20;

const TOKEN = new RegExp(
  [
    /(?<space>[ \t\r\f\v]+|\\\r?\n|\/\/[^\n]*)/,
    /(?<comment>\/\*[\s\S]*?(?:\*\/|$))/,
    /(?<newline>\n)/,
    /(?<name>[A-Za-z_]\w*)/,
    /(?<number>\.?\d(?:[eEpP][+-]|[\w.])*)/,
    /(?<string>"(?:[^"\\\n]|\\.)*")/,
    /(?<character>'(?:[^'\\\n]|\\.)*')/,
    /(?<mark>\.\.\.|<<=|>>=|##|<<|>>|<=|>=|==|!=|&&|\|\||->|.)/,
  ].map(({ source }) => source).join("|"),
  "suy",
);

/** Splits a text into lines of tokens. What is no token of C is left out. */
export function tokenize(text: string): Line[] {
  const lines: Line[] = [];
  let current: Line = { tokens: [], directive: false };
  let line = 1;
  const end = () => {
    if (current.tokens.length > 0 || current.directive) lines.push(current);
    current = { tokens: [], directive: false };
  };
  let last = -1;
  for (const { 0: token, groups, index } of text.matchAll(new RegExp(TOKEN.source, "sug"))) {
    if (groups!["newline"] !== undefined) {
      end();
      line++;
    } else if (groups!["space"] !== undefined || groups!["comment"] !== undefined) {
      line += token.split("\n").length - 1;
    } else if (token === "#" && current.tokens.length === 0) {
      current.directive = true;
    } else {
      current.tokens.push({ kind: kindOf(token), text: token, line, joined: last === index });
      last = index + token.length;
    }
  }
  end();
  return lines;
}

function kindOf(token: string): TokenKind {
  if (/^[A-Za-z_]/.test(token)) return "name";
  if (/^\.?\d/.test(token)) return "number";
  return token[0] === '"' && token.length > 1
    ? "string"
    : token[0] === "'" && token.length > 1
    ? "character"
    : "mark";
}
