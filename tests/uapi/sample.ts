/**
 * A spec with the corner cases of UAPI headers.
 *
 * @module
 */

import type { Spec } from "../../generator/spec/types.ts";

/** A unified family in which every rule of naming and counting is broken once. */
export const SAMPLE: Spec = {
  name: "sample-family",
  protocol: "genetlink-legacy",
  doc: "A family.",
  version: 3,
  "c-family-name": "sample-genl-name",
  "c-version-name": "sample-genl-ver",
  "uapi-header": "linux/sub/sample-family.h",
  "max-by-define": true,
  "cmd-max-name": "sample-command-last",
  definitions: [
    { name: "limit", type: "const", value: 0x10 },
    { name: "text", type: "const", value: "some text", "name-prefix": "other-" },
    { name: "hidden", type: "const", value: 1, scope: "kernel" },
    { name: "elsewhere", type: "const", value: 1, header: "linux/other.h" },
    { name: "long-name-of-a-constant", type: "const", value: -1 },
    { name: "pair", type: "struct", members: [{ name: "a", type: "u32" }] },
    { name: "after-struct", type: "const", value: 7 },
    {
      name: "verdict",
      type: "enum",
      "enum-name": null,
      "render-max": true,
      entries: [
        { name: "continue", value: 0xffffffff },
        { name: "break", value: 0xfffffffe },
        { name: "drop", value: 0 },
        "accept",
        { name: "below", value: -5 },
        "above",
      ],
    },
    {
      name: "mode",
      type: "enum",
      "value-start": 1,
      "name-prefix": "smp-mode-",
      "enum-name": "smp-modes",
      "enum-cnt-name": "number-of-modes",
      "render-max": true,
      entries: ["manual", "automatic"],
    },
    {
      name: "caps",
      type: "flags",
      "render-max": true,
      entries: ["one", { name: "top", value: 31 }, { name: "two", value: 1 }],
    },
    { name: "foreign", type: "flags", header: "linux/foreign.h", entries: ["x"] },
  ],
  "attribute-sets": [
    {
      name: "sample-family",
      attributes: [
        { name: "id", type: "u32" },
        { name: "jump", type: "u32", value: 7 },
        { name: "next-one", type: "u8" },
        { name: "renamed", type: "u8", "name-prefix": "other-a-" },
        { name: "back", type: "u8", value: 3 },
      ],
    },
    { name: "empty", attributes: [] },
    {
      name: "from-zero",
      "enum-name": "zero-attrs",
      "attr-cnt-name": "number-of-zeros",
      "attr-max-name": "last-zero",
      "name-prefix": "zero-",
      attributes: [{ name: "unspec", type: "unused", value: 0 }, { name: "a", type: "pad" }],
    },
    { name: "part", "subset-of": "sample-family", attributes: [{ name: "id" }] },
  ],
  operations: {
    "name-prefix": "smp-cmd-",
    "enum-name": "smp-commands",
    "async-prefix": "smp-event-",
    "async-enum": "smp-events",
    list: [
      { name: "get", "attribute-set": "sample-family", do: { request: {}, reply: {} } },
      { name: "get-ntf", notify: "get", value: 0 },
      { name: "reserved", value: 9 },
      { name: "set", "attribute-set": "sample-family", do: { request: {} } },
      { name: "gone", "attribute-set": "sample-family", event: {}, value: 1 },
    ],
  },
  "mcast-groups": { list: [{ name: "mgmt" }, { name: "other-things", "c-define-name": "smp-group" }] },
};

/** A directional family: requests and what the kernel sends are numbered apart. */
export const DIRECTIONAL: Spec = {
  name: "two-way",
  protocol: "genetlink-legacy",
  "attribute-sets": [{ name: "a", attributes: [{ name: "id", type: "u32" }] }],
  operations: {
    "enum-model": "directional",
    "name-prefix": "tw-",
    list: [
      { name: "get", "attribute-set": "a", do: { request: {}, reply: {} } },
      { name: "set", "attribute-set": "a", do: { request: {} } },
      { name: "get-ntf", notify: "get" },
      { name: "lost", "attribute-set": "a", event: {} },
      { name: "list", "attribute-set": "a", dump: { request: {}, reply: {} } },
      { name: "far", "attribute-set": "a", do: { request: { value: 20 }, reply: { value: 16 } } },
    ],
  },
};
