/**
 * Generated code against what the specs give, with meaning: which constant, attribute, operation or codec differs,
 * not only which line.
 *
 * @module
 */
import type { GeneratedFile } from "../generate.ts";
import type { SpecFile } from "../spec/types.ts";
import type { DriftFinding } from "./finding.ts";
import { locate } from "./locate.ts";

/** A generated file as it should be, and the family it is about. */
export interface ExpectedFile extends GeneratedFile {
  /** Name of the family; absent for the index of all families. */
  family?: string;
}

/** A finding as yet without its place in the spec: that takes the whole spec. */
export interface UnplacedFinding extends DriftFinding {
  /** Its path in the spec, with names in place of indices. */
  node?: string;
}

/** The finding with its place in the spec in front of that in the generated file. */
export function placeInSpec({ node, ...finding }: UnplacedFinding, specs: readonly SpecFile[]): DriftFinding {
  const spec = finding.family === "" ? undefined : specs.find(({ spec }) => spec.name === finding.family);
  return spec === undefined ? finding : { ...finding, places: [locate(spec, node ?? ""), ...finding.places] };
}

/** Compares files with what is there. `read` gives a file's text, `undefined` if it is missing. */
export function compareGenerated(
  expected: readonly ExpectedFile[],
  read: (path: string) => string | undefined,
): UnplacedFinding[] {
  return expected.flatMap((file) => {
    const text = read(file.path);
    if (text === file.text) return [];
    if (text === undefined) return [finding(file, "missing", file.path, `${file.path} is missing`)];
    const found = file.path.endsWith("/uapi.ts")
      ? constants(file, text)
      : file.path.endsWith("/meta.ts")
      ? names(file, text)
      : blocks(file, text);
    return found.length > 0 ? found : blocks(file, text);
  });
}

/** What stands in a folder of generated code and is not generated. */
export function strayFile(path: string): UnplacedFinding {
  return finding({ path, text: "" }, "not-generated", path, `no spec gives ${path}`);
}

function finding(
  { path, family = "" }: ExpectedFile,
  rule: string,
  at: string,
  message: string,
  rest: { expected?: string; found?: string; line?: number; node?: string } = {},
): UnplacedFinding {
  const { line = 1, ...values } = rest;
  return {
    comparison: "generated",
    rule,
    family,
    at,
    severity: "error",
    message,
    ...values,
    places: [{ file: path, line }],
  };
}

const MISSING = "nothing";

function constants(file: ExpectedFile, text: string): UnplacedFinding[] {
  const read = (text: string) => {
    const values = new Map<string, { value: string; line: number }>();
    for (const [i, line] of text.split("\n").entries()) {
      const [, name, value] = /^export const (\w+)(?:: \w+)? = (.*);$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) values.set(name, { value, line: i + 1 });
    }
    return values;
  };
  const [ours, theirs] = [read(file.text), read(text)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((name) => {
    const [expected, found] = [ours.get(name)?.value ?? MISSING, theirs.get(name)?.value ?? MISSING];
    if (expected === found) return [];
    const message = `constant ${name} is ${found} in ${file.path}, ${expected} by the spec`;
    const line = theirs.get(name)?.line ?? 1;
    return [finding(file, "constant-differs", `uapi/${name}`, message, { expected, found, line })];
  });
}

type Tree = string | number | boolean | null | Tree[] | { [key: string]: Tree };

/** The object literal of a generated module; `undefined` if somebody made it another. */
function literal(text: string): Tree | undefined {
  const start = text.indexOf("= {");
  const end = text.lastIndexOf("};");
  if (start === -1 || end < start) return undefined;
  const json = text.slice(start + 2, end + 1).replaceAll(
    /"(?:[^"\\]|\\.)*"|([A-Za-z_$][\w$]*)(?=\s*:)|,(?=\s*[}\]])|\b(\d+)n\b/g,
    (whole, key?: string, big?: string) =>
      key !== undefined ? `"${key}"` : big !== undefined ? `"${big}"` : whole === "," ? "" : whole,
  );
  try {
    return JSON.parse(json) as Tree;
  } catch {
    return undefined;
  }
}

/** How the parts of a family's meta.ts are called in its spec. */
const PARTS: { readonly [part: string]: string } = {
  sets: "attribute-sets",
  structs: "definitions",
  enums: "definitions",
  messages: "sub-messages",
  operations: "operations/list",
};

function names(file: ExpectedFile, text: string): UnplacedFinding[] {
  const [ours, theirs] = [literal(file.text), literal(text)];
  if (ours === undefined || theirs === undefined) return [];
  const findings: UnplacedFinding[] = [];
  const walk = (a: Tree | undefined, b: Tree | undefined, path: readonly string[]): void => {
    if (isTree(a) && isTree(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        walk(Object.hasOwn(a, key) ? a[key] : undefined, Object.hasOwn(b, key) ? b[key] : undefined, [
          ...path,
          key,
        ]);
      }
      return;
    }
    const [expected, found] = [say(a), say(b)];
    if (expected === found) return;
    const [part = "", ...rest] = path;
    const at = [PARTS[part] ?? part, ...rest].join("/");
    findings.push(
      finding(file, "description-differs", at, `${at} is ${found} in ${file.path}, ${expected} by the spec`, {
        expected,
        found,
        node: at.replace(/^(attribute-sets\/[^/]+)\//, "$1/attributes/"),
      }),
    );
  };
  walk(ours, theirs, []);
  return findings;
}

function isTree(value: Tree | undefined): value is { [key: string]: Tree } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function say(value: Tree | undefined): string {
  const text = value === undefined ? MISSING : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}

/** Exports by name, with the lines of operations and events told apart. */
function readBlocks(text: string): Map<string, { text: string; line: number }> {
  const blocks = new Map<string, { text: string; line: number }>();
  let name = "the head of the file";
  let outer = name;
  for (const [i, line] of text.split("\n").entries()) {
    const export_ = /^export (?:interface|const|type|function|\*)\s*(\w*)/.exec(line);
    if (export_ !== null) outer = name = export_[1] === "" ? "exports" : export_[1]!;
    const operation = /^ {4}.*\{ name: "([^"]+)"/.exec(line);
    name = operation === null ? outer : `operation ${operation[1]}`;
    const block = blocks.get(name) ?? { text: "", line: i + 1 };
    blocks.set(name, { ...block, text: `${block.text}${line}\n` });
  }
  return blocks;
}

function blocks(file: ExpectedFile, text: string): UnplacedFinding[] {
  const [ours, theirs] = [readBlocks(file.text), readBlocks(text)];
  const found = [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((name) => {
    const [a, b] = [ours.get(name), theirs.get(name)];
    if (a?.text === b?.text) return [];
    const state = b === undefined ? "is missing" : a === undefined ? "is not what any spec gives" : "differs";
    const operation = /^operation (.*)/.exec(name)?.[1];
    return [
      finding(
        file,
        "code-differs",
        operation === undefined ? `${file.path}/${name}` : `operations/list/${operation}`,
        `${name} ${state} in ${file.path}`,
        { line: b?.line ?? 1, ...(operation === undefined ? {} : { node: `operations/list/${operation}` }) },
      ),
    ];
  });
  // The same exports in another order.
  return found.length > 0
    ? found
    : [finding(file, "code-differs", file.path, `${file.path} is in another order`)];
}
