/**
 * YAML text as plain values, with the position of every node.
 *
 * The text may come from anyone: it is limited in size, nesting and in what its aliases expand to, before any
 * recursive code sees it.
 *
 * @module
 */

import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  type YAMLError,
} from "yaml";
import {
  type Diagnostic,
  type Finding,
  type NodePath,
  quote,
  readablePath,
  sortDiagnostics,
} from "./diagnostics.ts";
import type { SourcePosition } from "./types.ts";

/** The largest text that is looked at; the largest spec of Linux 7.3 has 80,355 bytes. */
export const MAX_BYTES: number = 1 << 19;
/** The deepest nesting; specs have 8 levels. */
export const MAX_DEPTH: number = 32;
/** The most words, marks and spaces of YAML; the largest spec of Linux 7.3 has 27,161. */
export const MAX_TOKENS: number = 200_000;
/** The most faults that are told: a person reads no more, and a hostile file shall not fill memory with them. */
export const MAX_FAULTS: number = 200;
/** The most nodes once aliases are followed; the largest spec of Linux 7.3 has fewer than 15,000. */
export const MAX_NODES: number = 200_000;

const SPDX_TAG = /^# SPDX-License-Identifier: (\S.*?)\s*$/;

/** A YAML file that was read. */
export interface Source {
  /** The path as messages show it. */
  path: string;
  /** SPDX expression of the first line. */
  license: string;
  /** The content: maps, lists, text, numbers, booleans and null. */
  value: unknown;
  /** Where the value of a node (or its key) stands; the nearest parent's position if there is no such node. */
  locate(node: NodePath, onKey?: boolean): SourcePosition;
  /** Findings about nodes as diagnostics, by position. */
  report(findings: readonly Finding[]): Diagnostic[];
}

/** Reads a YAML file that starts with an SPDX line; on any fault there are diagnostics and no source. */
export function readSource(path: string, bytes: Uint8Array): { source?: Source; diagnostics: Diagnostic[] } {
  const at = (position: SourcePosition, message: string, expected?: string): Diagnostic => ({
    path,
    ...position,
    at: "",
    message,
    ...(expected === undefined ? {} : { expected }),
  });
  const start = { line: 1, column: 1 };
  if (bytes.length > MAX_BYTES) {
    const message = `the file has ${bytes.length} bytes`;
    return { diagnostics: [at(start, message, `at most ${MAX_BYTES}`)] };
  }
  const text = decode(bytes);
  if (typeof text !== "string") return { diagnostics: [at(text, "the file is not UTF-8 text")] };
  const diagnostics: Diagnostic[] = [];
  const license = SPDX_TAG.exec(text.slice(0, 200).split("\n", 1)[0]!)?.[1];
  if (license === undefined) {
    diagnostics.push(
      at(start, "the first line names no licence", '"# SPDX-License-Identifier: " and the licence'),
    );
  }

  const lines = new LineCounter();
  const position = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return line === 0 ? start : { line, column: col };
  };
  const { tokens, stopped } = tokenize(text, lines);
  if (stopped !== undefined) {
    diagnostics.push(at(position(stopped.offset), stopped.message, stopped.expected));
    return { diagnostics };
  }
  const documents = [
    ...new Composer({ version: "1.2", uniqueKeys: false, prettyErrors: false })
      .compose(tokens, true, text.length),
  ];
  const document = documents[0]!;
  for (const error of [...document.errors, ...document.warnings].slice(0, MAX_FAULTS)) {
    diagnostics.push(at(position(error.pos[0]), sentence(error)));
  }
  if (documents[1] !== undefined) {
    diagnostics.push(
      at(position(documents[1].range[0]), "a second document begins here", "one document in a file"),
    );
  }
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== "1.2") {
    diagnostics.push(at(start, `YAML ${document.directives.yaml.version}`, "YAML 1.2"));
  }
  if (diagnostics.length > 0) return { diagnostics: sortDiagnostics(diagnostics) };

  const reader = new NodeReader((node, message, expected) => {
    if (diagnostics.length < MAX_FAULTS) {
      diagnostics.push(at(position(node.range?.[0] ?? 0), message, expected));
    }
  });
  const value = reader.read(document);
  if (diagnostics.length > 0) return { diagnostics: sortDiagnostics(diagnostics) };
  const locate = (node: NodePath, onKey?: boolean) => position(reader.offset(document, node, onKey));
  const report = (findings: readonly Finding[]): Diagnostic[] =>
    sortDiagnostics(findings.map(({ node, onKey, ...rest }) => ({
      path,
      ...locate(node, onKey),
      at: readablePath(value, node),
      ...rest,
    })));
  return { source: { path, license: license!, value, locate, report }, diagnostics };
}

/** The text, or where the first byte stands that is not UTF-8. */
function decode(bytes: Uint8Array): string | SourcePosition {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const before = new TextDecoder().decode(bytes).split("\ufffd", 1)[0]!.split("\n");
    return { line: before.length, column: before.at(-1)!.length + 1 };
  }
}

/** The text as tokens, or where and why they became too many. The parser keeps its own stack: depth costs it nothing. */
function tokenize(
  text: string,
  lines: LineCounter,
): { tokens: CST.Token[]; stopped?: { offset: number; message: string; expected: string } } {
  const tokens: CST.Token[] = [];
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const offset = parser.offset;
    tokens.push(...parser.next(lexeme));
    // On the stack are the document, the open collections and a scalar.
    if (parser.stack.length > MAX_DEPTH + 2) {
      const expected = `at most ${MAX_DEPTH} levels`;
      return { tokens, stopped: { offset, message: "the nesting is too deep", expected } };
    }
    if (++count > MAX_TOKENS) {
      return {
        tokens,
        stopped: { offset, message: "the file says too much", expected: `at most ${MAX_TOKENS} tokens` },
      };
    }
  }
  tokens.push(...parser.end());
  return { tokens };
}

/** The parser's message as ours are: one line, no full stop, small first letter. */
function sentence(error: YAMLError): string {
  if (error.code === "MULTIPLE_DOCS") return "a second document begins here, expected one document in a file";
  const line = error.message.split("\n", 1)[0]!.slice(0, 200);
  return `not valid YAML: ${line}`;
}

/** What an anchor stands for, and how much that is. */
interface Anchored {
  node: Node;
  value: unknown;
  size: number;
  height: number;
}

type Complain = (node: Node, message: string, expected?: string) => void;

/** Turns nodes into values, following aliases at a bounded price. */
class NodeReader {
  readonly #complain: Complain;
  readonly #anchors = new Map<string, Anchored | undefined>();
  readonly #targets = new Map<Alias, Node>();
  #nodes = 0;
  /** How deep the value that is being read has gone, aliases followed. */
  #deepest = 0;

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  read(document: Document.Parsed | Document): unknown {
    const root = document.contents as Node | null;
    if (root === null) return null;
    const value = this.#value(root, 0);
    if (this.#nodes > MAX_NODES) {
      this.#complain(root, "the aliases expand to too much", `at most ${MAX_NODES} nodes`);
    }
    if (this.#deepest > MAX_DEPTH) {
      this.#complain(root, "the aliases nest too deeply", `at most ${MAX_DEPTH} levels`);
    }
    return value;
  }

  #value(node: Node, depth: number): unknown {
    this.#nodes++;
    this.#deepest = Math.max(this.#deepest, depth);
    if (isAlias(node)) return this.#aliased(node, depth);
    const anchor = "anchor" in node ? node.anchor : undefined;
    if (anchor === undefined) return this.#content(node, depth);
    const [nodes, deepest] = [this.#nodes, this.#deepest];
    // An alias inside its own anchor would have no end: until the node is complete, its anchor means nothing.
    this.#anchors.set(anchor, undefined);
    this.#deepest = depth;
    const value = this.#content(node, depth);
    this.#anchors.set(anchor, { node, value, size: this.#nodes - nodes, height: this.#deepest - depth });
    this.#deepest = Math.max(this.#deepest, deepest);
    return value;
  }

  /** The value is shared, not copied; it counts as often as it is used, for whoever walks the result. */
  #aliased(alias: Alias, depth: number): unknown {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#complain(alias, `the alias *${alias.source} has no anchor before it`);
      return null;
    }
    this.#targets.set(alias, target.node);
    this.#nodes += target.size;
    this.#deepest = Math.max(this.#deepest, depth + target.height);
    return target.value;
  }

  #content(node: Node, depth: number): unknown {
    if (isSeq(node)) return node.items.map((item) => this.#value(item as Node, depth + 1));
    if (isMap(node)) {
      const seen = new Set<string>();
      const pairs: [string, unknown][] = [];
      for (const pair of node.items) {
        const key = pair.key as Node;
        const name = isScalar(key) && key.anchor === undefined ? key.value : undefined;
        if (typeof name !== "string") {
          this.#complain(key ?? node, "this key is not a word", "text as the key of a map");
          continue;
        }
        if (seen.has(name)) this.#complain(key, `the key ${quote(name)} was given before`);
        seen.add(name);
        this.#nodes++;
        pairs.push([name, pair.value === null ? null : this.#value(pair.value as Node, depth + 1)]);
      }
      return Object.fromEntries(pairs);
    }
    const value = isScalar(node) ? node.value : null;
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
      const text = quote(isScalar(node) && node.source !== undefined ? node.source : String(value));
      const fault = Number.isInteger(value)
        ? "is too large a number to be held exactly"
        : "is not a whole number";
      this.#complain(node, `${text} ${fault}`);
    }
    return value;
  }

  /** The offset of a node, or of the nearest parent that exists. */
  offset(document: Document, path: NodePath, onKey?: boolean): number {
    let node = document.contents as Node | null;
    let offset = node?.range?.[0] ?? 0;
    for (const [i, step] of path.entries()) {
      if (isAlias(node)) node = this.#targets.get(node) ?? null;
      let next: Node | null | undefined;
      if (isMap(node)) {
        const pair = node.items.find((pair) => isScalar(pair.key) && pair.key.value === step);
        if (pair === undefined || !isPair(pair)) break;
        const key = pair.key as Node;
        next = pair.value as Node | null;
        // A key without a value stands where the value would.
        const wanted = (onKey === true && i === path.length - 1) || isEmpty(next) ? key : next;
        offset = wanted?.range?.[0] ?? offset;
      } else if (isSeq(node) && typeof step === "number") {
        next = node.items[step] as Node | undefined;
        offset = next?.range?.[0] ?? offset;
      }
      if (next === null || next === undefined) break;
      node = next;
    }
    return offset;
  }
}

function isEmpty(node: Node | null | undefined): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null && node.source === "");
}
