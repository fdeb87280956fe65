/** The second part of the demo: questions to the running kernel. @module */
import { NetlinkError, open, UnsupportedError } from "../mod.ts";
import { families } from "../generated/families.ts";
import { type CtrlAttrs, nlctrl } from "../generated/nlctrl/mod.ts";
import { rtAddr } from "../generated/rt-addr/mod.ts";
import { rtLink } from "../generated/rt-link/mod.ts";
import { RtmType, rtRoute } from "../generated/rt-route/mod.ts";
import { type Family, NETLINK_GENERIC } from "../runtime/wire/mod.ts";
import { heading, table, wrap } from "./table.ts";

/** Rows of a table that are shown of what may be very many. */
const MOST_ROWS = 20;

/** Asks the running kernel, and tells what it says; where there is no netlink, why. */
export async function showKernel(): Promise<void> {
  console.log(heading("The running kernel"));
  try {
    const known = await showFamilies();
    const names = await showLinks();
    await showAddresses(names);
    await showRoutes(names);
    await showSupport(known);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    console.log(wrap(`Cannot ask it: ${error.message}.`.split(" ")));
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
  for await (const { header, ifname = "", mtu, operstate, address = "", linkinfo } of client.getlink.dump()) {
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
  for await (const { header, local, address, label } of client.getaddr.dump()) {
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
  for await (const { header, dst, gateway, oif, table, priority } of client.getroute.dump()) {
    rows.push([
      dst === undefined ? "default" : `${dst}/${header.rtmDstLen}`,
      gateway ?? "",
      oif === undefined ? "" : names.get(oif) ?? `${oif}`,
      types.get(header.rtmType) ?? `${header.rtmType}`,
      TABLES[table ?? header.rtmTable] ?? `${table}`,
      `${priority ?? ""}`,
    ]);
  }
  show("Routes, from rt-route getroute", ["destination", "via", "device", "type", "table", "metric"], rows);
}

function show(title: string, names: readonly string[], rows: readonly string[][]): void {
  console.log(`\n  ${title}:\n`);
  if (rows.length === 0) console.log("  none");
  else console.log(table(names, rows.slice(0, MOST_ROWS)));
  if (rows.length > MOST_ROWS) console.log(`  … and ${rows.length - MOST_ROWS} more`);
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
  console.log(heading(`Of the ${total} families, this kernel (${release()}) has ${here.length}`));
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
    const method = client[operation] as { dump(): AsyncIterable<unknown> };
    for await (const _first of method.dump()) break;
    return true;
  } catch (error) {
    if (!(error instanceof NetlinkError)) return false;
    if (error.code === "EPERM" || error.code === "EACCES") return undefined;
    // A protocol of the kernel that does not know the message; any other answer is an answer.
    return error.code !== "EOPNOTSUPP" && error.code !== "EINVAL";
  }
}

function release(): string {
  try {
    return `Linux ${Deno.readTextFileSync("/proc/sys/kernel/osrelease").trim()}`;
  } catch {
    return "Linux";
  }
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
