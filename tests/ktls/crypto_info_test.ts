/** The bytes of `struct tls12_crypto_info_*`, as a C compiler lays them out. */
import assert from "node:assert/strict";
import { cryptoInfo, type KtlsKeys, type KtlsSuite, ktlsSuites } from "../../runtime/ktls/mod.ts";
import { testKeys } from "./helpers.ts";

/** The C names of linux/tls.h. */
const C_NAMES: { [suite in KtlsSuite]: [struct: string, cipher: string] } = {
  TLS_AES_128_GCM_SHA256: ["tls12_crypto_info_aes_gcm_128", "TLS_CIPHER_AES_GCM_128"],
  TLS_AES_256_GCM_SHA384: ["tls12_crypto_info_aes_gcm_256", "TLS_CIPHER_AES_GCM_256"],
  TLS_CHACHA20_POLY1305_SHA256: [
    "tls12_crypto_info_chacha20_poly1305",
    "TLS_CIPHER_CHACHA20_POLY1305",
  ],
};

interface Layout {
  size: number;
  cipher: number;
  iv: number;
  key: number;
  salt: number;
  sequence: number;
}

/** What gcc 12 says of linux/tls.h of Linux 6.1, for machines without a compiler. */
const RECORDED: { [suite in KtlsSuite]: Layout } = {
  TLS_AES_128_GCM_SHA256: { size: 40, cipher: 51, iv: 4, key: 12, salt: 28, sequence: 32 },
  TLS_AES_256_GCM_SHA384: { size: 56, cipher: 52, iv: 4, key: 12, salt: 44, sequence: 48 },
  TLS_CHACHA20_POLY1305_SHA256: { size: 56, cipher: 54, iv: 4, key: 16, salt: 48, sequence: 48 },
};

function compiled(): { [suite in KtlsSuite]: Layout } | undefined {
  const directory = Deno.makeTempDirSync();
  try {
    const lines = ktlsSuites.map((suite) => {
      const [struct, cipher] = C_NAMES[suite];
      const at = (field: string) => `(int)offsetof(struct ${struct}, ${field})`;
      return `printf("\\"${suite}\\": {\\"size\\": %d, \\"cipher\\": %d, \\"iv\\": %d, \\"key\\": %d, ` +
        `\\"salt\\": %d, \\"sequence\\": %d}, ", (int)sizeof(struct ${struct}), ${cipher}, ` +
        `${at("iv")}, ${at("key")}, ${at("salt")}, ${at("rec_seq")});`;
    });
    Deno.writeTextFileSync(
      `${directory}/layout.c`,
      `#include <stddef.h>\n#include <stdio.h>\n#include <linux/tls.h>\n` +
        `int main(void) { printf("{"); ${
          lines.join("\n")
        } printf("\\"version\\": %d}", TLS_1_3_VERSION); }\n`,
    );
    const cc = new Deno.Command("cc", {
      args: ["-o", `${directory}/layout`, `${directory}/layout.c`],
      stderr: "null",
    });
    if (!cc.outputSync().success) return undefined;
    const { version, ...layouts } = JSON.parse(
      new TextDecoder().decode(new Deno.Command(`${directory}/layout`).outputSync().stdout),
    );
    assert.equal(version, 0x0304);
    return layouts;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const layouts = compiled();

Deno.test({
  name: `the recorded layouts are those of linux/tls.h${
    layouts === undefined ? " (ignored: no C compiler, or no headers of Linux)" : ""
  }`,
  ignore: layouts === undefined,
  fn: () => assert.deepEqual(layouts, RECORDED),
});

for (const suite of ktlsSuites) {
  Deno.test(`crypto_info of ${suite} has each field where C has it`, () => {
    const layout = RECORDED[suite];
    const keys = testKeys(suite, 5, 9);
    const expected = new Uint8Array(layout.size);
    expected.set([0x04, 0x03, layout.cipher, 0]);
    expected.set(keys.iv, layout.iv);
    expected.set(keys.key, layout.key);
    expected.set(keys.salt, layout.salt);
    expected.set(keys.sequence, layout.sequence);
    assert.deepEqual(cryptoInfo(keys), expected);
  });
}

Deno.test("keys with a field of another length are refused", () => {
  const keys = testKeys("TLS_AES_128_GCM_SHA256", 1);
  for (const field of ["key", "salt", "iv", "sequence"] as const) {
    const wrong: KtlsKeys = { ...keys, [field]: new Uint8Array(keys[field].length + 1) };
    assert.throws(() => cryptoInfo(wrong), RangeError, field);
  }
});

Deno.test("a suite that kernel TLS does not have is refused, names of objects included", () => {
  for (const suite of ["TLS_AES_128_CCM_SHA256", "constructor", "__proto__"]) {
    assert.throws(
      () => cryptoInfo({ ...testKeys("TLS_AES_128_GCM_SHA256", 1), suite: suite as KtlsSuite }),
      RangeError,
    );
  }
});
