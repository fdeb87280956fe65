/** Asks the kernel for the id and groups of a generic netlink family (nlctrl, CTRL_CMD_GETFAMILY). @module */
import {
  beginMessage,
  endMessage,
  GENL_HDRLEN,
  MessageFlags,
  type Messages,
  NetlinkDecodeError,
  type Reader,
  Writer,
} from "../wire/mod.ts";
import type { Channel, WaitOptions } from "./channel.ts";
import { FamilyNotFoundError, NetlinkError } from "./errors.ts";

// Numbers of linux/genetlink.h. Written by hand, since generated code stands on this and not the other way round.
const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1, CTRL_ATTR_FAMILY_NAME = 2, CTRL_ATTR_MCAST_GROUPS = 7;
const CTRL_ATTR_MCAST_GRP_NAME = 1, CTRL_ATTR_MCAST_GRP_ID = 2;
const ENOENT = 2;

/** What nlctrl tells of a family. */
export interface Resolution {
  /** Type of the family's messages. */
  id: number;
  /** Numbers of its multicast groups, by name. */
  groups: Map<string, number>;
}

/** Asks for a family by name. Throws {@linkcode FamilyNotFoundError}, and what a request throws. */
export async function resolveFamily(
  channel: Channel,
  name: string,
  sequence: number,
  wait: WaitOptions,
): Promise<Resolution> {
  const { replies, acknowledgement } = await channel.request(
    `nlctrl getfamily ${name}`,
    controlRequest(
      CTRL_CMD_GETFAMILY,
      MessageFlags.ack,
      sequence,
      (writer) => writer.string(CTRL_ATTR_FAMILY_NAME, name),
    ),
    sequence,
    readFamily,
    wait,
  );
  const [reply] = replies;
  if (reply !== undefined) return reply;
  if (acknowledgement.errno === ENOENT) throw new FamilyNotFoundError(name);
  throw new NetlinkError({ family: "nlctrl", operation: "getfamily", ...acknowledgement });
}

/** A request to nlctrl; `attributes` writes what it says. */
export function controlRequest(
  command: number,
  flags: number,
  sequence: number,
  attributes: (writer: Writer) => void,
): Uint8Array {
  const writer = new Writer(64);
  const start = beginMessage(writer, GENL_ID_CTRL, MessageFlags.request | flags, sequence);
  writer.view.setUint16(writer.reserve(GENL_HDRLEN), command | 1 << 8, true);
  attributes(writer);
  endMessage(writer, start);
  return writer.result();
}

function readFamily({ reader, start, end }: Messages): Resolution {
  const groups = new Map<string, number>();
  let id: number | undefined;
  for (const type of attributes(reader, reader.position + GENL_HDRLEN, end)) {
    if (type === CTRL_ATTR_FAMILY_ID) id = reader.u16();
    if (type !== CTRL_ATTR_MCAST_GROUPS) continue;
    for (const _index of attributes(reader, reader.at, reader.end)) {
      let name: string | undefined;
      let group: number | undefined;
      for (const type of attributes(reader, reader.at, reader.end)) {
        if (type === CTRL_ATTR_MCAST_GRP_NAME) name = reader.string();
        if (type === CTRL_ATTR_MCAST_GRP_ID) group = reader.u32();
      }
      if (name !== undefined && group !== undefined) groups.set(name, group);
    }
  }
  if (id === undefined) throw new NetlinkDecodeError("a family without an id", start);
  return { id, groups };
}

/** Ids of the attributes between two offsets; the reader is at each in turn, and may go inside. */
export function* attributes(reader: Reader, start: number, end: number): Generator<number> {
  for (let position = start;;) {
    reader.position = position;
    if (!reader.next(end)) return;
    position = reader.position;
    yield reader.type;
  }
}
