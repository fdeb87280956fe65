/**
 * Decoding a dump of 10,000 routes against receiving it in C without decoding.
 *
 * @module
 */
import { rtRoute } from "../generated/rt-route/mod.ts";
import { decodePayload, Messages, MessageType } from "../runtime/wire/mod.ts";
import { CannotMeasure, judge, median, ratios, summary, table, timed } from "./measure.ts";
import { addRoutes, destination, GATEWAY, Receiver, ROUTES } from "./routes.ts";

/** Dumps and passes of each round. */
const TIMES = 15;
/** Passes before the first one that counts: until the just-in-time compiler has settled. */
const WARM_UP = 100;

type Route = Record<string, unknown>;
const { getroute } = rtRoute.operations;

/** Decodes every message, hands each to `take`. */
function decode(datagrams: readonly Uint8Array[], take: (route: Route) => void): void {
  for (const datagram of datagrams) {
    const messages = new Messages(datagram);
    while (messages.next()) {
      if (messages.type === MessageType.done) return;
      take(decodePayload(messages.reader, messages.end, getroute));
    }
  }
}

/** Everything as typed objects, all of which are kept till the end of the pass. */
function decodeAll(datagrams: readonly Uint8Array[]): Route[] {
  const routes: Route[] = [];
  decode(datagrams, (route) => routes.push(route));
  return routes;
}

let sum = 0;

/** Makes V8 put a text together that so far is but a tree of its parts; gives something that needs the text. */
function read(text: unknown): number {
  return typeof text === "string" ? text.charCodeAt(text.length - 1) : 0;
}

/** Everything as typed objects, the text of every address read. */
function decodeAndRead(datagrams: readonly Uint8Array[]): void {
  for (const { dst, src, gateway, prefsrc } of decodeAll(datagrams)) {
    sum += read(dst) + read(src) + read(gateway) + read(prefsrc);
  }
}

/** Everything as typed objects, of which one is there at a time. */
function decodeEach(datagrams: readonly Uint8Array[]): void {
  decode(datagrams, (route) => {
    if (route["oif"] !== undefined) sum++;
  });
}

/** Every route must be there, and be what was added. */
function check(datagrams: readonly Uint8Array[]): number {
  const missing = new Set(Array.from({ length: ROUTES }, (_, i) => destination(i)));
  const routes = decodeAll(datagrams);
  for (const { dst, gateway } of routes) if (gateway === GATEWAY) missing.delete(`${dst}`);
  if (missing.size > 0) throw new CannotMeasure(`${missing.size} routes were not decoded`);
  return routes.length;
}

/** Measures; false if the target was missed. Only in a namespace of our own. */
export async function benchDecode(rounds: number): Promise<boolean> {
  const state = await Deno.makeTempDir({ prefix: "tynl-bench-" });
  try {
    await addRoutes(state);
    const receiver = await Receiver.compile(state);
    const datagrams = await receiver.capture(state);

    const cold = timed(5, () => decodeAll(datagrams));
    const messages = check(datagrams);
    const passes = [() => decodeAll(datagrams), () => decodeAndRead(datagrams), () => decodeEach(datagrams)];
    for (const pass of passes) timed(WARM_UP, pass);

    const names = [
      "C, receives and does not decode",
      "tynl, decodes; all objects kept",
      "… and the text of every address read",
      "tynl, decodes; one object at a time",
    ];
    const medians: number[][] = names.map(() => []);
    const best: number[] = names.map(() => Infinity);
    let received = await receiver.receive(1);
    for (let round = 0; round < rounds; round++) {
      received = await receiver.receive(TIMES);
      for (const [i, times] of [received.times, ...passes.map((pass) => timed(TIMES, pass))].entries()) {
        medians[i]!.push(median(times));
        best[i] = Math.min(best[i]!, ...times);
      }
    }
    if (received.messages !== messages) {
      throw new CannotMeasure(`${received.messages} messages in C, ${messages} here`);
    }

    const relative = medians.map((some) => median(ratios(some, medians[0]!)));
    console.log(
      `Decoding ${messages} route messages, ${received.bytes} bytes in ${received.receives} datagrams; ` +
        `${rounds} interleaved rounds\nof ${TIMES} passes each, milliseconds per pass\n`,
    );
    console.log(table(
      ["", "median of rounds (range)", "best pass", "to C", "million/s"],
      names.map((name, i) => [
        name,
        summary(medians[i]!, 2),
        best[i]!.toFixed(2),
        relative[i]!.toFixed(3),
        (messages / median(medians[i]!) / 1000).toFixed(2),
      ]),
    ));
    console.log(`\nfirst passes of the process: ${cold.map((time) => time.toFixed(1)).join(", ")} ms`);
    return judge("decoding, all objects kept / receiving in C", relative[1]!, 1 / 2) && sum > 0;
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}
