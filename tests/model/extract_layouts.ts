/**
 * Records how the C compiler lays out the structs of the kernel's UAPI headers that specs describe, for
 * layout_test.ts, into tests/data/layout/structs.json.
 *
 * Run by hand, with gcc and readelf, when the kernel version of the specs changes:
 *
 * ```sh
 * deno run -A tests/model/extract_layouts.ts --include DIR --package "linux-libc-dev VERSION"
 * ```
 *
 * `--include` is the `usr/include` of an unpacked linux-libc-dev for amd64. Sizes and offsets come from the debug
 * information (DWARF) that gcc writes for an object which includes the headers: nothing is derived here.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { specFile, specNames } from "../uapi/specs.ts";
import { ARMS, cName } from "./c_names.ts";

const { values: args } = parseArgs({ options: { include: { type: "string" }, package: { type: "string" } } });
if (!args.include || !args.package) throw new Error("--include and --package are needed");
const include = args.include;

/** A debugging information entry: its tag, its attributes as readelf prints them, and its children. */
interface Die {
  tag: string;
  attributes: Map<string, string>;
  children: Die[];
}

function run(command: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args, env: { LC_ALL: "C" } }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Headers below linux/ that define one of the structs. */
function headersOf(names: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(`${include}/${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory) walk(path);
      else if (name.endsWith(".h")) {
        const text = Deno.readTextFileSync(`${include}/${path}`);
        if ([...text.matchAll(/^\s*struct (\w+)\s*\{/gm)].some(([, name]) => names.has(name!))) {
          found.push(path);
        }
      }
    }
  };
  walk("linux");
  return found.sort();
}

/** The entries of an object's debug information by their offset, and those at the top. */
function readDies(object: string): { byOffset: Map<number, Die>; top: Die[] } {
  const byOffset = new Map<number, Die>();
  const top: Die[] = [];
  const open: Die[] = [];
  for (const line of run("readelf", "--debug-dump=info", object).split("\n")) {
    const entry = /^ <(\d+)><([0-9a-f]+)>: Abbrev Number: \d+ \(DW_TAG_(\w+)\)/.exec(line);
    if (entry !== null) {
      const die: Die = { tag: entry[3]!, attributes: new Map(), children: [] };
      const level = parseInt(entry[1]!, 10);
      open.length = level;
      open[level - 1]?.children.push(die);
      if (level === 1) top.push(die);
      open[level] = die;
      byOffset.set(parseInt(entry[2]!, 16), die);
      continue;
    }
    const attribute = /^ {4}<[0-9a-f]+>\s+DW_AT_(\w+)\s*: (.*)$/.exec(line);
    if (attribute !== null) {
      const value = attribute[2]!.trim().replace(/^\((indirect string|data\d?|udata|sdata)[^)]*\):? ?/, "");
      open.at(-1)?.attributes.set(attribute[1]!, value);
    }
  }
  return { byOffset, top };
}

const names = new Set([
  ...specNames().flatMap((spec) => specFile(spec).spec.definitions ?? [])
    .filter(({ type }) => type === "struct").map(({ name }) => cName(name)),
  ...Object.values(ARMS).map(({ struct }) => struct),
]);
const folder = Deno.makeTempDirSync();
try {
  const source = headersOf(names).map((header) => `#include <${header}>\n`).join("");
  Deno.writeTextFileSync(`${folder}/all.c`, `struct sockaddr { unsigned short f; char d[14]; };\n${source}`);
  Deno.mkdirSync(`${folder}/sys`);
  Deno.writeTextFileSync(`${folder}/sys/socket.h`, "");
  run(
    "gcc",
    "-c",
    "-g",
    "-fno-eliminate-unused-debug-types",
    "-nostdinc",
    "-ffreestanding",
    `-I${folder}`,
    `-I${run("gcc", "-print-file-name=include").trim()}`,
    `-I${include}`,
    `-I${include}/x86_64-linux-gnu`,
    `${folder}/all.c`,
    "-o",
    `${folder}/all.o`,
  );
  const { byOffset, top } = readDies(`${folder}/all.o`);
  const reference = (die: Die) =>
    byOffset.get(parseInt(/<0x([0-9a-f]+)>/.exec(die.attributes.get("type")!)![1]!, 16))!;
  const number = (die: Die, attribute: string) => Number(die.attributes.get(attribute) ?? NaN);

  /** Size of a type; of an array without a bound that of one element, negative. */
  const sizeOf = (die: Die): number => {
    if (die.attributes.has("byte_size")) return number(die, "byte_size");
    if (die.tag !== "array_type") return sizeOf(reference(die));
    const element = sizeOf(reference(die));
    const counts = die.children.map((range) =>
      range.attributes.has("count") ? number(range, "count") : number(range, "upper_bound") + 1
    );
    const count = counts.reduce((product, count) => product * count, 1);
    return Number.isNaN(count) || count === 0 ? -element : count * element;
  };

  /** Members by name, with those of unnamed structs and unions among them. */
  const membersOf = (die: Die, base = 0): [name: string, offset: number, size: number][] =>
    die.children.filter(({ tag }) => tag === "member").flatMap((member) => {
      const offset = base + (number(member, "data_member_location") || 0);
      const name = member.attributes.get("name");
      return name === undefined
        ? membersOf(reference(member), offset)
        : [[name, offset, sizeOf(reference(member))] as [string, number, number]];
    });

  const lines = top.filter(({ tag, attributes }) =>
    tag === "structure_type" && names.has(attributes.get("name") ?? "") && attributes.has("byte_size")
  ).map((die) => {
    const layout = { size: number(die, "byte_size"), members: membersOf(die) };
    return `  ${JSON.stringify(die.attributes.get("name"))}: ${JSON.stringify(layout)}`;
  });
  Deno.writeTextFileSync(
    new URL("../data/layout/structs.json", import.meta.url),
    `{\n "package": ${JSON.stringify(args.package)},\n "structs": {\n${
      [...new Set(lines)].sort().join(",\n")
    }\n }\n}\n`,
  );
} finally {
  Deno.removeSync(folder, { recursive: true });
}
