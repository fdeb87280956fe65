/** The reader of C headers: what it makes of the language, held against gcc where gcc has said something. */
import assert from "node:assert/strict";
import { Headers } from "../../generator/drift/c/headers.ts";
import type { CRecord } from "../../generator/drift/c/types.ts";
import { headers73 } from "./helpers.ts";

/** Headers from texts; the first is read. */
function read(files: Record<string, string>): Headers {
  const headers = new Headers((name) => Object.hasOwn(files, name) ? files[name] : undefined);
  assert.ok(headers.read(Object.keys(files)[0]!));
  return headers;
}

const value = (text: string, name = "X") => read({ "x.h": text }).constant(name)?.value;
const layout = (
  { size, align, members }: CRecord,
) => [size, align, members.map(({ name, offset }) => [name, offset])];

const gcc: Record<string, number | string> =
  JSON.parse(Deno.readTextFileSync(new URL("../data/uapi/constants.json", import.meta.url))).constants;
const gccStructs: Record<string, { size: number; members: [string, number, number][] }> =
  JSON.parse(Deno.readTextFileSync(new URL("../data/layout/structs.json", import.meta.url))).structs;

Deno.test("every constant has the value that gcc gave it", () => {
  const values = new Map<string, number | string>([
    ...headers73.enums.flatMap(({ entries }) => entries.map(([name, value]) => [name, value] as const)),
    ...Object.entries(headers73.defines).map(([name, { value }]): [string, number | string] => [name, value]),
  ]);
  const wrong: string[] = [];
  let compared = 0;
  for (const [name, wanted] of Object.entries(gcc)) {
    const own = values.get(name);
    compared++;
    const plain = typeof own === "string" && own.startsWith('"') ? JSON.parse(own) : own;
    // gcc printed values of type int; 1 << 31 is negative there.
    const same = plain === wanted || (typeof wanted === "number" && Number(plain) === wanted >>> 0);
    if (!same) wrong.push(`${name}: ${own}, ${wanted} by gcc`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(compared > 4000);
});

Deno.test("every struct has the size and the offsets that gcc gave it", () => {
  const flat = (members: typeof headers73.structs[string]["members"]): [string, number][] =>
    members.flatMap(({ name, offset, inside }) => name === "" ? flat(inside ?? []) : [[name, offset]]);
  let compared = 0;
  for (const [name, { size, members, union }] of Object.entries(headers73.structs)) {
    const wanted = gccStructs[name];
    if (wanted === undefined || union) continue;
    compared++;
    assert.equal(size, wanted.size, name);
    const offsets = new Map(wanted.members.map(([member, offset]) => [member, offset]));
    for (const [member, offset] of flat(members)) {
      assert.equal(offset, offsets.get(member), `${name}.${member}`);
    }
  }
  assert.ok(compared > 110, `only ${compared} structs were compared`);
});

Deno.test("expressions have C's precedence, signs and widths", () => {
  for (
    const [text, wanted] of [
      ["1 + 2 * 3", 7n],
      ["(1 << 4) | 3", 19n],
      ["-7 / 2", -3n],
      ["-7 % 2", -1n],
      ["~0U", 0xffffffffn],
      ["~0ULL", 0xffffffffffffffffn],
      ["~0", -1n],
      ["1 << 31", -0x80000000n],
      ["1U << 31", 0x80000000n],
      ["0xFFFFFFFF", 0xffffffffn],
      ["4294967295", 0xffffffffn],
      ["-1 < 0U", 0n],
      ["017", 15n],
      ["'a'", 97n],
      ["1 ? 2 : 3", 2n],
      ["!5 || 3 && 0", 0n],
      ["(unsigned char)300", 44n],
      ["(__u32)-1", 0xffffffffn],
      ["sizeof(__u64) * 2", 16n],
      ["0x1p3", undefined],
      ["1 / 0", undefined],
      ["1 << 99", undefined],
      ["(1", undefined],
      ["1 2", undefined],
      ["089", undefined],
    ] as const
  ) assert.equal(value(`#define X ${text}\n`), wanted, text);
});

Deno.test("an enum counts on from what is given, and may use what stands before", () => {
  const headers = read({ "x.h": "enum e { A, B = 5, C, D = B | 8, E, /* no value */ F = -2, G, };" });
  assert.deepEqual(headers.enums[0]!.entries.map(({ name, value }) => [name, value.value]), [
    ["A", 0n],
    ["B", 5n],
    ["C", 6n],
    ["D", 13n],
    ["E", 14n],
    ["F", -2n],
    ["G", -1n],
  ]);
});

Deno.test("macros take parameters, join tokens and call each other, and none calls itself", () => {
  assert.equal(value("#define BIT(n) (1UL << (n))\n#define X (BIT(3) | BIT( 1+1 ))\n"), 12n);
  assert.equal(value("#define CAT(a, b) a##b\n#define NAME_1 42\n#define X CAT(NAME_, 1)\n"), 42n);
  assert.equal(value("#define ALL(...) (0 + __VA_ARGS__)\n#define X ALL(4)\n"), 4n);
  assert.equal(value("enum { X = 3 };\n#define X X\n"), 3n);
  assert.equal(value("#define X Y\n#define Y X\n"), undefined);
  assert.equal(value('#define X "a" "b"\n'), "ab");
  // A parenthesis after a space begins the body.
  assert.equal(value("#define X (7)\n"), 7n);
});

Deno.test("a macro holds from its line on", () => {
  // linux/pkt_sched.h has an enumerator whose name becomes a macro behind the enum.
  const headers = read({ "x.h": "enum { A, __M };\n#define __M (__M - 1)\nenum { B = 4 };\n" });
  assert.deepEqual(headers.problems, []);
  assert.deepEqual(headers.enums.map(({ entries }) => entries.map(({ name }) => name)), [["A", "__M"], [
    "B",
  ]]);
});

Deno.test("what is not for user space, or for another machine, is not there", () => {
  const text = `
#ifdef __KERNEL__
#define X 1
#elif defined(NOTHING) || !defined(__LITTLE_ENDIAN_BITFIELD)
#define X 2
#else
# if 1 /* a comment */ && UNKNOWN == 0
#  define X 3
# else
#  define X 4
# endif
#endif
`;
  assert.equal(value(text), 3n);
});

Deno.test("headers include each other once, whatever the guards say", () => {
  const headers = read({
    "linux/a.h": '#include <linux/b.h>\n#include "c.h"\n#define A (B + C)\n',
    "linux/b.h": "#include <linux/a.h>\n#define B 1\n",
    "linux/c.h": "#define C 2\n",
  });
  assert.equal(headers.constant("A")?.value, 3n);
  assert.deepEqual(headers.constant("C"), { value: 2n, file: "linux/c.h", line: 1 });
  assert.equal(headers.read("linux/none.h"), false);
});

Deno.test("members stand at multiples of their alignment", () => {
  const text = "struct s { char a; __u32 b; unsigned char c; short d; __u64 e; char f; };";
  // Offsets and size of System V's ABI, as in tests/model/layout_test.ts.
  assert.deepEqual(layout(read({ "x.h": text }).struct("s")!), [32, 8, [
    ["a", 0],
    ["b", 4],
    ["c", 8],
    ["d", 10],
    ["e", 16],
    ["f", 24],
  ]]);
});

Deno.test("attributes pack and align, arrays count, pointers have eight bytes", () => {
  const text = `
    struct p { __u8 a; __be32 b; } __attribute__((packed));
    struct q { __u8 a[3]; struct p p[2]; void *c; int (*d)(int); __u16 e[2][3]; } __attribute__((aligned(16)));
    struct f { __u32 n; __u64 list[]; };
    union u { __u8 small; struct p p; };
    typedef struct { __u16 x; } named_t;
    struct t { named_t n; enum { ONE } e; };
  `;
  const headers = read({ "x.h": text });
  assert.deepEqual(headers.problems, []);
  assert.deepEqual(layout(headers.struct("p")!), [5, 1, [["a", 0], ["b", 1]]]);
  assert.deepEqual(layout(headers.struct("q")!), [48, 16, [["a", 0], ["p", 3], ["c", 16], ["d", 24], [
    "e",
    32,
  ]]]);
  assert.deepEqual(layout(headers.struct("f")!), [8, 8, [["n", 0], ["list", 8]]]);
  assert.deepEqual(layout(headers.struct("u")!), [5, 1, [["small", 0], ["p", 0]]]);
  assert.deepEqual(layout(headers.struct("t")!), [8, 4, [["n", 0], ["e", 4]]]);
});

Deno.test("bit-fields share a unit until it is full", () => {
  // x86-64 gcc: sizeof 8; a at bit 0, b at bit 3 of the first word, c in the second.
  const text = "struct s { __u32 a:3, b:20; __u32 c:16; };";
  const { size, members } = read({ "x.h": text }).struct("s")!;
  assert.equal(size, 8);
  assert.deepEqual(members.map(({ offset, bits }) => [offset, bits?.first]), [[0, 0], [0, 3], [4, 0]]);
});

Deno.test("functions and what cannot be understood are passed over, and the rest is read", () => {
  const text = `
    static inline int f(int a) { if (a) { return 1; } return 2; }
    extern int g(void);
    struct broken { __u8 a @ b; };
    struct unknown { some_type_t a; };
    enum { X = 9 };
  `;
  const headers = read({ "x.h": text });
  assert.equal(headers.constant("X")?.value, 9n);
  assert.equal(headers.problems.length, 1);
  assert.equal(headers.problems[0]!.line, 4);
  assert.equal(headers.struct("unknown")?.complete, false);
});

Deno.test("hostile headers end with an answer", () => {
  const deep = "(".repeat(5000) + "1" + ")".repeat(5000);
  assert.equal(value(`#define X ${deep}\n`), undefined);
  assert.equal(read({ "x.h": "struct a { ".repeat(3000) }).struct("a"), undefined);
  const doubling = Array.from({ length: 60 }, (_, i) => `#define M${i + 1} M${i} M${i}\n`).join("");
  assert.equal(value(`#define M0 1\n${doubling}#define X M60\n`), undefined);
  assert.equal(value(`#define X ${"-".repeat(10_000)}1\n`), undefined);
  for (
    const text of [
      "enum {",
      "struct s {",
      "enum e { A = ",
      "#if (",
      "#define",
      "typedef",
      "/* no end",
      "\\",
      '"',
      "'",
      "#include <",
      "}{;",
    ]
  ) {
    read({ "x.h": text });
  }
  const chain = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`${i}.h`, `#include "${i + 1}.h"\n`]),
  );
  assert.ok(read(chain).problems.some(({ message }) => message.includes("too deeply")));
});
