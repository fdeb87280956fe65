/** Run as an ordinary user: fills a keyring until the quota ends it, and exits with 0 if it did. */
import { addKey, addKeyring, clearKeyring, KeyError, SpecialKeyring } from "../../runtime/keyring/mod.ts";

const ring = addKeyring("tynl:quota", SpecialKeyring.process);
let code = "none";
try {
  for (let i = 0; i < 4096; i++) {
    addKey({ type: "user", description: `tynl:${i}` }, new Uint8Array(512), ring);
  }
} catch (error) {
  if (!(error instanceof KeyError)) throw error;
  code = error.code;
} finally {
  clearKeyring(ring);
}
if (code !== "EDQUOT") throw new Error(`expected EDQUOT, got ${code}`);
