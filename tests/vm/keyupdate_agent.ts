/**
 * A process with an agent on a fake kernel's queue; keys, records and connections are the running kernel's. Who starts
 * it asks by lines of JSON, each a {@linkcode Question}, and is answered by `#ID JSON` each. It may be killed at any
 * moment: what it must not lose is in the kernel's keyring.
 */
import {
  type AgentEvent,
  createAgent,
  kernelConnections,
  kernelRecords,
  type RecordLayer,
  type RekeyEvent,
} from "../../runtime/handshake/mod.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import {
  handshakeKernel,
  type HandshakeOutcome,
  type HandshakeSubmission,
} from "../../runtime/testing/mod.ts";
import { lines } from "./lines.ts";

/** Where the process is to be killed: before or after it sends its next KeyUpdate. */
export type End = "before" | "after";

/** An upcall, an end, or descriptors to be closed. */
export interface Question {
  /** Stands before the answer. */
  readonly id: number;
  /** What the kernel asks for. */
  readonly submit?: HandshakeSubmission;
  /** Kills the process over an upcall to come. */
  readonly die?: End;
  /** Descriptors that this process inherited. */
  readonly close?: readonly number[];
}

/** The answer to an upcall. */
export interface Answer extends HandshakeOutcome {
  /** Why it failed. */
  readonly reason?: string;
  /** How many KeyUpdates there were. */
  readonly generation?: RekeyEvent["generation"];
}

let end: End | undefined;
const kernelTls = kernelRecords();
/** The kernel's TLS, and a death that leaves nothing tidy. */
const records: RecordLayer = {
  ...kernelTls,
  sendHandshake(fd, message) {
    if (end === "before") Deno.kill(Deno.pid, "SIGKILL");
    const sent = kernelTls.sendHandshake(fd, message);
    if (end === "after") Deno.kill(Deno.pid, "SIGKILL");
    return sent;
  },
};

async function serve(): Promise<void> {
  const kernel = handshakeKernel({ keyUpdates: true });
  let last: Omit<Answer, keyof HandshakeOutcome> = {};
  const onEvent = (event: AgentEvent) => {
    if (event.type === "handshake" || event.type === "rekey") last = event;
    else console.log(JSON.stringify(event, (_, value) => value instanceof Error ? value.message : value));
  };
  const limits = { keyUpdates: 1000, deadline: 60_000 };
  const agent = createAgent({
    transport: kernel,
    connections: kernelConnections(),
    records,
    limits,
    onEvent,
  });
  const running = agent.run();
  const answer = (id: number, value: unknown) => console.log(`#${id} ${JSON.stringify(value)}`);
  for await (const line of lines(Deno.stdin.readable)) {
    const { id, submit, die, close } = JSON.parse(line) as Question;
    end ??= die;
    for (const fd of close ?? []) sockets().close(fd);
    if (submit === undefined) {
      answer(id, {});
      continue;
    }
    const outcome = await kernel.submit(submit).outcome;
    // The agent tells of it as soon as the kernel has taken the report.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const { reason, generation } = last;
    answer(id, { ...outcome, reason, generation });
  }
  await agent.drain();
  await running;
}

await serve();
