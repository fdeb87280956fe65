/** Other programs that ask the kernel the same, and the comparison of what they tell with what we read. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Lack } from "./helpers.ts";

const environment = { LC_ALL: "C" };

function succeeds(command: string, ...args: string[]): boolean {
  try {
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    return new Deno.Command(command, { args, ...quiet }).outputSync().success;
  } catch {
    return false;
  }
}

/** Whether a program is missing: `needs the tool ethtool`. */
export function lacksTool(tool: string): Lack {
  return succeeds("sh", "-c", `command -v ${tool}`) ? undefined : `needs the tool ${tool}`;
}

/** What a device type needs before `ip link add probe0` makes one. */
const PROBES: Readonly<Record<string, string>> = {
  vxlan: "ip link add probe0 type vxlan id 1",
  macvlan: "ip link add probe1 type veth && ip link add probe0 link probe1 type macvlan",
};

/** Whether the kernel has no such device type: `needs vxlan devices`. Found out with ip. */
export function lacksDevice(kind: string): Lack {
  const add = PROBES[kind] ?? `ip link add probe0 type ${kind}`;
  return lacksTool("ip") ??
    (succeeds("unshare", "-n", "sh", "-c", add) ? undefined : `needs ${kind} devices`);
}

/** Runs a program in the network namespace of a process, or in this process's own, and gives what it prints. */
export async function run(netns: number | undefined, tool: string, ...args: string[]): Promise<string> {
  const [command = "", ...rest] = [
    ...(netns === undefined ? [] : ["nsenter", "-t", `${netns}`, "-n"]),
    tool,
    ...args,
  ];
  const output = await new Deno.Command(command, { args: rest, env: environment, stdin: "null" }).output();
  const text = new TextDecoder();
  assert(output.success, `${tool} ${args.join(" ")}: ${text.decode(output.stderr)}`);
  return text.decode(output.stdout);
}

/** As {@linkcode run}, for a program that prints JSON. An empty list may be printed as nothing. */
export async function json<T>(netns: number | undefined, tool: string, ...args: string[]): Promise<T> {
  const text = await run(netns, tool, ...args);
  return JSON.parse(text.trim() === "" ? "[]" : text) as T;
}

/**
 * What we read and what they tell at a time when nothing changed: the kernel itself changes states of links and
 * addresses after a while. Both are read again if ours is not the same before and after theirs.
 */
export async function atOnce<A, B>(ours: () => Promise<A>, theirs: () => Promise<B>): Promise<[A, B]> {
  let before = await ours();
  for (let tries = 0; tries < 1000; tries++) {
    const told = await theirs();
    const after = await ours();
    if (isDeepStrictEqual(before, after)) return [after, told];
    before = after;
  }
  assert.fail("it never stands still");
}

/**
 * Compares a tool's JSON with a table of what it has to be: their keys, our values, nested as theirs. A member that is
 * `undefined` in the table must be absent in theirs, lists must be as long as theirs. Members that only they have,
 * such as counters, are left out of the table.
 *
 * @example
 * ```ts ignore
 * agree(await json(netns, "ip", "-j", "link", "show", "lo"), [{ ifindex: header.ifiIndex, ifname, mtu }]);
 * ```
 */
export function agree(theirs: unknown, ours: unknown, path = "theirs"): void {
  if (typeof ours !== "object" || ours === null || typeof theirs !== "object" || theirs === null) {
    assert.strictEqual(theirs, ours, `${path}: they say ${show(theirs)}, we read ${show(ours)}`);
    return;
  }
  if (Array.isArray(ours)) {
    assert(Array.isArray(theirs), `${path}: theirs is no list`);
    assert.equal(theirs.length, ours.length, `${path}: they list ${show(theirs)}, we read ${show(ours)}`);
  }
  for (const [key, value] of Object.entries(ours)) {
    agree((theirs as Record<string, unknown>)[key], value, `${path}.${key}`);
  }
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}n` : part) ?? "nothing";
}
