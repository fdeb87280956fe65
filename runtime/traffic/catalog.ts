/** Families by what messages carry: protocol and message type, or a generic netlink family id. @module */
import { type Event, type Family, type FamilyMeta, NETLINK_GENERIC, type Operation } from "../wire/mod.ts";

/** nlmsg_type of nlctrl, which every kernel has (GENL_ID_CTRL). */
export const GENL_ID_CTRL = 0x10;

/** Loaders of families by the name of their spec, as generated/families.ts has them. */
export type FamilyLoaders = { readonly [spec: string]: () => Promise<Family> };

/** A family and the name of its spec. */
export interface CatalogEntry {
  /** Name of the spec. */
  spec: string;
  /** Its operations and events. */
  family: Family;
  /** Operations by the id of their requests. */
  requests: ReadonlyMap<number, Operation>;
  /** Operations by the id of their replies. */
  replies: ReadonlyMap<number, Operation>;
  /** Notifications and events by id. */
  events: ReadonlyMap<number, Event>;
}

/** All families that can be decoded, and the ids that generic ones have in a capture. */
export class Catalog {
  readonly #bySpec = new Map<string, CatalogEntry>();
  readonly #byName = new Map<string, CatalogEntry>();
  /** Raw families that share a protocol share its message types, each with its own. */
  readonly #raw = new Map<number, Map<number, CatalogEntry>>();
  readonly #ids = new Map<number, string>([[GENL_ID_CTRL, "nlctrl"]]);
  readonly #certain = new Set<number>();
  readonly #meta = new Map<string, Promise<FamilyMeta>>();

  private constructor() {}

  /** Loads all families. */
  static async load(loaders: FamilyLoaders): Promise<Catalog> {
    const catalog = new Catalog();
    const loaded = await Promise.all(
      Object.entries(loaders).map(async ([spec, load]) => [spec, await load()] as const),
    );
    for (const [spec, family] of loaded) catalog.#add(spec, family);
    return catalog;
  }

  #add(spec: string, family: Family): void {
    const operations = Object.values(family.operations);
    const entry: CatalogEntry = {
      spec,
      family,
      requests: firstById(operations, ({ request }) => request),
      replies: firstById(operations, ({ reply }) => reply),
      events: firstById(Object.values(family.events), ({ id }) => id),
    };
    this.#bySpec.set(spec, entry);
    this.#byName.set(family.name, entry);
    if (family.protocol === NETLINK_GENERIC) return;
    const types = this.#raw.get(family.protocol) ?? new Map<number, CatalogEntry>();
    this.#raw.set(family.protocol, types);
    for (const ids of [entry.requests, entry.replies, entry.events]) {
      for (const id of ids.keys()) types.set(id, types.get(id) ?? entry);
    }
  }

  /** A family by the name of its spec, or the one that the kernel has for it. */
  named(name: string): CatalogEntry | undefined {
    return this.#bySpec.get(name) ?? this.#byName.get(name);
  }

  /** Remembers the id that a generic netlink family has; what is certain is not learned anew. */
  learn(id: number, name: string, certain: boolean): void {
    if (this.#certain.has(id) && !certain) return;
    if (certain) this.#certain.add(id);
    this.#ids.set(id, name);
  }

  /** Name of the generic netlink family with an id, if it was learned; there need not be a spec for it. */
  nameOf(id: number): string | undefined {
    return this.#ids.get(id);
  }

  /** The family that messages of a type belong to. */
  find(protocol: number, type: number): CatalogEntry | undefined {
    if (protocol !== NETLINK_GENERIC) return this.#raw.get(protocol)?.get(type);
    const name = this.#ids.get(type);
    return name === undefined ? undefined : this.named(name);
  }

  /** Protocols of the raw families. */
  get protocols(): number[] {
    return [...this.#raw.keys()];
  }

  /** Names and enums of a family's spec. */
  meta({ spec, family }: CatalogEntry): Promise<FamilyMeta> {
    let meta = this.#meta.get(spec);
    if (meta === undefined) this.#meta.set(spec, meta = family.meta());
    return meta;
  }
}

function firstById<T>(items: readonly T[], idOf: (item: T) => number | undefined): Map<number, T> {
  const byId = new Map<number, T>();
  for (const item of items) {
    const id = idOf(item);
    if (id !== undefined && !byId.has(id)) byId.set(id, item);
  }
  return byId;
}
