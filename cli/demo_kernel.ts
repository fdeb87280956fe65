/** The second part of the demo: questions to the running kernel. @module */
import {
  DumpInterruptedError,
  FamilyNotFoundError,
  NetlinkError,
  open,
  SystemError,
  UnsupportedError,
} from "../mod.ts";
import { families } from "../generated/families.ts";
import { type CtrlAttrs, nlctrl } from "../generated/nlctrl/mod.ts";
import { rtAddr } from "../generated/rt-addr/mod.ts";
import { rtLink } from "../generated/rt-link/mod.ts";
import { RtmType, rtRoute } from "../generated/rt-route/mod.ts";
import { type Family, NETLINK_GENERIC } from "../runtime/wire/mod.ts";
import { heading, table, wrap } from "./table.ts";

/** Routes that are shown: there may be very many. */
const MOST_ROWS = 20;

/** Asks the running kernel, and tells what it says; where there is no netlink, why. */
export async function showKernel(): Promise<void> {
  console.log(heading("The running kernel"));
  try {
    const known = await told(showFamilies);
    const names = await told(showLinks) ?? new Map();
    await told(() => showAddresses(names));
    await told(() => showRoutes(names));
    if (known !== undefined) await told(() => showSupport(known));
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    console.log(wrap(`Cannot ask it: ${error.message}.`.split(" ")));
  }
}

/** Runs one part. A sandbox may forbid any of them: that is said, and the others go on. */
async function told<T>(part: () => Promise<T>): Promise<T | undefined> {
  try {
    return await part();
  } catch (error) {
    const expected = [NetlinkError, SystemError, FamilyNotFoundError, DumpInterruptedError];
    if (!expected.some((type) => error instanceof type)) throw error;
    console.log(`\n${wrap((error as Error).message.split(" "))}`);
    return undefined;
  }
}

async function showFamilies(): Promise<CtrlAttrs[]> {
  await using client = await open(nlctrl);
  const known = await client.getfamily.dump().all();
  console.log("  Generic netlink families, from nlctrl getfamily:\n");
  const rows = known.map(({ familyName, familyId, version, ops, mcastGroups }) => [
    `${familyId}`,
    familyName ?? "",
    `${version}`,
    `${ops?.length ?? 0}`,
    mcastGroups?.map(({ name }) => name).join(" ") ?? "",
  ]);
  console.log(table(["id", "family", "version", "operations", "multicast groups"], rows));
  return known;
}

/** Names of devices by their index, on the way. */
async function showLinks(): Promise<Map<number, string>> {
  await using client = await open(rtLink);
  const names = new Map<number, string>();
  const rows: string[][] = [];
  for (
    const { header, ifname = "", mtu, operstate, address = "", linkinfo } of await client.getlink.dump().all()
  ) {
    names.set(header.ifiIndex, ifname);
    const state = OPERSTATES[operstate ?? 0] ?? `${operstate}`;
    rows.push([`${header.ifiIndex}`, ifname, state, `${mtu ?? ""}`, address, linkinfo?.kind ?? ""]);
  }
  show("Links, from rt-link getlink", ["index", "name", "state", "mtu", "address", "kind"], rows);
  return names;
}

async function showAddresses(names: ReadonlyMap<number, string>): Promise<void> {
  await using client = await open(rtAddr);
  const rows: string[][] = [];
  for (const { header, local, address, label } of await client.getaddr.dump().all()) {
    const device = names.get(header.ifaIndex) ?? `${header.ifaIndex}`;
    rows.push([
      device,
      `${local ?? address}/${header.ifaPrefixlen}`,
      scopeName(header.ifaScope),
      label ?? "",
    ]);
  }
  show("Addresses, from rt-addr getaddr", ["device", "address", "scope", "label"], rows);
}

async function showRoutes(names: ReadonlyMap<number, string>): Promise<void> {
  await using client = await open(rtRoute);
  const types = new Map<number, string>(Object.entries(RtmType).map(([name, value]) => [value, name]));
  const rows: string[][] = [];
  let more = 0;
  // Some machines have a million of them: they are streamed, not collected.
  for await (const { header, dst, gateway, oif, table, priority } of client.getroute.dump()) {
    if (rows.length === MOST_ROWS) {
      more++;
      continue;
    }
    rows.push([
      dst === undefined ? "default" : `${dst}/${header.rtmDstLen}`,
      gateway ?? "",
      oif === undefined ? "" : names.get(oif) ?? `${oif}`,
      types.get(header.rtmType) ?? `${header.rtmType}`,
      TABLES[table ?? header.rtmTable] ?? `${table}`,
      `${priority ?? ""}`,
    ]);
  }
  show(
    "Routes, from rt-route getroute",
    ["destination", "via", "device", "type", "table", "metric"],
    rows,
    more,
  );
}

function show(title: string, names: readonly string[], rows: readonly string[][], more = 0): void {
  console.log(`\n  ${title}:\n`);
  console.log(rows.length === 0 ? "  none" : table(names, rows));
  if (more > 0) console.log(`  … and ${more} more`);
}

/** Tells which of the generated families this kernel has. */
async function showSupport(known: readonly CtrlAttrs[]): Promise<void> {
  const generic = new Set(known.map(({ familyName }) => familyName));
  const here: string[] = [];
  const absent: string[] = [];
  const untold: string[] = [];
  for (const [spec, load] of Object.entries(families)) {
    const family = await load();
    const there = family.protocol === NETLINK_GENERIC ? generic.has(family.name) : await answers(family);
    (there === undefined ? untold : there ? here : absent).push(spec);
  }
  const total = here.length + absent.length + untold.length;
  console.log(heading(`Of the ${total} families, this kernel${await release()} has ${here.length}`));
  console.log(wrap(here));
  console.log(
    `\n  ${absent.length} are not there: not built in, or their module is not loaded\n${wrap(absent)}`,
  );
  if (untold.length > 0) console.log(`\n  ${untold.length} would tell only root\n${wrap(untold)}`);
}

/** Whether a raw family answers a dump; `undefined` if it does not answer us. */
async function answers(family: Family): Promise<boolean | undefined> {
  const operation = Object.entries(family.operations).find(([, operation]) => operation.dump)?.[0];
  if (operation === undefined) return undefined;
  try {
    await using client = await open(family);
    const method = client[operation] as unknown as { dump(): AsyncIterable<unknown> };
    for await (const _first of method.dump()) break;
    return true;
  } catch (error) {
    if (!(error instanceof NetlinkError)) return false;
    if (error.code === "EPERM" || error.code === "EACCES") return undefined;
    // A protocol of the kernel that does not know the message; any other answer is an answer.
    return error.code !== "EOPNOTSUPP" && error.code !== "EINVAL";
  }
}

/** The kernel's version, if we may know. */
async function release(): Promise<string> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "osRelease" });
  return state === "granted" ? ` (Linux ${Deno.osRelease()})` : "";
}

/** IF_OPER_* of linux/if.h (RFC 2863). */
const OPERSTATES = ["unknown", "not there", "down", "lower layer down", "testing", "dormant", "up"];

/** Routing tables with a name (linux/rtnetlink.h). */
const TABLES: { readonly [table: number]: string } = { 253: "default", 254: "main", 255: "local" };

/** Scopes with a name (linux/rtnetlink.h). */
function scopeName(scope: number): string {
  const names: { readonly [scope: number]: string } = { 0: "global", 200: "site", 253: "link", 254: "host" };
  return names[scope] ?? `${scope}`;
}
