import assert from "node:assert/strict";
import { detectFormat, readCapture } from "../../runtime/traffic/mod.ts";
import { decodeAll, textWords, words } from "./helpers.ts";

const utf8 = new TextEncoder();

// `strace -f -ttt -e trace=network -e read=all -e write=all -s 0 -o FILE ip link show lo`, strace 6.1 on a 6.18 kernel,
// x86-64, iproute2 of Debian 12; the first socket's part, whole.
const IP_LINK = `\
7258  1795484209.672111 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 3
7258  1795484209.672281 setsockopt(3, SOL_SOCKET, SO_SNDBUF, [32768], 4) = 0
7258  1795484209.672561 bind(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0
7258  1795484209.672669 getsockname(3, {sa_family=AF_NETLINK, nl_pid=7258, nl_groups=00000000}, [12]) = 0
7258  1795484209.672899 sendto(3, ..., 32, 0, NULL, 0) = 32
 | 00000  20 00 00 00 10 00 05 00  00 00 00 00 00 00 00 00   ............... |
 | 00010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ................ |
7258  1795484209.673151 recvmsg(3, {msg_name={sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, msg_namelen=12, msg_iov=[...], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 52
 * 52 bytes in buffer 0
 | 00000  34 00 00 00 02 00 00 00  00 00 00 00 5a 1c 00 00  4...........Z... |
 | 00010  ed ff ff ff 20 00 00 00  10 00 05 00 00 00 00 00  .... ........... |
 | 00020  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ................ |
 | 00030  00 00 00 00                                       ....             |
7258  1795484209.673913 recvmsg(3, {msg_name={sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, msg_namelen=12, msg_iov=[...], msg_iovlen=1, msg_controllen=0, msg_flags=MSG_TRUNC}, MSG_PEEK|MSG_TRUNC) = 1100
`;

// The same strace with `-xx -s 100000` instead of the dumps.
const DECODED = `\
socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_GENERIC) = 3
sendto(3, [{nlmsg_len=32, nlmsg_type=0x10 /* NLMSG_??? */, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=5, nlmsg_pid=0}, "\\x03\\x01\\x00\\x00\\x0b\\x00\\x02\\x00\\x6e\\x6c\\x63\\x74\\x72\\x6c\\x00\\x00"], 32, 0, NULL, 0) = 32
`;

// RTM_GETLINK for interface 1, made by hand.
const GETLINK = "20000000120001000100000000000000" + "00000000010000000000000000000000";

Deno.test("dumps of strace are read, with protocol, time and direction", async () => {
  const bytes = utf8.encode(IP_LINK);
  assert.equal(detectFormat(bytes), "strace");
  const all = await decodeAll(readCapture(bytes));
  assert.deepEqual(words(all), ["rt-link newlink request", "rt-link newlink error"]);
  const [request, error] = all;
  assert(request !== undefined && !("damage" in request) && error !== undefined && !("damage" in error));
  assert.equal(request.time, "2026-11-24T01:36:49.672899Z");
  assert.deepEqual([request.where, request.direction, request.protocol], ["line 5", "to-kernel", 0]);
  assert.deepEqual([error.direction, error.outcome], ["from-kernel", { errno: 19, code: "ENODEV" }]);
});

Deno.test("what strace decoded instead of printing is told, with the options that help", async () => {
  assert.deepEqual(await textWords(DECODED), [
    "damaged: the bytes are not here; strace prints them with `-e read=all -e write=all`",
  ]);
});

Deno.test("calls that strace shows in two parts, of two processes at once, are put together", async () => {
  // Put together by hand from the forms that strace(1) describes for -f.
  const text = `\
[pid   100] socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3
[pid   200] socket(AF_UNIX, SOCK_STREAM, 0) = 3
[pid   100] recvmsg(3, <unfinished ...>
[pid   200] sendto(3, ..., 4, 0, NULL, 0) = 4
 | 00000  61 62 63 64                                       abcd             |
[pid   100] <... recvmsg resumed>{msg_name={sa_family=AF_NETLINK, nl_pid=0}, msg_iov=[...], msg_iovlen=1}, 0) = 20
 * 16 bytes in buffer 0
 | 00000  14 00 00 00 03 00 02 00  05 00 00 00 64 00 00 00  ............d... |
 * 4 bytes in buffer 1
 | 00000  00 00 00 00                                       ....             |
[pid   100] recvmsg(3, {msg_namelen=12}, MSG_DONTWAIT) = -1 EAGAIN (Resource temporarily unavailable)
`;
  assert.deepEqual(await textWords(text), ["done"]);
});

Deno.test("descriptors that are files by now are not taken for netlink sockets", async () => {
  const text = `\
socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3
read(3, "..."..., 4) = 4
 | 00000  61 62 63 64                                       abcd             |
close(3) = 0
read(3, ""..., 32) = 32
 | 00000  20 00 00 00 12 00 01 00  01 00 00 00 00 00 00 00   ............... |
 | 00010  00 00 00 00 01 00 00 00  00 00 00 00 00 00 00 00  ................ |
`;
  assert.deepEqual(await textWords(text), []);
});

Deno.test("buffers that strace prints as text are read, and -yy tells the protocol", async () => {
  const escaped = GETLINK.replaceAll(/../g, "\\x$&");
  const text = `sendto(4<NETLINK:[ROUTE:7258]>, "${escaped}", 32, 0, NULL, 0) = 32\n`;
  assert.deepEqual(await textWords(text), ["rt-link getlink request"]);
});

Deno.test("hex is read in every usual form", async () => {
  const pairs = GETLINK.match(/../g)!;
  const line = (from: number) => pairs.slice(from, from + 16);
  const hexdump = (from: number) => `${line(from).slice(0, 8).join(" ")}  ${line(from).slice(8).join(" ")}`;
  const forms = {
    bare: GETLINK,
    "upper case, blanks": GETLINK.toUpperCase().replaceAll(/..../g, "$& "),
    colons: pairs.join(":"),
    "0x and commas": pairs.map((pair) => `0x${pair}`).join(", "),
    escapes: `"${pairs.map((pair) => `\\x${pair}`).join("")}"`,
    "several lines": `${line(0).join(" ")}\n${line(16).join(" ")}`,
    // `xxd`, `hexdump -C` and strace of the same bytes; the text column holds digits on purpose.
    xxd: `00000000: ${line(0).join("").replaceAll(/.{4}/g, "$& ")} ...............1\n` +
      `00000010: ${line(16).join("").replaceAll(/.{4}/g, "$& ")} abcdef0123456789\n`,
    "hexdump -C": `00000000  ${hexdump(0)}  | ...............|\n00000010  ${
      hexdump(16)
    }  |aa bb..........|\n00000020\n`,
    strace: ` | 00000  ${hexdump(0)}  aa bb........... |\n | 00010  ${hexdump(16)}  ................ |\n`,
  };
  for (const [form, text] of Object.entries(forms)) {
    assert.equal(detectFormat(utf8.encode(text)), "hex", form);
    assert.deepEqual(await textWords(text), ["rt-link getlink request"], form);
    assert.deepEqual(
      await textWords(`# twice\n${text}\n${text}`),
      Array(2).fill("rt-link getlink request"),
      form,
    );
  }
});

Deno.test("lines that are no hex, and messages that end early, are told by their line", async () => {
  const all = await decodeAll(readCapture(utf8.encode(`${GETLINK}\n123\nfe ed\n\n${GETLINK}\n`)));
  assert.deepEqual(all.map(({ where }) => where), ["line 1", "line 2", "line 3", "line 5"]);
  assert.deepEqual(words(all), [
    "rt-link getlink request",
    "damaged: this is no hex",
    "damaged: 2 bytes are no message header (at byte 0)",
    "rt-link getlink request",
  ]);
});

Deno.test("hex of nonsense takes time in proportion to its length", () => {
  for (const line of ["00", "0f 00 00 00", "11000000".repeat(8), "ffffffff"]) {
    const text = utf8.encode(`${line}\n`.repeat(200_000));
    const started = performance.now();
    for (const _ of readCapture(text, "hex"));
    assert(performance.now() - started < 5000, line);
  }
});

Deno.test("JSON lines say what they know, and a bad line is told", async () => {
  const text = [
    JSON.stringify({ hex: GETLINK, protocol: 0 }),
    "{",
    JSON.stringify({ hex: "zz" }),
    JSON.stringify({ spec: "tc", op: "getqdisc", hex: "140000000300020092a90000eac6b0a400000000" }),
  ].join("\n");
  assert.equal(detectFormat(utf8.encode(text)), "jsonl");
  assert.deepEqual(await textWords(text), [
    "rt-link getlink request",
    "damaged: this is no JSON",
    'damaged: there is no "hex" with the bytes of a message',
    "tc getqdisc done",
  ]);
});

Deno.test("binary data and prose are no capture", () => {
  assert.equal(detectFormat(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0])), undefined);
  assert.equal(detectFormat(utf8.encode("Dear Sir or Madam,\n")), undefined);
  assert.throws(() => readCapture(new Uint8Array()), { name: "CaptureError" });
});
