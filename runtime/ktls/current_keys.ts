/** The keys that a socket has. @module */
import { sockets } from "../posix/mod.ts";
import { SOL_TLS, TlsOption } from "./constants.ts";
import { cryptoInfo, emptyKeys, type KtlsKeys, ktlsSuites } from "./crypto_info.ts";

/**
 * The keys of one direction of a kernel TLS socket, with the number of the next record; undefined if it has none, or
 * the kernel does not tell. Secrets: wipe them after use.
 */
export function currentKeys(fd: number, direction: "tx" | "rx"): KtlsKeys | undefined {
  // getsockopt(2) wants the size of the very struct, so each suite is tried.
  for (const suite of ktlsSuites) {
    const keys = emptyKeys(suite);
    const info = cryptoInfo(keys);
    const head = info.slice(0, 4);
    const length = Uint32Array.of(info.length);
    try {
      if (sockets().getsockopt(fd, SOL_TLS, TlsOption[direction], info, length) === -1) continue;
      if (!head.every((byte, i) => byte === info[i])) continue;
      let at = 4;
      for (const field of [keys.iv, keys.key, keys.salt, keys.sequence]) {
        field.set(info.subarray(at, at + field.length));
        at += field.length;
      }
      return keys;
    } finally {
      info.fill(0);
    }
  }
  return undefined;
}
