/**
 * An agent that is cut off between any two steps of a KeyUpdate, and its successor: the same request, made again,
 * leaves both ends of the connection in step, and does nothing twice, whether the consumer has been silent or not.
 * Steps are calls that change something outside of the agent: keys of the kernel's TLS, records on the socket, keys in
 * the keyring.
 */
import assert from "node:assert/strict";
import { KeyUpdateType } from "../../generated/handshake/mod.ts";
import type { Role } from "../../runtime/tls/mod.ts";
import { OpenSession } from "./open_session.ts";
import { Rig } from "./rig.ts";

const types = Object.entries(KeyUpdateType).filter(([name]) => name !== "unspec");
const roles: readonly Role[] = ["client", "server"];
/** How many KeyUpdates came before, and whether the consumer sends something before the request comes again. */
const cases = [[0, "first", false], [1, "second", false], [0, "first", true]] as const;

/** Has steps fail from the `last`-th on, as nothing of a process that was killed has any effect. */
function cutOff(rig: Rig, last: number): string[] {
  const steps: string[] = [];
  const onStep = (step: string) => {
    if (steps.length >= last) throw new Error("killed");
    steps.push(step);
  };
  rig.keys.onStep = onStep;
  rig.records.onStep = onStep;
  return steps;
}

/** The consumer's and the peer's part of a KeyUpdate before the agent is asked. */
async function prepare(rig: Rig, session: OpenSession, type: number): Promise<void> {
  if (type !== KeyUpdateType.send) {
    await session.peerUpdates(rig, type === KeyUpdateType.receivedRequestUpdate);
  }
}

for (const role of roles) {
  for (const [name, type] of types) {
    for (const [generation, which, meanwhile] of cases) {
      const then = meanwhile ? "with data thereafter" : "with silence thereafter";
      Deno.test(`${role}: an agent that is killed anywhere in a ${which} KeyUpdate of type ${name}, ${then}`, async (t) => {
        // How many steps there are is found out by one that is not killed.
        let count = 1;
        for (let last = -1; last < count; last++) {
          const step = last < 0 ? "not at all" : `after ${last} steps`;
          await t.step(`killed ${step}`, async () => {
            await using first = await Rig.start({ keyUpdates: true });
            using session = await OpenSession.open(first, role);
            for (let i = 0; i < generation; i++) {
              await prepare(first, session, type);
              await first.serve(session.upcall(first, type));
              await session.talks(first);
            }
            const before = session.consumer(first).rekeys;
            await prepare(first, session, type);
            const steps = cutOff(first, last < 0 ? Infinity : last);
            // Nobody hears of it.
            first.kernel.fail("done", 5);
            const request = first.kernel.submit(session.upcall(first, type));
            await first.told("rekey", generation + 1);
            request.cancel();
            await first.stop();
            if (last < 0) count = steps.length;
            cutOff(first, Infinity);
            // Under the old key behind a KeyUpdate no peer takes it, and no agent can help that.
            const between = steps.includes("before KeyUpdate") && !steps.includes("before rekey send");
            const said = meanwhile && !between ? "meanwhile" : "";
            if (said !== "") await session.consumer(first).send(said);

            const { kernel, keys, records } = first;
            await using second = await Rig.start({ kernel, keys, records });
            assert.equal(second.agent.status().sessions, 1);
            const again = second.kernel.submit(session.upcall(second, type));
            const event = await second.told("rekey");
            await session.assertRekeyed(again, event.reason);
            await session.endpoint.receives(said.length);
            await session.talks(second);

            const after = session.consumer(second).rekeys;
            const got = after.receive - before.receive;
            const sent = after.send - before.send;
            assert.equal(got, type === KeyUpdateType.send ? 0 : 1);
            // One that was whole before the kill cannot be told from one that is wanted anew.
            const whole = last < 0 || last === count - 1;
            const most = type === KeyUpdateType.send && whole ? 2 : 1;
            assert(type === KeyUpdateType.received ? sent === 0 : sent >= 1 && sent <= most, `${sent} sent`);
            assert.equal(session.generations().receive, after.send);
            assert.equal(session.generations().send, after.receive);

            // And on it goes.
            await prepare(second, session, type);
            await session.rekey(second, type);
            await session.talks(second);
          });
        }
        assert(count >= 4, `${count} steps`);
      });
    }
  }
}
