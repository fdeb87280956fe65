/** The text of C headers, in the corners that few specs visit. */

import assert from "node:assert/strict";
import { asInstalled, emitUapiHeader } from "../../generator/emit/uapi_header.ts";
import { resolveUapi } from "../../generator/model/uapi.ts";
import type { Spec, SpecDefinition } from "../../generator/spec/types.ts";
import { DIRECTIONAL, SAMPLE } from "./sample.ts";

function textOf(spec: Spec): string {
  return emitUapiHeader(resolveUapi(spec), { license: "X OR Y", specPath: "specs/sample.yaml" });
}

function withDefinitions(...definitions: SpecDefinition[]): Spec {
  return { ...SAMPLE, definitions };
}

/** The paragraph of the text that holds a string, without its newline. */
function paragraph(text: string, part: string): string {
  const found = text.split(/\n(?=\n(?:enum|#define|\/\*)|\n#endif)/).find((each) => each.includes(part));
  return (found ?? "").trim();
}

Deno.test("a header starts with its origin and its guard, and ends with the guard", () => {
  const text = textOf(SAMPLE);
  assert.ok(
    text.startsWith(
      "/* SPDX-License-Identifier: X OR Y */\n" +
        "/* Do not edit directly, auto-generated from: */\n" +
        "/*\tspecs/sample.yaml */\n" +
        "/* YNL-GEN uapi header */\n" +
        "/* To regenerate run: tools/net/ynl/ynl-regen.sh */\n\n" +
        "#ifndef _UAPI_LINUX_SUB_SAMPLE_FAMILY_H\n#define _UAPI_LINUX_SUB_SAMPLE_FAMILY_H\n\n",
    ),
  );
  assert.ok(text.endsWith("\n\n#endif /* _UAPI_LINUX_SUB_SAMPLE_FAMILY_H */\n"));
});

Deno.test("installing a header takes the prefix off its guard", () => {
  const installed = asInstalled(textOf(SAMPLE));
  assert.ok(installed.includes("#ifndef _LINUX_SUB_SAMPLE_FAMILY_H\n#define _LINUX_SUB_SAMPLE_FAMILY_H\n"));
  assert.ok(installed.endsWith("#endif /* _LINUX_SUB_SAMPLE_FAMILY_H */\n"));
});

Deno.test("the family's names and its multicast groups are aligned #defines", () => {
  const text = textOf(SAMPLE);
  assert.ok(text.includes('#define SAMPLE_GENL_NAME\t"sample-family"\n#define SAMPLE_GENL_VER\t\t3\n'));
  assert.ok(
    text.includes('#define SAMPLE_FAMILY_MCGRP_MGMT\t"mgmt"\n#define SMP_GROUP\t\t\t"other-things"\n'),
  );
});

Deno.test("constants are decimal; those of the kernel or of another header are left out", () => {
  const text = textOf(SAMPLE);
  assert.ok(text.includes(
    "#define SAMPLE_FAMILY_LIMIT\t\t\t16\n" +
      '#define OTHER_TEXT\t\t\t\t"some text"\n' +
      "#define SAMPLE_FAMILY_LONG_NAME_OF_A_CONSTANT\t-1\n\n" +
      "#define SAMPLE_FAMILY_AFTER_STRUCT\t7\n",
  ));
  assert.ok(!/HIDDEN|ELSEWHERE|FOREIGN/.test(text));
});

Deno.test("an enum shows a value wherever the count jumps, backwards included", () => {
  assert.equal(
    paragraph(textOf(SAMPLE), "VERDICT_DROP"),
    `enum {
	SAMPLE_FAMILY_VERDICT_CONTINUE = 4294967295,
	SAMPLE_FAMILY_VERDICT_BREAK = 4294967294,
	SAMPLE_FAMILY_VERDICT_DROP = 0,
	SAMPLE_FAMILY_VERDICT_ACCEPT,
	SAMPLE_FAMILY_VERDICT_BELOW = -5,
	SAMPLE_FAMILY_VERDICT_ABOVE,

	/* private: */
	__SAMPLE_FAMILY_VERDICT_MAX,
	SAMPLE_FAMILY_VERDICT_MAX = (__SAMPLE_FAMILY_VERDICT_MAX - 1)
};`,
  );
});

Deno.test("the count of an enum goes by the name that the spec gives it", () => {
  assert.equal(
    paragraph(textOf(SAMPLE), "SMP_MODE_MANUAL"),
    `enum smp_modes {
	SMP_MODE_MANUAL = 1,
	SMP_MODE_AUTOMATIC,

	/* private: */
	NUMBER_OF_MODES,
	SMP_MODE_MAX = (NUMBER_OF_MODES - 1)
};`,
  );
});

Deno.test("flags always show their value, and bit 31 is positive", () => {
  assert.equal(
    paragraph(textOf(SAMPLE), "CAPS_TOP"),
    `enum sample_family_caps {
	SAMPLE_FAMILY_CAPS_ONE = 1,
	SAMPLE_FAMILY_CAPS_TOP = 2147483648,
	SAMPLE_FAMILY_CAPS_TWO = 2,

	/* private: */
	SAMPLE_FAMILY_CAPS_MASK = 2147483651,
};`,
  );
});

Deno.test("with max-by-define the maximum of a set follows its enum", () => {
  assert.equal(
    paragraph(textOf(SAMPLE), "SAMPLE_FAMILY_A_ID"),
    `enum {
	SAMPLE_FAMILY_A_ID = 1,
	SAMPLE_FAMILY_A_JUMP = 7,
	SAMPLE_FAMILY_A_NEXT_ONE,
	OTHER_A_RENAMED,
	SAMPLE_FAMILY_A_BACK = 3,

	__SAMPLE_FAMILY_A_MAX
};
#define SAMPLE_FAMILY_A_MAX (__SAMPLE_FAMILY_A_MAX - 1)`,
  );
});

Deno.test("without max-by-define the maximum is the last enumerator", () => {
  const { "max-by-define": _, ...spec } = SAMPLE;
  assert.ok(
    textOf(spec).includes(
      "\tZERO_UNSPEC,\n\tZERO_A,\n\n\tNUMBER_OF_ZEROS,\n\tLAST_ZERO = (NUMBER_OF_ZEROS - 1)\n};\n",
    ),
  );
});

Deno.test("a set without attributes has a count alone", () => {
  assert.ok(textOf(SAMPLE).includes("enum {\n\t__SAMPLE_FAMILY_A_EMPTY_MAX\n};\n"));
});

Deno.test("a set that the spec does not have all of gets no count", () => {
  const [set] = SAMPLE["attribute-sets"];
  assert.ok(set !== undefined);
  const text = textOf({ ...SAMPLE, "attribute-sets": [{ ...set, incomplete: true }] });
  assert.ok(text.includes("\tSAMPLE_FAMILY_A_BACK = 3,\n};\n\n"));
  assert.ok(!text.includes("SAMPLE_FAMILY_A_MAX"));
});

Deno.test("notifications with a prefix of their own have an enum of their own", () => {
  const text = textOf(SAMPLE);
  assert.ok(text.includes(
    "enum smp_commands {\n\tSMP_CMD_GET = 1,\n\tSMP_CMD_RESERVED = 9,\n\tSMP_CMD_SET,\n\n\t__SMP_CMD_MAX\n};\n" +
      "#define SAMPLE_COMMAND_LAST (__SMP_CMD_MAX - 1)\n\n" +
      "enum smp_events {\n\tSMP_EVENT_GET_NTF = 0,\n\tSMP_EVENT_GONE = 1,\n};\n",
  ));
});

Deno.test("a directional family has an enum for each direction", () => {
  assert.ok(
    textOf(DIRECTIONAL).includes(`enum {
	TWO_WAY_MSG_USER_NONE = 0,
	TW_GET = 1,
	TW_SET,
	TW_FAR = 20,

	__TW_USER_CNT,
	TW_USER_MAX = (__TW_USER_CNT - 1)
};

enum {
	TWO_WAY_MSG_KERNEL_NONE = 0,
	TW_GET_REPLY = 1,
	TW_GET_NTF,
	TW_LOST,
	TW_FAR_REPLY = 16,

	__TW_KERNEL_CNT,
	TW_KERNEL_MAX = (__TW_KERNEL_CNT - 1)
};
`),
  );
});

Deno.test("documentation of entries makes a kernel-doc comment, wrapped before column 80", () => {
  const text = textOf(withDefinitions({
    name: "mode",
    type: "enum",
    doc: "says how the thing works when nobody is looking at it, which is most of the time; see also there.",
    entries: [
      { name: "manual", doc: "ends in column seventy-nine, which is the last one of a line: 78901" },
      { name: "by-hand", doc: "one letter more than the line before has, so the word is moved down" },
      "silent",
    ],
  }));
  assert.equal(
    paragraph(text, "/**"),
    `/**
 * enum sample_family_mode - says how the thing works when nobody is looking at
 *   it, which is most of the time; see also there.
 * @SAMPLE_FAMILY_MODE_MANUAL: ends in column seventy-nine, which is the last
 *   one of a line: 78901
 * @SAMPLE_FAMILY_MODE_BY_HAND: one letter more than the line before has, so
 *   the word is moved down
 */
enum sample_family_mode {
	SAMPLE_FAMILY_MODE_MANUAL,
	SAMPLE_FAMILY_MODE_BY_HAND,
	SAMPLE_FAMILY_MODE_SILENT,
};`,
  );
});

Deno.test("documentation of an enum alone makes a plain comment; line breaks in the spec do not count", () => {
  const text = textOf(
    withDefinitions({ name: "mode", type: "enum", doc: "How\n  it works.\n", entries: ["a"] }),
  );
  assert.ok(text.includes("/*\n * How it works.\n */\nenum sample_family_mode {\n"));
});

Deno.test("a line of a comment is at most 79 columns wide, the break being before the word that passes it", () => {
  const words = (last: number) => `${"w".repeat(35)} ${"x".repeat(35)} ${"y".repeat(last)}`;
  const comment = (doc: string) =>
    textOf(withDefinitions({ name: "mode", type: "enum", doc, entries: ["a"] }))
      .split("\n").filter((line) => line.startsWith(" * ")).map((line) => line.length);
  assert.deepEqual(comment(words(4)), [2 + 1 + 35 + 1 + 35 + 1 + 4]);
  assert.deepEqual(comment(words(5)), [2 + 1 + 35 + 1 + 35, 2 + 1 + 5]);
});

Deno.test("an anonymous enum with documented entries is written, where ynl fails", () => {
  const text = textOf(withDefinitions({
    name: "state",
    type: "flags",
    "enum-name": null,
    "name-prefix": "st-",
    entries: [{ name: "new", doc: "Begins." }],
  }));
  assert.ok(text.includes("/**\n * enum\n * @ST_NEW: Begins.\n */\nenum {\n\tST_NEW = 1,\n};\n"));
});
