/** What is handed to setsockopt(2), and what its errors become. */
import assert from "node:assert/strict";
import {
  attachTls,
  cryptoInfo,
  KtlsUnsupportedError,
  type OptionSetter,
  parseTlsStat,
  probeKtls,
  setExpectNoPad,
  setMaxPayload,
  setRx,
  setTx,
  setZeroCopyReadOnly,
} from "../../runtime/ktls/mod.ts";
import { SystemError } from "../../runtime/netlink/errors.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import { openSockets } from "./connections.ts";
import { loopbackPair, testKeys } from "./helpers.ts";

/** Records what is set; every call fails with `error` unless that is 0. */
function recorder(error = 0) {
  const set: { fd: number; level: number; option: number; value: number[] }[] = [];
  const buffers: Uint8Array[] = [];
  const calls: OptionSetter = {
    setsockopt: (fd, level, option, value, length) => {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, length);
      buffers.push(bytes);
      set.push({ fd, level, option, value: [...bytes] });
      return error === 0 ? 0 : -1;
    },
    errno: () => error,
  };
  return { set, buffers, calls };
}

const keys = testKeys("TLS_AES_256_GCM_SHA384", 3);

function refusedWith(error: number, call: (calls: OptionSetter) => unknown): unknown {
  try {
    call(recorder(error).calls);
  } catch (thrown) {
    return thrown;
  }
  assert.fail("nothing was thrown");
}

Deno.test('attaching sets TCP_ULP (31) of SOL_TCP (6) to "tls"', () => {
  const { set, calls } = recorder();
  attachTls(9, calls);
  assert.deepEqual(set, [{ fd: 9, level: 6, option: 31, value: [0x74, 0x6c, 0x73] }]);
});

Deno.test("setTx sets TLS_TX (1) and setRx TLS_RX (2) of SOL_TLS (282)", () => {
  const { set, calls } = recorder();
  setTx(9, keys, calls);
  setRx(9, keys, calls);
  const value = [...cryptoInfo(keys)];
  assert.deepEqual(set, [{ fd: 9, level: 282, option: 1, value }, { fd: 9, level: 282, option: 2, value }]);
});

Deno.test("the kernel's form of the keys is wiped, whether it took them or not", () => {
  for (const error of [0, 22]) {
    const { buffers, calls } = recorder(error);
    try {
      setTx(9, keys, calls);
    } catch {
      // Of no interest here.
    }
    assert.equal(buffers.length, 1);
    assert(buffers[0]!.every((byte) => byte === 0));
  }
  assert(keys.key.some((byte) => byte !== 0));
});

Deno.test("TLS_TX_MAX_PAYLOAD_LEN (5) is a u16, the other options are ints", () => {
  const { set, calls } = recorder();
  assert(setMaxPayload(9, 0x3fff, calls));
  assert(setExpectNoPad(9, true, calls));
  assert(setZeroCopyReadOnly(9, false, calls));
  assert.deepEqual(set.map(({ option, value }) => ({ option, value })), [
    { option: 5, value: [0xff, 0x3f] },
    { option: 4, value: [1, 0, 0, 0] },
    { option: 3, value: [0, 0, 0, 0] },
  ]);
});

Deno.test("an option that the kernel does not know is told, not thrown", () => {
  const { calls } = recorder(92);
  assert.equal(setMaxPayload(9, 16384, calls), false);
  assert.equal(setExpectNoPad(9, true, calls), false);
  assert.equal(setZeroCopyReadOnly(9, true, calls), false);
});

Deno.test("a payload limit out of range is refused before the kernel is asked", () => {
  const { set, calls } = recorder();
  for (const bytes of [62, 16385, 100.5, NaN]) {
    assert.throws(() => setMaxPayload(9, bytes, calls), RangeError);
  }
  assert.deepEqual(set, []);
});

Deno.test("a kernel without TLS, without the cipher, without rekey: each has its name", () => {
  const feature = (thrown: unknown) => {
    assert(thrown instanceof KtlsUnsupportedError);
    return thrown.feature;
  };
  assert.equal(feature(refusedWith(2, (calls) => attachTls(9, calls))), "ulp");
  assert.equal(feature(refusedWith(2, (calls) => setTx(9, keys, calls))), "cipher");
  assert.equal(feature(refusedWith(16, (calls) => setRx(9, keys, calls))), "rekey");
});

Deno.test("any other error is the system's", () => {
  const thrown = refusedWith(107, (calls) => attachTls(9, calls));
  assert(thrown instanceof SystemError);
  assert.equal(thrown.code, "ENOTCONN");
});

/** Whether a connected socket takes the ULP: ENOENT if there is none. */
function ulpAvailable(): boolean {
  const [fd, peer] = loopbackPair();
  const taken = sockets().setsockopt(fd, 6, 31, new TextEncoder().encode("tls"), 3) === 0;
  sockets().close(fd);
  sockets().close(peer);
  return taken;
}

const ulp = ulpAvailable();

Deno.test({
  name: `live: the missing ULP has a typed error${ulp ? " (ignored: this kernel has it)" : ""}`,
  ignore: ulp,
  fn: () => {
    const [fd, peer] = loopbackPair();
    try {
      assert.throws(() => attachTls(fd), (error: unknown) => {
        assert(error instanceof KtlsUnsupportedError);
        assert.equal(error.feature, "ulp");
        assert.match(error.message, /modprobe tls/);
        return true;
      });
    } finally {
      sockets().close(fd);
      sockets().close(peer);
    }
  },
});

Deno.test("live: the probe agrees with the kernel on whether there is TLS, and leaves no descriptor", () => {
  const before = openSockets();
  const support = probeKtls();
  assert.equal(support.ulp, ulp);
  assert.equal(support.suites.length > 0, ulp);
  assert.equal(openSockets(), before);
});

Deno.test("the counters of kernel TLS are read", () => {
  // The form of Linux 7.3: a name, spaces or tabs, a number.
  const stat = parseTlsStat(
    "TlsCurrTxSw                     \t0\nTlsRxRekeyOk                    \t18446744073709551615\n",
  );
  assert.deepEqual([...stat], [["TlsCurrTxSw", 0n], ["TlsRxRekeyOk", 2n ** 64n - 1n]]);
});

Deno.test("counters of another form are told", () => {
  assert.throws(() => parseTlsStat("TlsCurrTxSw none\n"), SyntaxError);
});
