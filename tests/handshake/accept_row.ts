/**
 * Rows of what a request may say: one handshake each with tynl's engine as the other end, for a kernel without
 * KeyUpdate, whose request has no timeout, and for one with it.
 */
import assert from "node:assert/strict";
import { MsgType } from "../../generated/handshake/mod.ts";
import type { Serial, TlsPolicy } from "../../runtime/handshake/mod.ts";
import type { HandshakeSubmission } from "../../runtime/testing/mod.ts";
import {
  alertName,
  type ClientOptions,
  createClient,
  createServer,
  type ServerOptions,
  TlsAlertError,
  type TlsConnection,
} from "../../runtime/tls/mod.ts";
import { Endpoint } from "../interop/peer.ts";
import { MemoryKeys } from "./memory_keys.ts";
import { certificates, clock, keyBytes, lateClock, pemBytes } from "./pki.ts";
import { assertReportedOnce, Rig } from "./rig.ts";
import { shutdown, within } from "./sockets.ts";

/** What a request says besides its role and its socket. */
export type Attributes = Omit<HandshakeSubmission, "fd" | "messageType">;

/** One row. */
export interface Row {
  /** What to authenticate by, as the end of a sentence. */
  readonly name: string;
  /** The other end, if there is one: a server for our client; without it we must send nothing. */
  readonly server?: ServerOptions;
  /** A client for our server. */
  readonly client?: ClientOptions;
  /** What the request says; may make keys. */
  readonly attributes: Attributes | ((rig: Rig) => Attributes);
  /** The agent's policy; may make keys. */
  readonly policy?: TlsPolicy | ((keys: MemoryKeys) => TlsPolicy);
  /** Years have passed since the certificates were made. */
  readonly late?: boolean;
  /** STATUS; 0 if left out. */
  readonly status?: number;
  /** REMOTE_AUTH: serials, or how many; none if left out. */
  readonly remoteAuth?: (rig: Rig) => readonly Serial[] | number;
  /** The alert that the other end is sent. */
  readonly alert?: string;
  /** The suite that must be chosen. */
  readonly suite?: string;
}

/** A key for a row. */
export function makeKey(rig: Rig, description: string, payload: Uint8Array, type = "psk"): Serial {
  return rig.keys.put(rig.serials.nvme, type, description, payload);
}

/** Identity of the PSK that {@linkcode failing} makes. */
export const failingIdentity = "NVMe0R01 failing disk";

/** A PSK whose use is an error. */
export function failing(rig: Rig, number: number): Serial {
  const serial = makeKey(rig, failingIdentity, new Uint8Array(32));
  rig.keys.failing.set(serial, number);
  return serial;
}

/** A certificate and its key in two keys of the kernel. */
export function inKeys(rig: Rig, form: "pkcs8" | "sec1" | "pem"): NonNullable<Attributes["certificate"]> {
  const { chain, privateKey } = certificates.named;
  const cert = makeKey(rig, `certificate ${form}`, form === "pem" ? pemBytes(chain) : chain[0]!, "user");
  return [{ cert, privkey: makeKey(rig, `key ${form}`, keyBytes(privateKey, form), "user") }];
}

/** What the other end comes to. */
interface Met {
  readonly endpoint: Endpoint;
  readonly alert: string | undefined;
}

async function meet(socket: Deno.TcpConn, tls: TlsConnection): Promise<Met> {
  const endpoint = new Endpoint(socket, tls);
  try {
    await endpoint.handshake();
    return { endpoint, alert: undefined };
  } catch (error) {
    const received = error instanceof TlsAlertError && error.fromPeer;
    return { endpoint, alert: received ? alertName(error.alert) : undefined };
  }
}

/** Reads what a client is told after it was done. */
async function alertAfterwards({ endpoint, alert }: Met): Promise<string | undefined> {
  try {
    while (alert === undefined && await endpoint.step());
    return alert;
  } catch (error) {
    return error instanceof TlsAlertError && error.fromPeer ? alertName(error.alert) : undefined;
  }
}

/** Defines the tests of a role's rows. */
export function testRows(role: "client" | "server", rows: readonly Row[]): void {
  for (const row of rows) testRow(role, row);
}

function testRow(role: "client" | "server", row: Row): void {
  const { name, status = 0 } = row;
  const result = status === 0 ? "succeeds" : "fails";
  Deno.test(`a ${role}'s handshake with ${name} ${result}, and is reported once`, async (t) => {
    for (const keyUpdates of [false, true]) {
      await t.step(keyUpdates ? "with KeyUpdate" : "without KeyUpdate", async () => {
        const keys = new MemoryKeys();
        const policy = typeof row.policy === "function" ? row.policy(keys) : row.policy ?? {};
        await using rig = await Rig.start({ keyUpdates, policy, keys, clock: row.late ? lateClock : clock });
        const { fd, peer } = await rig.connection();
        const tls = row.server !== undefined
          ? createServer(row.server)
          : row.client !== undefined
          ? createClient(row.client)
          : undefined;
        const other = tls === undefined ? undefined : meet(peer, tls);
        const attributes = typeof row.attributes === "function" ? row.attributes(rig) : row.attributes;
        const { request, event } = await rig.serve({
          fd,
          messageType: role === "client" ? MsgType.clienthello : MsgType.serverhello,
          ...keyUpdates ? { timeout: 10_000 } : {},
          ...attributes,
        });
        assert(event.type === "handshake");
        assert.deepEqual([event.status, event.role, event.reported], [status, role, true], event.reason);
        const { remoteAuth, sessionId } = await request.outcome;
        const expected = row.remoteAuth?.(rig) ?? [];
        assert.deepEqual(typeof expected === "number" ? remoteAuth.length : remoteAuth, expected);
        assert.deepEqual(event.remoteAuth, remoteAuth);
        assertReportedOnce(request);
        const kept = keyUpdates && status === 0;
        assert.equal(sessionId !== undefined, kept);
        assert.equal(rig.agent.status().sessions, kept ? 1 : 0);
        assert.equal(rig.records.has(fd), status === 0);
        if (row.suite !== undefined) assert.equal(event.suite, row.suite);
        if (status === 0) await assertTalks(rig, fd, (await other!).endpoint);
        else if (other !== undefined) {
          const met = await within("the other end ends", other);
          if (row.alert !== undefined) assert.equal(await alertAfterwards(met), row.alert);
        } else assert.equal(await silence(peer, fd), 0);
        if (tls === undefined) peer.close();
        else (await other!).endpoint[Symbol.dispose]();
      });
    }
  });
}

/** Data both ways. */
async function assertTalks(rig: Rig, fd: number, endpoint: Endpoint): Promise<void> {
  const consumer = rig.records.of(fd);
  await consumer.send("from the consumer");
  await endpoint.receives(17);
  await endpoint.send("from the other end");
  assert.equal(await consumer.text(18), "from the other end");
}

/** How many bytes the other end was sent, after the consumer has closed its socket's sending half. */
async function silence(peer: Deno.TcpConn, fd: number): Promise<number> {
  shutdown(fd);
  const bytes = new Uint8Array(64);
  return await peer.read(bytes) ?? 0;
}
