/**
 * `tynl completion`: what shells need to complete the command, and the words that they then ask for.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { guarded, UsageError } from "./failure.ts";
import { familyNames, type LoadedFamily, loadFamily } from "./family.ts";
import { type Io, standardIo } from "./io.ts";
import { lazily } from "./lazy.ts";

const HELP = `Usage: tynl completion bash|zsh|fish

Prints what makes a shell complete subcommands, families, operations, attributes and the values of enums:

  bash               source <(tynl completion bash)
  zsh                source <(tynl completion zsh)
  fish               tynl completion fish | source

  --words LINE       print what may come at the end of a line, a word to a line: what the shells ask for
  --help             this text`;

const BASH = `_tynl() {
  local line=\${COMP_LINE:0:COMP_POINT} word
  mapfile -t COMPREPLY < <(tynl completion --words "$line" 2>/dev/null)
  # What is before the last = or : is a word of its own to bash.
  word=\${line##* }
  case $word in *[=:]*) word=\${word%"\${word##*[=:]}"}; COMPREPLY=("\${COMPREPLY[@]#"$word"}") ;; esac
  case \${COMPREPLY[0]-} in *[=.]) compopt -o nospace ;; esac
}
complete -o default -F _tynl tynl`;

const ZSH = `_tynl() {
  local -a found
  found=("\${(@f)$(tynl completion --words "$LBUFFER" 2>/dev/null)}")
  compadd -S '' -- \${(M)found:#*[=.]}
  compadd -- \${found:#*[=.]}
}
compdef _tynl tynl`;

const FISH = `complete -c tynl -f -a '(tynl completion --words (commandline -cp) 2>/dev/null)'`;

const SCRIPTS: { readonly [shell: string]: string } = { bash: BASH, zsh: ZSH, fish: FISH };

/** Runs the command; the result is its exit status. */
export async function completion(args: string[], io: Io = standardIo()): Promise<number> {
  return await guarded("tynl completion", io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        words: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) io.out(HELP);
    else if (values.words !== undefined) {
      for (const word of await completions(values.words)) io.out(word);
    } else {
      const [shell = "", ...more] = positionals;
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
      if (script === undefined || more.length > 0) {
        throw new UsageError("for which shell: bash, zsh or fish?");
      }
      io.out(script);
    }
    return 0;
  });
}

/** Words that may stand at the end of a command line, in place of its last one. */
export async function completions(line: string): Promise<string[]> {
  // Quotes and escapes are seldom needed in what is completed here.
  const words = line.trimStart().split(/\s+/).slice(1);
  const last = words.pop() ?? "";
  try {
    return (await possible(words, last)).filter((word) => word.startsWith(last) && word !== last);
  } catch (error) {
    if (error instanceof Error && error.name === "NameError") return [];
    throw error;
  }
}

async function possible(words: readonly string[], last: string): Promise<readonly string[]> {
  const [subcommand, ...rest] = words;
  if (subcommand === undefined && !last.startsWith("-")) {
    const { subcommandNames } = await lazily<typeof import("./main.ts")>("./main.ts");
    return subcommandNames();
  }
  if (subcommand === undefined || subcommand === "ynl" || subcommand.startsWith("--")) {
    return await afterYnl(subcommand === "ynl" ? rest : words);
  }
  if (subcommand === "completion") return Object.keys(SCRIPTS);
  if (subcommand === "tlshd") return afterTlshd(rest.at(-1));
  if (subcommand === "drift") return afterDrift(rest, last);
  if (!["show", "do", "dump", "policy", "monitor"].includes(subcommand)) return [];
  if (last.startsWith("-")) return subcommand === "show" ? ["--json"] : ["--json", "--ndjson"];
  const [family, operation, ...given] = rest.filter((word) => !word.startsWith("-"));
  if (family === undefined) return familyNames();
  const loaded = await loadFamily(family);
  if (subcommand === "monitor") return Object.keys(loaded.family.groups);
  if (operation === undefined) return namesFor(subcommand, loaded);
  if (subcommand !== "do" && subcommand !== "dump") return [];
  const { candidates } = await lazily<typeof import("./assignments.ts")>("./assignments.ts");
  return candidates(loaded.meta, loaded.meta.operations[operation] ?? {}, given, last);
}

/** What may follow the options of `tlshd`; files where one takes a file. */
function afterTlshd(before: string | undefined): string[] {
  if (before === "-c" || before === "--config") return [];
  if (before === "--log-format") return ["text", "json"];
  return ["config", "stderr", "log-format", "status", "check", "json", "version", "help"].map((name) =>
    `--${name}`
  );
}

/** What may follow the options of `drift`; files where one is wanted. */
function afterDrift(words: readonly string[], last: string): readonly string[] {
  const values: { readonly [word: string]: readonly string[] } = {
    "--format": ["text", "json", "sarif", "github", "markdown"],
    "--fail-on": ["error", "warning", "note", "never"],
    "--family": familyNames(),
    ...Object.fromEntries(
      ["--specs", "--release", "--cc", "--save", "--baseline", "upstream", "headers"].map((
        word,
      ) => [word, []]),
    ),
  };
  const before = words.at(-1) ?? "";
  if (Object.hasOwn(values, before)) return values[before]!;
  if (!last.startsWith("-")) {
    return ["generated", "upstream", "headers", "kernel"].filter((word) => !words.includes(word));
  }
  return [...Object.keys(values).filter((word) => word.startsWith("-")), "--no-errata", "--notes"]
    .concat("--write-baseline", "--help");
}

/** What may follow the family. */
function namesFor(subcommand: string, { family, meta }: LoadedFamily): string[] {
  if (subcommand === "show") {
    return [meta.operations, meta.sets, meta.structs, meta.enums, meta.messages].flatMap(Object.keys);
  }
  return Object.values(family.operations)
    .filter((operation) => subcommand === "policy" || operation[subcommand as "do" | "dump"])
    .map(({ name }) => name);
}

/** What may follow the options of `ynl`. */
async function afterYnl(words: readonly string[]): Promise<string[]> {
  const { optionNames } = await lazily<typeof import("./ynl/options.ts")>("./ynl/options.ts");
  const before = words.at(-1);
  if (before === "--family") return familyNames();
  const family = words[words.indexOf("--family") + 1];
  if (before !== undefined && words.includes("--family") && family !== undefined) {
    const loaded = await loadFamily(family);
    if (before === "--do" || before === "--multi") return namesFor("do", loaded);
    if (before === "--dump") return namesFor("dump", loaded);
    if (before === "--list-attrs" || before === "--doc") return Object.keys(loaded.meta.operations);
    if (before === "--subscribe") return Object.keys(loaded.family.groups);
  }
  return optionNames().map((name) => `--${name}`);
}
