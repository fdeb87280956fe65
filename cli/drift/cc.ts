/** Lets a C compiler say whether values, sizes and offsets read from headers are right. Nothing is run but the compiler. @module */
import type { DriftFinding } from "../../generator/drift/finding.ts";
import type { HeaderFacts, HeaderMember } from "../../generator/drift/header_facts.ts";
import { UsageError } from "../failure.ts";

const LIMIT = 120_000;

/** What a compiler says of one assertion that fails. */
const FAILED = /assertion failed:?\s*(?:due to requirement '[^']*':?\s*)?"([^"]*)"/g;

/** What a compiler thinks of the facts of headers. */
export interface CrossCheck {
  /** How many it confirmed, and which headers it cannot compile. */
  remarks: string[];
  /** Facts that it contradicts. */
  findings: DriftFinding[];
}

/** Asserts every fact of the headers of a folder. Throws {@linkcode UsageError} if there is no such compiler. */
export async function crossCheck(compiler: string, include: string, facts: HeaderFacts): Promise<CrossCheck> {
  const assertions = assertionsOf(facts);
  const result: CrossCheck = { remarks: [], findings: [] };
  let confirmed = 0;
  // Headers that no program includes together contradict each other: each is compiled alone.
  const queue = [...assertions];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [header, list] = next;
      const complaints = await compile(compiler, include, header, list);
      const failed = new Set([...complaints.matchAll(FAILED)].map(([, text]) => text!));
      const [, fault] = failed.size === 0 ? /error:\s*(.*)/.exec(complaints) ?? [] : [];
      if (fault === undefined) confirmed += list.length - failed.size;
      else result.remarks.push(`${compiler} cannot compile ${header}: ${fault}`);
      for (const text of failed) result.findings.push(contradiction(compiler, header, text));
    }
  };
  await Promise.all([work(), work()]);
  const total = [...assertions.values()].reduce((sum, { length }) => sum + length, 0);
  result.remarks = [
    `${compiler} confirmed ${confirmed} of ${total} facts of the headers`,
    ...result.remarks.sort(),
  ];
  return result;
}

function contradiction(compiler: string, header: string, text: string): DriftFinding {
  return {
    comparison: "headers",
    rule: "compiler-differs",
    family: "",
    at: `${header}/${text}`,
    severity: "error",
    message: `${compiler} contradicts what was read in ${header}: ${text}`,
    places: [{ file: header, line: 1 }],
  };
}

/** Assertions in C, by the header that they are about. */
function assertionsOf(facts: HeaderFacts): Map<string, string[]> {
  const assertions = new Map<string, string[]>();
  const add = (header: string, condition: string, text: string) =>
    assertions.set(header, [...assertions.get(header) ?? [], `_Static_assert(${condition}, "${text}");`]);
  const value = (header: string, name: string, value: number | string) => {
    if (typeof value !== "string" || !value.startsWith('"')) {
      // Bits are compared: the type decides about the sign.
      add(
        header,
        `((unsigned long long)(${name}) ^ (unsigned long long)${value}LL) << 32 == 0`,
        `${name} is ${value}`,
      );
    }
  };
  for (const { at: [header], entries } of facts.enums) {
    for (const [name, number] of entries) value(header, name, number);
  }
  for (const [name, { value: number, at: [header] }] of Object.entries(facts.defines)) {
    value(header, name, number);
  }
  for (const [name, { size, members, union, at: [header] }] of Object.entries(facts.structs)) {
    const type = `${union ? "union" : "struct"} ${name}`;
    add(header, `sizeof(${type}) == ${size}`, `${type} has ${size} bytes`);
    for (const { path, offset } of named(members)) {
      add(header, `__builtin_offsetof(${type}, ${path}) == ${offset}`, `${path} of ${name} is at ${offset}`);
    }
  }
  return assertions;
}

/** Members that have a name in the outermost struct. */
function named(members: readonly HeaderMember[]): { path: string; offset: number }[] {
  return members.flatMap(({ name, offset, inside, bits }) =>
    name === "" ? named(inside ?? []) : bits === undefined ? [{ path: name, offset }] : []
  );
}

async function compile(
  compiler: string,
  include: string,
  header: string,
  assertions: readonly string[],
): Promise<string> {
  const source = [
    // libc's type, which some headers take for granted.
    "struct sockaddr { unsigned short family; char data[14]; };",
    "struct sockaddr_storage_ { char data[128]; };",
    `#include <${header}>`,
    ...assertions,
  ].join("\n");
  const folder = Deno.makeTempDirSync({ prefix: "tynl-drift-" });
  try {
    Deno.mkdirSync(`${folder}/sys`);
    Deno.writeTextFileSync(`${folder}/sys/socket.h`, "");
    Deno.writeTextFileSync(`${folder}/facts.c`, `${source}\n`);
    const { stderr } = await new Deno.Command(compiler, {
      args: [
        "-fsyntax-only",
        "-w",
        "-ffreestanding",
        `-I${folder}`,
        `-I${include}`,
        `-I${include}/${Deno.build.arch}-linux-gnu`,
        `${folder}/facts.c`,
      ],
      env: { LC_ALL: "C" },
      stdin: "null",
      stdout: "null",
      signal: AbortSignal.timeout(LIMIT),
    }).output();
    return new TextDecoder().decode(stderr);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`there is no compiler ${compiler}`);
    throw new UsageError(`cannot run ${compiler}: ${(error as Error).message}`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
