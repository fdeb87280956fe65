/** The running kernel's TLS, for the agent. @module */
import {
  attachTls,
  cryptoInfo,
  type KtlsKeys,
  ktlsSuites,
  KtlsUnsupportedError,
  probeKtls,
  setExpectNoPad,
  setMaxPayload,
  setRx,
  setTx,
  setZeroCopyReadOnly,
} from "../ktls/mod.ts";
import { MessageHeader, secretBytes, Socket, sockets, SystemError } from "../posix/mod.ts";
import type { TrafficKeys } from "../tls/mod.ts";
import { Errno, RequestError } from "./errno.ts";
import type { RecordLayer } from "./record_layer.ts";

/** Numbers of linux/tls.h and linux/socket.h. */
const SOL_TLS = 282, TLS_SET_RECORD_TYPE = 1, TLS_TX = 1, TLS_RX = 2;
const EINTR = 4, EAGAIN = 11;
/** Content type of handshake messages (RFC 8446 section 5.1). */
const handshake = 22;

/** What kernel TLS cannot do is EOPNOTSUPP to the consumer. */
function told<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof KtlsUnsupportedError)) throw error;
    throw new RequestError(Errno.EOPNOTSUPP, error.message, { cause: error });
  }
}

/** Layout of `struct tls12_crypto_info_*` of a suite, found out by encoding keys of numbers. */
function emptyKeys(suite: KtlsKeys["suite"]): KtlsKeys {
  const chacha = suite === "TLS_CHACHA20_POLY1305_SHA256";
  const key = secretBytes(suite === "TLS_AES_128_GCM_SHA256" ? 16 : 32);
  return {
    suite,
    key,
    salt: new Uint8Array(chacha ? 0 : 4),
    iv: new Uint8Array(chacha ? 12 : 8),
    sequence: new Uint8Array(8),
  };
}

/** getsockopt(TLS_TX or TLS_RX): it wants the size of the very struct, so each suite is tried. */
function readKeys(fd: number, option: number): TrafficKeys | undefined {
  for (const suite of ktlsSuites) {
    const keys = emptyKeys(suite);
    const info = cryptoInfo(keys);
    const cipher = info.slice(0, 4);
    if (sockets().getsockopt(fd, SOL_TLS, option, info, new Uint32Array([info.length])) === -1) continue;
    if (cipher.every((byte, i) => byte === info[i])) {
      let at = 4;
      for (const field of [keys.iv, keys.key, keys.salt, keys.sequence]) {
        field.set(info.subarray(at, at + field.length));
        at += field.length;
      }
      info.fill(0);
      return keys;
    }
    info.fill(0);
  }
  return undefined;
}

/** TLS of the running kernel. */
export function kernelRecords(): RecordLayer {
  return {
    support() {
      const { ulp, suites } = probeKtls();
      return ulp ? { suites } : { suites, missing: "this kernel has no TLS: modprobe tls" };
    },
    arm(fd, keys, { maxPayload, expectNoPad, zeroCopy }) {
      told(() => {
        attachTls(fd);
        if (maxPayload !== undefined) setMaxPayload(fd, maxPayload);
        setTx(fd, keys.send);
        setRx(fd, keys.receive);
        if (expectNoPad) setExpectNoPad(fd, true);
        if (zeroCopy) setZeroCopyReadOnly(fd, true);
      });
    },
    rekey: (fd, direction, keys) => told(() => direction === "send" ? setTx(fd, keys) : setRx(fd, keys)),
    current: (fd, direction) => readKeys(fd, direction === "send" ? TLS_TX : TLS_RX),
    sendHandshake(fd, message) {
      const header = new MessageHeader();
      header.setControl(SOL_TLS, TLS_SET_RECORD_TYPE, handshake);
      const bytes = message.slice();
      for (;;) {
        header.point(bytes);
        const count = sockets().sendmsg(fd, header.bytes, Socket.dontWait | Socket.noSignal);
        if (count === bytes.length) return true;
        const errno = count === -1 ? sockets().errno() : Errno.EIO;
        if (errno === EAGAIN) return false;
        if (errno !== EINTR) throw new SystemError("sendmsg", errno);
      }
    },
  };
}
