/**
 * Records what the C compiler makes of the kernel's UAPI headers, for the tests of this folder, into tests/data/uapi:
 *
 * - `constants.json`: the value of every constant that a header defines under a name that we derive from a spec
 * - `headers.json`: the digests of the headers that ynl generates, comments dropped
 *
 * Run by hand, with gcc, when the kernel version of the specs changes:
 *
 * ```sh
 * deno run -A tests/uapi/extract.ts --include DIR --package "linux-libc-dev VERSION"
 * ```
 *
 * `--include` is the `usr/include` of an unpacked linux-libc-dev.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { resolveUapi, uapiConstants } from "../../generator/model/uapi.ts";
import { codeDigest } from "./code_digest.ts";
import { correctedSpec, specFile, specNames } from "./specs.ts";

const { values: args } = parseArgs({ options: { include: { type: "string" }, package: { type: "string" } } });
if (!args.include || !args.package) throw new Error("--include and --package are needed");
const include = args.include;

// stddef.h and the like come with the compiler.
const found = new Deno.Command("gcc", { args: ["-print-file-name=include"] }).outputSync();
const builtins = new TextDecoder().decode(found.stdout).trim();

const names = new Set<string>();
const generated: string[] = [];
for (const spec of specNames()) {
  const header = resolveUapi(specFile(spec).spec);
  for (const { name } of uapiConstants(header)) names.add(name);
  for (const { name } of uapiConstants(resolveUapi(correctedSpec(spec)))) names.add(name);
  if (readHeader(header.path)?.includes(`specs/${spec}.yaml */\n/* YNL-GEN uapi header */`)) {
    generated.push(header.path);
  }
}

const values = new Map<string, Map<string, string>>();
for (const path of headerPaths()) {
  const words = new Set(readHeader(path)?.match(/\w+/g));
  const hits = [...names].filter((name) => words.has(name)).sort();
  for (const [name, value] of hits.length > 0 ? valuesOf(path, hits) : []) {
    const where = values.get(name) ?? new Map<string, string>();
    values.set(name, where.set(path, value));
  }
}

const constants: Record<string, number | string> = {};
for (const [name, where] of [...values].sort(([a], [b]) => a < b ? -1 : 1)) {
  if (new Set(where.values()).size > 1) throw new Error(`${name}: ${JSON.stringify([...where])}`);
  const [value] = where.values();
  if (value !== undefined) constants[name] = JSON.parse(value);
}
write("constants.json", { package: args.package, constants });

const digests: Record<string, string> = {};
for (const path of generated.sort()) digests[path] = codeDigest(readHeader(path) ?? "");
write("headers.json", { package: args.package, headers: digests });

function write(name: string, content: unknown) {
  Deno.writeTextFileSync(
    new URL(`../data/uapi/${name}`, import.meta.url),
    JSON.stringify(content, null, 1) + "\n",
  );
}

function readHeader(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(`${include}/${path}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Headers below linux/ and drm/: those of one architecture repeat them or belong to other interfaces. */
function headerPaths(): string[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const entry of Deno.readDirSync(`${include}/${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) walk(path);
      else if (entry.name.endsWith(".h")) found.push(path);
    }
  };
  walk("linux");
  walk("drm");
  return found.sort();
}

/** Asks gcc. A word that is no constant (it stands in a comment, names a struct) is dropped where gcc objects. */
function valuesOf(path: string, hits: string[]): [string, string][] {
  let candidates = hits;
  for (;;) {
    const prologue = [
      // The kernel's headers alone: libc has names of its own for some things, and its own values.
      "int printf(const char *, ...);",
      "struct sockaddr { unsigned short family; char data[14]; };",
      `#include <${path}>`,
      'static void number(const char *n, long long v) { printf("%s %lld\\n", n, v); }',
      'static void text(const char *n, const char *v) { printf("%s \\"%s\\"\\n", n, v); }',
      "#define SHOW(n) _Generic((n), char *: text, default: number)(#n, n);",
      "int main(void) {",
    ];
    const source = [...prologue, ...candidates.map((name) => `SHOW(${name})`), "}"].join("\n");
    const folder = Deno.makeTempDirSync();
    try {
      Deno.writeTextFileSync(`${folder}/show.c`, source);
      Deno.mkdirSync(`${folder}/sys`);
      Deno.writeTextFileSync(`${folder}/sys/socket.h`, "");
      const gcc = new Deno.Command("gcc", {
        args: [
          "-w",
          "-nostdinc",
          "-ffreestanding",
          "-I.",
          "-fno-diagnostics-show-caret",
          `-I${builtins}`,
          `-I${include}`,
          `-I${include}/x86_64-linux-gnu`,
          "show.c",
          "-o",
          "show",
        ],
        cwd: folder,
        env: { LC_ALL: "C" },
      }).outputSync();
      if (gcc.success) {
        const output = new TextDecoder().decode(new Deno.Command(`${folder}/show`).outputSync().stdout);
        return output.trim().split("\n").filter((line) => line !== "").map((line) => {
          const space = line.indexOf(" ");
          return [line.slice(0, space), line.slice(space + 1)];
        });
      }
      const message = new TextDecoder().decode(gcc.stderr);
      const bad = new Set(
        [...message.matchAll(/^show\.c:(\d+):\d+: error/gm)].map((match) =>
          Number(match[1]) - prologue.length - 1
        ),
      );
      const left = candidates.filter((_, i) => !bad.has(i));
      if (left.length === candidates.length) {
        console.error(
          `${path}: ${candidates.length} names left out: ${
            message.split("\n").find((line) => line.includes("error"))
          }`,
        );
        return [];
      }
      candidates = left;
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  }
}
