/**
 * Linux netlink, typed. `open` takes a generated family and gives a client with a method for each of its operations;
 * each family has an entry point of its own, such as `@tynl/tynl/netdev`.
 *
 * @example Links of this machine
 * ```ts
 * import { open } from "@tynl/tynl";
 * import { rtLink } from "@tynl/tynl/rt-link";
 *
 * await using rt = await open(rtLink);
 * for await (const link of rt.getlink.dump()) console.log(link.header.ifiIndex, link.ifname);
 * ```
 *
 * @module
 */
export * from "./runtime/netlink/mod.ts";
export { indexed, NetlinkDecodeError, NetlinkEncodeError, unknownKind } from "./runtime/wire/mod.ts";
export type {
  Bitfield32,
  Family,
  IndexedArray,
  Input,
  UnknownAttribute,
  UnknownKind,
} from "./runtime/wire/mod.ts";
