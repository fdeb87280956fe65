import assert from "node:assert/strict";
import { access, camelCase, NameTable, pascalCase, property } from "../../generator/model/names.ts";
import { familyOf } from "./compile.ts";

Deno.test("names become camelCase at every character that is no letter or digit", () => {
  const names: [string, string][] = [
    ["ifindex", "ifindex"],
    ["message-type", "messageType"],
    ["nf_tables-chain", "nfTablesChain"],
    ["a--b__c", "aBC"],
    ["--kernel-timespec", "kernelTimespec"],
    ["ipv4-5-tuple", "ipv45Tuple"],
    ["8021q", "8021q"],
  ];
  for (const [name, camel] of names) assert.equal(camelCase(name), camel);
});

Deno.test("words in capitals become words, and words of mixed case keep their case", () => {
  assert.equal(camelCase("SOCK_FD"), "sockFd");
  assert.equal(camelCase("x509-CERT"), "x509Cert");
  assert.equal(camelCase("maxTxRate"), "maxTxRate");
  assert.equal(camelCase("STA-flagUpdate"), "staFlagUpdate");
});

Deno.test("types begin with a capital, or with an underscore before a digit", () => {
  assert.equal(pascalCase("link-attrs"), "LinkAttrs");
  assert.equal(pascalCase("8021q-attrs"), "_8021qAttrs");
});

Deno.test("properties that are no identifiers are quoted", () => {
  assert.equal(property("ifindex"), "ifindex");
  assert.equal(property("8021q"), '"8021q"');
  assert.equal(access("m", "ifindex"), "m.ifindex");
  assert.equal(access("m", "8021q"), 'm["8021q"]');
});

Deno.test("a name is given once, and then with what it is", () => {
  const names = new NameTable();
  assert.deepEqual(names.claim("stringset", "enum"), { type: "Stringset", variable: "stringset" });
  assert.deepEqual(names.claim("stringset", "attrs"), { type: "StringsetAttrs", variable: "stringsetAttrs" });
  assert.deepEqual(names.claim("stringset", "attrs"), {
    type: "StringsetAttrsAttrs",
    variable: "stringsetAttrsAttrs",
  });
});

Deno.test("names that generated modules need are not given away", () => {
  const names = new NameTable(["own"]);
  assert.equal(names.claim("own", "attrs").variable, "ownAttrs");
  assert.equal(names.claim("array", "struct").type, "ArrayStruct");
  assert.equal(names.claim("codec", "attrs").type, "CodecAttrs");
  assert.equal(names.claim("reader", "attrs").type, "ReaderAttrs");
  assert.equal(names.claim("meta", "attrs").variable, "metaAttrs");
});

Deno.test("reserved words name no variable", () => {
  for (const word of ["delete", "new", "function", "await", "interface", "enum", "arguments", "eval"]) {
    assert.equal(new NameTable().claim(word, "attrs").variable, `${word}Attrs`);
  }
});

Deno.test("a variable and a type of one spelling do not share a name", () => {
  const names = new NameTable();
  assert.equal(names.claim("8021q", "attrs").variable, "_8021q");
  assert.equal(names.claim("8021q", "struct").variable, "_8021qStruct");
});

Deno.test("an attribute called unknown leaves that property to the unknown attributes", () => {
  const [set] = familyOf("attribute-sets: [{ name: a, attributes: [{ name: unknown, type: u8 }] }]").sets;
  assert.equal(set!.attributes[0]!.key, "unknown_");
});

Deno.test("an enum and a set of one name are told apart", () => {
  const family = familyOf(`
definitions: [{ name: stringset, type: enum, entries: [a] }]
attribute-sets: [{ name: stringset, attributes: [{ name: id, type: u32 }] }]
`);
  assert.equal(family.enums[0]!.type, "Stringset");
  assert.equal(family.sets[0]!.type, "StringsetAttrs");
});

Deno.test("a set that has the family's name leaves it to the family", () => {
  const family = familyOf(
    "name: dev\nattribute-sets: [{ name: dev, attributes: [{ name: id, type: u32 }] }]",
  );
  assert.equal(family.variable, "dev");
  assert.equal(family.sets[0]!.variable, "devAttrs");
});
