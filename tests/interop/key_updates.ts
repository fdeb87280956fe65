/** KeyUpdates with any peer. */
import assert from "node:assert/strict";
import { importState } from "../../runtime/tls/mod.ts";
import type { Endpoint } from "./peer.ts";

/** An open connection and what can be done with it. */
export interface Updatable {
  /** Our end. */
  readonly endpoint: Endpoint;
  /** Data both ways. */
  readonly talk: () => Promise<void>;
  /** Makes the peer update its keys; absent if it cannot be made to. */
  readonly peerUpdates?: (requested: boolean) => Promise<void>;
}

function received(endpoint: Endpoint): number {
  return endpoint.events.filter((event) => event.type === "keyUpdate" && event.direction === "receive")
    .length;
}

function generations(endpoint: Endpoint): [number, number] {
  const state = importState(endpoint.tls.exportState());
  return [state.generation("send"), state.generation("receive")];
}

async function update(endpoint: Endpoint, requestPeer: boolean): Promise<void> {
  endpoint.tls.updateKeys({ requestPeer });
  await endpoint.flush();
}

/** Defines the tests by `test`, which gives them an open connection. */
export function keyUpdateTests(
  test: (name: string, body: (with_: Updatable) => Promise<void>) => void,
): void {
  for (const requested of [false, true]) {
    const what = requested ? "with a request" : "without a request";

    test(`the peer updates its keys ${what}`, async ({ endpoint, talk, peerUpdates }) => {
      await talk();
      await peerUpdates!(requested);
      await endpoint.until(() => received(endpoint) === 1);
      await talk();
      assert.deepEqual(generations(endpoint), [requested ? 1 : 0, 1]);
    });

    test(`tynl updates its keys ${what}`, async ({ endpoint, talk }) => {
      await talk();
      await update(endpoint, requested);
      await talk();
      await talk();
      assert.deepEqual(generations(endpoint), [1, requested ? 1 : 0]);
    });

    test(`the peer updates its keys ten times ${what}`, async ({ endpoint, talk, peerUpdates }) => {
      for (let i = 1; i <= 10; i++) {
        await peerUpdates!(requested);
        await endpoint.until(() => received(endpoint) === i);
        if (i % 4 === 0) await talk();
      }
      await talk();
      assert.equal(generations(endpoint)[1], 10);
    });

    test(`tynl updates its keys ten times ${what}`, async ({ endpoint, talk }) => {
      for (let i = 1; i <= 10; i++) {
        await update(endpoint, requested);
        if (i % 4 === 0) await talk();
      }
      await talk();
      await talk();
      const [sent, got] = generations(endpoint);
      assert.equal(sent, 10);
      assert.equal(got > 0, requested);
    });
  }

  test("both update their keys at once", async ({ endpoint, talk, peerUpdates }) => {
    await Promise.all([peerUpdates!(true), update(endpoint, true)]);
    await endpoint.until(() => received(endpoint) >= 1);
    await talk();
    await talk();
    const [sent, got] = generations(endpoint);
    assert.equal(sent, 2);
    // A peer that sees our request before it sends its own joins its own with the answer.
    assert(got === 1 || got === 2, `${got} updates of the peer`);
  });
}
