/** Tells which connections have ended, from what the kernel says and from what it does not. @module */
import type { Connections } from "./connections.ts";

/** Milliseconds between looks at all connections: the ends of some are never told. */
const interval = 60_000;

/** What a sweeper works for. */
export interface SweeperOwner {
  /** Cookies of the connections that are of interest. */
  readonly known: () => readonly bigint[];
  /** A connection has ended: the kernel said so (`closed`), or it is not there any more (`swept`). */
  readonly ended: (cookie: bigint, reason: "closed" | "swept") => void;
  /** The kernel's word is heard from now on; or it is not, for this reason. */
  readonly heard: (failure: Error | undefined) => void;
  /** Looking at all connections failed. */
  readonly failed: (error: Error) => void;
}

/** Follows the ends of connections until the signal is aborted. Never throws. */
export async function followConnections(
  connections: Connections,
  owner: SweeperOwner,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  let sweeping = Promise.resolve();
  let asked = false;
  const sweep = () => {
    if (asked) return;
    asked = true;
    sweeping = sweeping.then(async () => {
      asked = false;
      if (!signal.aborted) await sweepOnce(connections, owner);
    });
  };
  const timer = setInterval(sweep, interval);
  const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  try {
    let heard = false;
    const lost = () => {
      if (!heard) owner.heard(undefined);
      heard = true;
      sweep();
    };
    await connections.watch((cookie) => owner.ended(cookie, "closed"), lost, signal);
  } catch (error) {
    if (!signal.aborted) owner.heard(error as Error);
    sweep();
  }
  await aborted;
  clearInterval(timer);
  await sweeping;
}

async function sweepOnce(connections: Connections, { known, ended, failed }: SweeperOwner): Promise<void> {
  try {
    let absent = known();
    // A list in parts may miss one that is there; hardly twice.
    for (let i = 0; i < 2 && absent.length > 0; i++) {
      const present = await connections.list();
      absent = absent.filter((cookie) => !present.has(cookie));
    }
    for (const cookie of absent) ended(cookie, "swept");
  } catch (error) {
    failed(error as Error);
  }
}
