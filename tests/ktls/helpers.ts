/** What the tests of kernel TLS share. */
import {
  KernelRecordSocket,
  type KtlsKeys,
  type KtlsSuite,
  ktlsSuites,
  loopbackPair,
  probeKtls,
  type RecordSocket,
  UserRecordSocket,
} from "../../runtime/ktls/mod.ts";

export { ktlsSuites, loopbackPair };

/** Bytes that differ by `seed`, each from its neighbour. */
function pattern(length: number, seed: number): Uint8Array {
  return new Uint8Array(length).map((_, i) => (seed * 41 + i * 7 + 3) & 0xff);
}

/** Keys of a suite; another `seed`, other keys. */
export function testKeys(suite: KtlsSuite, seed: number, sequence = 0): KtlsKeys {
  const chacha = suite === "TLS_CHACHA20_POLY1305_SHA256";
  return {
    suite,
    key: pattern(suite === "TLS_AES_128_GCM_SHA256" ? 16 : 32, seed),
    salt: pattern(chacha ? 0 : 4, seed + 1),
    iv: pattern(chacha ? 12 : 8, seed + 2),
    sequence: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, sequence),
  };
}

/** What protects records: this process, and the kernel where it can and can change keys. */
export const protectors: { readonly [name: string]: new (fd: number) => RecordSocket } = {
  "the process": UserRecordSocket,
  ...probeKtls().rekey ? { "the kernel": KernelRecordSocket } : {},
};

/** Two ends of a connection, whose keys fit each other. */
export function recordPair(
  suite: KtlsSuite,
  protector: new (fd: number) => RecordSocket,
): [RecordSocket, RecordSocket] {
  const [a, b] = loopbackPair().map((fd) => new protector(fd)) as [RecordSocket, RecordSocket];
  a.setTx(testKeys(suite, 1));
  b.setRx(testKeys(suite, 1));
  b.setTx(testKeys(suite, 2));
  a.setRx(testKeys(suite, 2));
  return [a, b];
}

/** A KeyUpdate that asks for none (RFC 8446, section 4.6.3). */
export const keyUpdate: Uint8Array = Uint8Array.of(24, 0, 0, 1, 0);
