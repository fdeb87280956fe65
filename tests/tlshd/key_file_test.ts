// The syntax that GKeyFile reads. Expectations are from the GLib reference manual, "Key-value file parser", and the
// Desktop Entry Specification.
import assert from "node:assert/strict";
import {
  integerValue,
  type KeyFile,
  KeyFileError,
  KeyFileValueError,
  listValue,
  MAX_KEY_FILE_BYTES,
  parseKeyFile,
  stringValue,
} from "../../cli/tlshd/key_file.ts";
import { mutate, numbers } from "../tls/x509/mutate.ts";

/** What has a meaning in key files. */
const SIGNS = new TextEncoder().encode("\\;[]=#\n\r \0\t\xff[a]\nk=");

const bytes = (text: string) => new TextEncoder().encode(text);

function raw(file: KeyFile, group: string, key: string): string | undefined {
  return file.get(group)?.values.get(key)?.raw;
}

function fault(text: string | Uint8Array): [line: number, message: string] {
  try {
    parseKeyFile(typeof text === "string" ? bytes(text) : text);
  } catch (error) {
    assert(error instanceof KeyFileError);
    return [error.line, error.message];
  }
  assert.fail("read without an error");
}

Deno.test("a key file has groups with keys and values, and lines that count for nothing", () => {
  const file = parseKeyFile(bytes("# words\n\n [a.b]\t\nkey = value \n  other=x=y\n\t# more\n[c]\nempty=\n"));
  assert.deepEqual([...file.keys()], ["a.b", "c"]);
  assert.equal(file.get("a.b")!.line, 3);
  assert.deepEqual(file.get("a.b")!.values.get("key"), { line: 4, raw: "value " });
  assert.equal(raw(file, "a.b", "other"), "x=y");
  assert.equal(raw(file, "c", "empty"), "");
});

Deno.test("a group that comes twice is one group, and of a key that comes twice the last value counts", () => {
  const file = parseKeyFile(bytes("[a]\nk=1\nm=1\n[b]\n[a]\nk=2\n"));
  assert.deepEqual([raw(file, "a", "k"), raw(file, "a", "m")], ["2", "1"]);
  assert.equal(file.get("a")!.line, 1);
});

Deno.test("lines may end as DOS has it, and the last one without an end", () => {
  assert.equal(raw(parseKeyFile(bytes("[a]\r\nk=v\r\nl=w")), "a", "k"), "v");
  assert.equal(raw(parseKeyFile(bytes("[a]\r\nk=v\r\nl=w")), "a", "l"), "w");
});

Deno.test("what is no key file is refused with the line at fault", () => {
  assert.deepEqual(fault("k=v\n"), [1, '"k" stands before any group']);
  assert.deepEqual(fault("[a]\n\nnonsense\n"), [3, "neither a group, nor key=value, nor a comment"]);
  assert.deepEqual(fault("[a\n"), [1, "not the name of a group in brackets"]);
  assert.deepEqual(fault("[]\n"), [1, "not the name of a group in brackets"]);
  assert.deepEqual(fault("[a] b\n"), [1, "not the name of a group in brackets"]);
  assert.deepEqual(fault("[a]\n=v\n"), [2, '"" is no key']);
  assert.deepEqual(fault("[a]\nk[=v\n"), [2, '"k[" is no key']);
  assert.deepEqual(fault("[a]\nk=\0\n"), [2, "a NUL byte"]);
  assert.deepEqual(fault(Uint8Array.of(0x5b, 0x61, 0x5d, 10, 0x6b, 0x3d, 0xff)), [2, "not UTF-8"]);
});

Deno.test("a file of more than a megabyte is refused unread", () => {
  assert.match(fault(new Uint8Array(MAX_KEY_FILE_BYTES + 1).fill(35))[1], /^more than 1048576 bytes$/);
  assert.equal(parseKeyFile(new Uint8Array(MAX_KEY_FILE_BYTES).fill(35)).size, 0);
});

Deno.test("thirty thousand groups and keys are read in one pass", () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `[g${i}]\nk${i}=v`);
  assert.equal(parseKeyFile(bytes(lines.join("\n"))).size, 30_000);
});

Deno.test("escapes of a text stand for blanks, tabs, ends of lines and backslashes", () => {
  assert.equal(stringValue("\\sa\\tb\\nc\\rd\\\\e;f"), " a\tb\nc\rd\\e;f");
  assert.throws(() => stringValue("a\\x"), new KeyFileValueError('no escape "\\x"'));
  assert.throws(() => stringValue("a\\;b"), KeyFileValueError);
  assert.throws(() => stringValue("a\\"), new KeyFileValueError("a backslash at its end"));
});

Deno.test("items of a list end in semicolons, the last one may go without", () => {
  assert.deepEqual(listValue("a;b;c"), ["a", "b", "c"]);
  assert.deepEqual(listValue("a;b;"), ["a", "b"]);
  assert.deepEqual(listValue("a;;b"), ["a", "", "b"]);
  assert.deepEqual(listValue("a\\;b;c\\\\;"), ["a;b", "c\\"]);
  assert.deepEqual(listValue(""), []);
});

Deno.test("an integer has 32 bits, and what follows it behind a blank does not count", () => {
  assert.deepEqual(["0", "-5", "+7", "12 # loud", "2147483647"].map(integerValue), [
    0,
    -5,
    7,
    12,
    2147483647,
  ]);
  for (const raw of ["", "x", "1x", "2147483648", "-2147483649", "9".repeat(400), "0x10"]) {
    assert.throws(() => integerValue(raw), KeyFileValueError, raw);
  }
});

Deno.test("damaged key files are read or refused, and nothing else", () => {
  const whole = bytes("# c\n[debug]\nloglevel=1\n[authenticate]\nkeyrings=a;b\\;c;\n[x]\nk[de]=\\s\n");
  const random = numbers(1);
  for (let n = 0; n < 20_000; n++) {
    const damaged = mutate(whole, SIGNS, random);
    try {
      for (const { values } of parseKeyFile(damaged).values()) {
        for (const { raw } of values.values()) {
          for (const read of [stringValue, listValue, integerValue]) {
            try {
              read(raw);
            } catch (error) {
              assert(error instanceof KeyFileValueError);
            }
          }
        }
      }
    } catch (error) {
      assert(error instanceof KeyFileError, String(error));
      assert(error.line >= 1);
    }
  }
});
