/**
 * Remembers what a generated folder was made from, so that a run that would change nothing ends at once.
 *
 * The stamp is no proof: `generate --check` never looks at it.
 *
 * @module
 */
import { sha256Hex } from "../generator/spec/read.ts";

const FILE = ".stamp.json";

interface Stamp {
  /** Hash over the generator's own modules, the specs, the errata and the options. */
  input: string;
  /** Hash of each file, by its path in the folder. */
  output: Record<string, string>;
}

/** What generation depends on besides the generator. */
export interface StampInput {
  /** errata.yaml, if it is applied. */
  errata: Uint8Array | undefined;
  /** Specs by name. */
  specs: ReadonlyMap<string, Uint8Array>;
}

/** Hashes of the generator's modules; `undefined` where they cannot be read, as from a package on the web. */
function generatorHash(): string | undefined {
  const hashes: string[] = [];
  const walk = (url: URL) => {
    for (const { name, isDirectory } of [...Deno.readDirSync(url)].sort((x, y) => x.name < y.name ? -1 : 1)) {
      if (isDirectory) walk(new URL(`${name}/`, url));
      else hashes.push(name, sha256Hex(Deno.readFileSync(new URL(name, url))));
    }
  };
  try {
    walk(new URL("../generator/", import.meta.url));
  } catch {
    return undefined;
  }
  return hashes.join();
}

function inputHash(input: StampInput, runtime: string | undefined): string | undefined {
  const generator = generatorHash();
  if (generator === undefined) return undefined;
  const parts = [generator, runtime ?? "", input.errata === undefined ? "" : sha256Hex(input.errata)];
  for (const [name, bytes] of input.specs) parts.push(name, sha256Hex(bytes));
  return sha256Hex(new TextEncoder().encode(parts.join("\n")));
}

/** Whether the folder holds just what the input gave before. */
export function isUpToDate(folder: string, input: StampInput, runtime: string | undefined): boolean {
  try {
    const { input: before, output } = JSON.parse(Deno.readTextFileSync(`${folder}/${FILE}`)) as Stamp;
    return before === inputHash(input, runtime) &&
      Object.entries(output).every(([path, hash]) =>
        sha256Hex(Deno.readFileSync(`${folder}/${path}`)) === hash
      );
  } catch {
    return false;
  }
}

/** Writes down what the folder was made from. */
export function stamp(
  folder: string,
  input: StampInput,
  runtime: string | undefined,
  paths: readonly string[],
): void {
  const hash = inputHash(input, runtime);
  if (hash === undefined) return;
  const output = Object.fromEntries(
    paths.map((path) => [path, sha256Hex(Deno.readFileSync(`${folder}/${path}`))]),
  );
  Deno.writeTextFileSync(`${folder}/${FILE}`, JSON.stringify({ input: hash, output } satisfies Stamp));
}
