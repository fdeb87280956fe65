/** Families and their operations by the names of the spec. @module */
import { names } from "../generated/names.ts";
import type { Connection, KernelPolicy } from "../runtime/netlink/mod.ts";
import { type Family, type FamilyMeta, type Operation, suggest } from "../runtime/wire/mod.ts";
import { Failure, NameError } from "./failure.ts";

/** A family, ready for use. */
export interface LoadedFamily {
  /** Name of its spec. */
  readonly spec: string;
  /** Operations, events, groups. */
  readonly family: Family;
  /** Names and checks. */
  readonly meta: FamilyMeta;
}

/** An operation of a client that was opened without its types. */
export interface UntypedMethod {
  /** All replies to a request. */
  multi(request: object, options?: object): Promise<object[]>;
  /** A list of what matches the request. */
  dump(request: object): AsyncIterable<object> & { all(): Promise<object[]> };
  /** What the kernel accepts. */
  policy(mode: Mode): Promise<KernelPolicy | undefined>;
}

/** A client that was opened without the types of its operations. */
export type UntypedClient = Connection & { readonly [operation: string]: UntypedMethod };

/** Names of the netlink protocols that have a spec (linux/netlink.h). */
const PROTOCOLS: { readonly [protocol: number]: string } = { 0: "route", 12: "netfilter", 16: "generic" };

/** Name of a netlink protocol; its number if no spec has it. */
export function protocolName(protocol: number): string {
  return PROTOCOLS[protocol] ?? String(protocol);
}

/** Names of all specs, sorted. */
export function familyNames(): string[] {
  return Object.keys(names).sort();
}

/** `; did you mean "…"?`, if one of the candidates is near. */
export function hint(name: string, candidates: Iterable<string>): string {
  const near = suggest(name, candidates);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

/** Loads a family by the name of its spec, or of the kernel: `net_shaper` and `net-shaper` are one. */
export async function loadFamily(name: string): Promise<LoadedFamily> {
  const plain = (name: string) => name.replaceAll("-", "_");
  const spec = Object.hasOwn(names, name)
    ? name
    : Object.keys(names).find((other) => plain(other) === plain(name));
  if (spec === undefined) {
    const near = hint(name, Object.keys(names)) || "; `tynl list` shows them";
    throw new NameError(`there is no family "${name}"${near}`);
  }
  // Deno would read all families that literals name before anything runs, which takes longer than most requests.
  const module: string = `../generated/${spec}/mod.ts`;
  const { [names[spec]!]: family } = await import(module) as { [name: string]: Family };
  if (family === undefined) throw new Failure(`${module} does not have the family ${spec}`);
  return { spec, family, meta: await family.meta() };
}

/** The two ways to call an operation. */
export type Mode = "do" | "dump";

/** Finds an operation, and the name of the client's method for it. */
export function operationOf({ spec, family }: LoadedFamily, name: string): [string, Operation] {
  const found = Object.entries(family.operations).find(([, operation]) => operation.name === name);
  if (found !== undefined) return found;
  const near = hint(name, Object.values(family.operations).map(({ name }) => name)) ||
    `; \`tynl show ${spec}\` lists them`;
  throw new NameError(`${spec} has no operation "${name}"${near}`);
}

/** Finds an operation that has a mode. */
export function operationWith(loaded: LoadedFamily, name: string, mode: Mode): [string, Operation] {
  const found = operationOf(loaded, name);
  if (found[1][mode]) return found;
  throw new NameError(`${loaded.spec} ${name} has no ${mode}, only ${mode === "do" ? "dump" : "do"}`);
}
