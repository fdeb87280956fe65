/** The socket options of kernel TLS. @module */
import { type Bytes, sockets, SystemError } from "../posix/mod.ts";
import { Errno, SOL_TCP, SOL_TLS, TCP_ULP, TlsOption } from "./constants.ts";
import { cryptoInfo, type KtlsKeys, type KtlsSuite } from "./crypto_info.ts";
import { KtlsUnsupportedError } from "./errors.ts";

/** What sets an option: the C library, or a double of it in a test. */
export interface OptionSetter {
  /** setsockopt(2): 0, or -1. */
  setsockopt(
    fd: number,
    level: number,
    option: number,
    value: Uint8Array<ArrayBuffer>,
    length: number,
  ): number;
  /** Error number of the last call, which must have failed. */
  errno(): number;
}

/**
 * Puts kernel TLS on a connected TCP socket (TCP_ULP). Until keys are set, data goes through it as before. Throws
 * {@linkcode KtlsUnsupportedError} where the kernel has none; `SystemError`: ENOTCONN, EEXIST if it is there already.
 */
export function attachTls(fd: number, calls: OptionSetter = sockets()): void {
  if (calls.setsockopt(fd, SOL_TCP, TCP_ULP, new TextEncoder().encode("tls"), 3) === 0) return;
  if (calls.errno() === Errno.noEntry) throw noUlp();
  throw new SystemError("setsockopt TCP_ULP", calls.errno());
}

/** The error of a kernel without TLS. */
export function noUlp(): KtlsUnsupportedError {
  return new KtlsUnsupportedError(
    "ulp",
    'this kernel has no TLS (upper layer protocol "tls"): load its module with "modprobe tls", or build it with CONFIG_TLS',
  );
}

/**
 * Sets the keys to send with, for the first time or after a KeyUpdate was sent. They are copied; the kernel's form of
 * them is wiped. Throws {@linkcode KtlsUnsupportedError}; a RangeError for keys of a wrong length; `SystemError`:
 * EINVAL for another suite than before.
 */
export function setTx(fd: number, keys: KtlsKeys, calls: OptionSetter = sockets()): void {
  setKeys(fd, "TLS_TX", TlsOption.tx, keys, calls);
}

/** Sets the keys to receive with, for the first time or after a KeyUpdate came; as {@linkcode setTx}. */
export function setRx(fd: number, keys: KtlsKeys, calls: OptionSetter = sockets()): void {
  setKeys(fd, "TLS_RX", TlsOption.rx, keys, calls);
}

function setKeys(fd: number, name: string, option: number, keys: KtlsKeys, calls: OptionSetter): void {
  const info = cryptoInfo(keys);
  try {
    if (calls.setsockopt(fd, SOL_TLS, option, info, info.length) === 0) return;
    switch (calls.errno()) {
      case Errno.noEntry:
        throw noCipher(keys.suite);
      case Errno.busy:
        throw noRekey();
      default:
        throw new SystemError(`setsockopt ${name}`, calls.errno());
    }
  } finally {
    info.fill(0);
  }
}

/** The error of a kernel that cannot protect records of a suite. */
export function noCipher(suite: KtlsSuite): KtlsUnsupportedError {
  const modules = suite === "TLS_CHACHA20_POLY1305_SHA256" ? "chacha and chacha20poly1305" : "aes and gcm";
  return new KtlsUnsupportedError(
    "cipher",
    `this kernel lacks the cipher of ${suite}: load the modules ${modules}`,
  );
}

/** The error of a kernel that has keys for good. */
export function noRekey(): KtlsUnsupportedError {
  return new KtlsUnsupportedError(
    "rekey",
    "this kernel cannot change the keys of a TLS socket; Linux 6.14 and later can",
  );
}

/**
 * Limits the content of the records that the kernel makes: 63 to 16,384 bytes, of which the peer's record_size_limit
 * counts one for the type (RFC 8449, section 4). False if the kernel cannot (before Linux 6.19): then it sends full
 * records. Throws `SystemError`.
 */
export function setMaxPayload(fd: number, bytes: number, calls: OptionSetter = sockets()): boolean {
  if (!(Number.isInteger(bytes) && bytes >= 63 && bytes <= 16384)) {
    throw new RangeError(`a record holds 63 to 16384 bytes, not ${bytes}`);
  }
  const value = new Uint8Array(new Uint16Array([bytes]).buffer);
  return setOptional(fd, "TLS_TX_MAX_PAYLOAD_LEN", TlsOption.maxPayload, value, calls);
}

/**
 * Says that the peer does not pad its records, so that the kernel can decrypt in place; with one that does, reading is
 * slower and still right. False if the kernel cannot (before Linux 6.0). Throws `SystemError`.
 */
export function setExpectNoPad(fd: number, expect: boolean, calls: OptionSetter = sockets()): boolean {
  return setFlag(fd, "TLS_RX_EXPECT_NO_PAD", TlsOption.expectNoPad, expect, calls);
}

/**
 * Promises that what sendfile(2) sends does not change meanwhile, so that a network card that encrypts needs no copy.
 * False if the kernel cannot (before Linux 5.19). Throws `SystemError`.
 */
export function setZeroCopyReadOnly(fd: number, promise: boolean, calls: OptionSetter = sockets()): boolean {
  return setFlag(fd, "TLS_TX_ZEROCOPY_RO", TlsOption.zeroCopyReadOnly, promise, calls);
}

function setFlag(fd: number, name: string, option: number, on: boolean, calls: OptionSetter): boolean {
  return setOptional(fd, name, option, new Uint8Array(new Uint32Array([on ? 1 : 0]).buffer), calls);
}

function setOptional(fd: number, name: string, option: number, value: Bytes, calls: OptionSetter): boolean {
  if (calls.setsockopt(fd, SOL_TLS, option, value, value.length) === 0) return true;
  if (calls.errno() === Errno.noOption) return false;
  throw new SystemError(`setsockopt ${name}`, calls.errno());
}
