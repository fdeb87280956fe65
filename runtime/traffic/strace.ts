/**
 * Reads what strace prints of netlink sockets. strace decodes netlink itself, and its decoding cannot be turned back
 * into bytes, so it must be asked for the bytes as well:
 *
 * ```sh
 * strace -f -ttt -e trace=network -e read=all -e write=all -s 0 -o trace.txt ip link show
 * ```
 *
 * `-e read=all -e write=all` dumps what went through every socket below the line of the call; `-f`, `-t`, `-tt`,
 * `-ttt`, `-y` and `-yy` are understood if they were used. Add `read,write,close` to `trace=` for programs that
 * use those calls on netlink sockets. Buffers printed as text with escapes (`-xx -s 65536`) are read too, where strace leaves
 * them undecoded.
 *
 * @module
 */
import { NLMSG_HDRLEN, parseHex } from "../wire/mod.ts";
import { type Damage, type Datagram, type Direction, formatTime } from "./datagram.ts";
import { readHexLine } from "./hex.ts";
import { linesOf } from "./lines.ts";

/** Netlink protocols by the end of their name NETLINK_* (linux/netlink.h). */
export const PROTOCOLS: { readonly [name: string]: number } = {
  ROUTE: 0,
  USERSOCK: 2,
  FIREWALL: 3,
  SOCK_DIAG: 4,
  INET_DIAG: 4,
  NFLOG: 5,
  XFRM: 6,
  SELINUX: 7,
  ISCSI: 8,
  AUDIT: 9,
  FIB_LOOKUP: 10,
  CONNECTOR: 11,
  NETFILTER: 12,
  IP6_FW: 13,
  DNRTMSG: 14,
  KOBJECT_UEVENT: 15,
  GENERIC: 16,
  SCSITRANSPORT: 18,
  ECRYPTFS: 19,
  RDMA: 20,
  CRYPTO: 21,
  SMC: 22,
};

const CALLS: { readonly [name: string]: Direction } = {
  sendto: "to-kernel",
  sendmsg: "to-kernel",
  sendmmsg: "to-kernel",
  send: "to-kernel",
  write: "to-kernel",
  writev: "to-kernel",
  recvfrom: "from-kernel",
  recvmsg: "from-kernel",
  recvmmsg: "from-kernel",
  recv: "from-kernel",
  read: "from-kernel",
  readv: "from-kernel",
};

/** Calls that were begun and not yet finished, of all processes, that are remembered. */
const MOST_UNFINISHED = 4096;

/** A line without the process and time in front. */
interface TraceLine {
  process: string;
  time: string | undefined;
  text: string;
}

function readPrefix(line: string): TraceLine {
  const [whole, a, b] = /^\s*(?:\[pid +(\d+)\] |(\d+) +(?=\S))?/.exec(line)!;
  let text = line.slice(whole.length);
  let time: string | undefined;
  const stamp = /^(?:(\d+)\.(\d{1,9})|(\d\d:\d\d:\d\d(?:\.\d+)?)) +/.exec(text);
  if (stamp !== null) {
    text = text.slice(stamp[0].length);
    time = stamp[3] ??
      formatTime(BigInt(stamp[1]!) * 1_000_000_000n + BigInt(stamp[2]!.padEnd(9, "0")));
  }
  return { process: a ?? b ?? "", time, text };
}

/** A call whose bytes may follow in a dump. */
interface Call {
  datagram: Omit<Datagram, "bytes">;
  digits: string[];
  /** The arguments hold the bytes as text. */
  inline: string | undefined;
  /** strace decoded the bytes instead of printing them. */
  decoded: boolean;
  /** The descriptor may be a file's by now: strace need not have been asked to show `close`. */
  doubtful: boolean;
}

/** The datagrams of netlink sockets in strace's output. */
export function* readStrace(bytes: Uint8Array): Generator<Datagram | Damage> {
  const sockets = new Map<string, number | undefined>();
  const unfinished = new Map<string, string>();
  let call: Call | undefined;
  const finish = function* (): Generator<Datagram | Damage> {
    if (call !== undefined) yield* resultOf(call);
    call = undefined;
  };
  for (const [number, line] of linesOf(bytes)) {
    if (/^ \| [0-9a-f]{5,} /.test(line)) {
      const digits = readHexLine(line)?.digits;
      if (digits !== undefined) call?.digits.push(digits);
      continue;
    }
    if (/^ \* \d+ bytes in buffer \d+/.test(line)) continue;
    // sendmmsg and recvmmsg: the next of several datagrams.
    if (/^ = \d+ buffers in vector \d+/.test(line)) {
      if (call !== undefined && call.digits.length > 0) {
        yield* resultOf(call);
        call.digits = [];
      }
      continue;
    }
    yield* finish();
    const { process, time, text: printed } = readPrefix(line);
    let text = printed;
    if (text.endsWith("<unfinished ...>")) {
      unfinished.set(process, text.slice(0, -"<unfinished ...>".length));
      if (unfinished.size > MOST_UNFINISHED) unfinished.delete(unfinished.keys().next().value!);
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text);
    if (resumed !== null) {
      text = (unfinished.get(process) ?? "") + text.slice(resumed[0].length);
      unfinished.delete(process);
    }
    rememberSocket(sockets, process, text);
    call = readCall(sockets, process, text);
    if (call === undefined) continue;
    call.datagram.where = `line ${number}`;
    if (time !== undefined) call.datagram.time = time;
  }
  yield* finish();
}

function rememberSocket(sockets: Map<string, number | undefined>, process: string, text: string): void {
  const closed = /^close\((\d+)/.exec(text);
  if (closed !== null) {
    for (const key of [`${process}:${closed[1]}`, `:${closed[1]}`]) sockets.delete(key);
    return;
  }
  const made = /^socket\((\w+), [^,]*, (\w+)[^)]*\)\s*= (\d+)/.exec(text);
  if (made === null) return;
  const [, domain, protocol = "", descriptor] = made;
  const netlink = domain === "AF_NETLINK" || domain === "PF_NETLINK";
  const known = /^\d+$/.test(protocol) ? Number(protocol) : PROTOCOLS[protocol.replace("NETLINK_", "")];
  // Threads and children use the sockets of who made them, so the descriptor alone is remembered as well.
  for (const key of [`${process}:${descriptor}`, `:${descriptor}`]) {
    sockets.set(key, netlink ? known ?? -1 : undefined);
  }
}

function readCall(
  sockets: ReadonlyMap<string, number | undefined>,
  process: string,
  text: string,
): Call | undefined {
  const begun = /^(\w+)\((\d+)(?:<([^>]*)>)?,/.exec(text);
  const direction = begun !== null && Object.hasOwn(CALLS, begun[1]!) ? CALLS[begun[1]!] : undefined;
  if (begun === null || direction === undefined) return undefined;
  const [, name = "", descriptor, shown = ""] = begun;
  // The bytes stay in the socket, and are read again; or there are none.
  if (/\bMSG_PEEK\b/.test(text) || / = -1 |\) += 0$/.test(text)) return undefined;

  const key = sockets.has(`${process}:${descriptor}`) ? `${process}:${descriptor}` : `:${descriptor}`;
  const netlink = /\bAF_NETLINK\b/.test(text) || /^NETLINK\b/.test(shown) || text.includes("{nlmsg_len=");
  if (sockets.has(key) ? sockets.get(key) === undefined : !netlink && !/^(send|recv)/.test(name)) {
    return undefined;
  }
  // Of a socket that nothing is known of, only what netlink has in it is taken.
  if (!sockets.has(key) && !netlink && !/"(?:\\x[0-9a-f]{2})+"/.test(text)) return undefined;
  const protocol = PROTOCOLS[/^NETLINK:\[(\w+):/.exec(shown)?.[1] ?? ""] ?? sockets.get(key) ?? -1;
  const buffers = [...text.matchAll(/(?:iov_base=|^\w+\([^,]*, )"((?:\\x[0-9a-f]{2})+)"(\.\.\.)?/g)];
  const datagram: Omit<Datagram, "bytes"> = { where: "", direction, socket: `${process}:${descriptor}` };
  if (protocol >= 0) datagram.protocol = protocol;
  const cut = buffers.some(([, , more]) => more !== undefined);
  const inline = buffers.length === 0 || cut ? undefined : buffers.map(([, hex]) => hex).join("");
  const decoded = netlink || sockets.has(key);
  return { datagram, digits: [], inline, decoded, doubtful: !netlink && /^(read|write)/.test(name) };
}

function* resultOf({ datagram, digits, inline, decoded, doubtful }: Call): Generator<Datagram | Damage> {
  const hex = digits.length > 0 ? digits.join("") : inline?.replaceAll("\\x", "");
  const bytes = hex === undefined ? undefined : parseHex(hex);
  if (bytes !== undefined) {
    if (!doubtful || beginsMessage(bytes)) yield { ...datagram, bytes };
  } else if (decoded && !doubtful) {
    const damage = "the bytes are not here; strace prints them with `-e read=all -e write=all`";
    yield { where: datagram.where, damage };
  }
}

function beginsMessage(bytes: Uint8Array): boolean {
  if (bytes.length < NLMSG_HDRLEN) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return length >= NLMSG_HDRLEN && length <= bytes.length;
}
