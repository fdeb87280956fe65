/** What kernel TLS can do here, found out by trying, before anything depends on it. @module */
import { sockets } from "../posix/mod.ts";
import { emptyKeys, type KtlsSuite, ktlsSuites } from "./crypto_info.ts";
import { KtlsUnsupportedError } from "./errors.ts";
import { loopbackPair } from "./loopback.ts";
import { attachTls, setExpectNoPad, setMaxPayload, setRx, setTx, setZeroCopyReadOnly } from "./options.ts";

/** What the running kernel can do. */
export interface KtlsSupport {
  /** Whether it has TLS at all. If not, all else is false or empty. */
  readonly ulp: boolean;
  /** The suites that it can protect records with, both ways. */
  readonly suites: readonly KtlsSuite[];
  /** Whether keys can be changed on a socket that has some: a KeyUpdate can be answered. Linux 6.14. */
  readonly rekey: boolean;
  /** Whether records can be limited: TLS_TX_MAX_PAYLOAD_LEN. */
  readonly maxPayload: boolean;
  /** TLS_RX_EXPECT_NO_PAD. */
  readonly expectNoPad: boolean;
  /** TLS_TX_ZEROCOPY_RO. */
  readonly zeroCopyReadOnly: boolean;
}

const NOTHING: KtlsSupport = {
  ulp: false,
  suites: [],
  rekey: false,
  maxPayload: false,
  expectNoPad: false,
  zeroCopyReadOnly: false,
};

/**
 * Tries each suite on a connection over loopback that carries nothing. The kernel loads its modules meanwhile, if this
 * process may (CAP_NET_ADMIN). Throws `SystemError`: ENETUNREACH where loopback is down.
 */
export function probeKtls(): KtlsSupport {
  let support = NOTHING;
  for (const suite of ktlsSuites) {
    const [fd, peer] = loopbackPair();
    try {
      if (!can(() => attachTls(fd))) return NOTHING;
      support = { ...support, ulp: true };
      const keys = emptyKeys(suite);
      if (!can(() => (setTx(fd, keys), setRx(fd, keys)))) continue;
      support = {
        ulp: true,
        suites: [...support.suites, suite],
        rekey: can(() => (setTx(fd, keys), setRx(fd, keys))),
        maxPayload: setMaxPayload(fd, 16384),
        expectNoPad: setExpectNoPad(fd, true),
        zeroCopyReadOnly: setZeroCopyReadOnly(fd, true),
      };
    } finally {
      sockets().close(fd);
      sockets().close(peer);
    }
  }
  return support;
}

let known: KtlsSupport | undefined;

/** What {@linkcode probeKtls} found; asked again as long as something is missing, for modules may be loaded. */
export function ktlsSupport(): KtlsSupport {
  if (known === undefined || known.suites.length < ktlsSuites.length) known = probeKtls();
  return known;
}

/** Whether a call is one that the kernel supports; it may fail in no other way. */
function can(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (error instanceof KtlsUnsupportedError) return false;
    throw error;
  }
}
