/** The running kernel's TLS, for the agent. @module */
import {
  attachTls,
  currentKeys,
  KtlsUnsupportedError,
  probeKtls,
  setExpectNoPad,
  setMaxPayload,
  setRx,
  setTx,
  setZeroCopyReadOnly,
} from "../ktls/mod.ts";
import { MessageHeader, Socket, sockets, SystemError } from "../posix/mod.ts";
import { Errno, RequestError } from "./errno.ts";
import type { RecordLayer } from "./record_layer.ts";

/** Numbers of linux/tls.h and linux/socket.h. */
const SOL_TLS = 282, TLS_SET_RECORD_TYPE = 1;
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

/** Sends a handshake message as one record; with an empty one, the kernel only ends the record that is open before. */
function sendAsHandshake(fd: number, message: Uint8Array): boolean {
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
        setTx(fd, keys.send);
        // The least that the kernel allows depends on the version of TLS, which it knows now.
        if (maxPayload !== undefined) setMaxPayload(fd, maxPayload);
        setRx(fd, keys.receive);
        if (expectNoPad) setExpectNoPad(fd, true);
        if (zeroCopy) setZeroCopyReadOnly(fd, true);
      });
    },
    rekey: (fd, direction, keys) => told(() => direction === "send" ? setTx(fd, keys) : setRx(fd, keys)),
    current: (fd, direction) => currentKeys(fd, direction === "send" ? "tx" : "rx"),
    flush: (fd) => sendAsHandshake(fd, new Uint8Array(0)),
    sendHandshake: sendAsHandshake,
  };
}
