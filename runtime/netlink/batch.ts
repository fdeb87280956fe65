/**
 * Batches: several requests in one datagram, which the kernel carries out in order; for nftables, as a transaction.
 *
 * @module
 */
import type { Exchange, Input, Operation, OperationTypes } from "../wire/mod.ts";
import type { Answer, Part } from "./channel.ts";
import type { SentRequest } from "./attribute_path.ts";
import { BatchError } from "./errors.ts";

/** Flags of a request that creates or changes an object. */
export interface ChangeOptions {
  /** Create the object if it does not exist (NLM_F_CREATE). */
  create?: boolean;
  /** Fail with EEXIST if the object exists (NLM_F_EXCL). */
  exclusive?: boolean;
  /** Replace the object if it exists (NLM_F_REPLACE). */
  replace?: boolean;
  /** Add behind objects of its kind (NLM_F_APPEND). */
  append?: boolean;
}

/**
 * Adds requests to a batch: a method for each operation that has one answer. Each gives a promise of its own, which
 * settles with the batch; it may be ignored, since the batch tells of every failure too.
 */
export type BatchBuilder<O extends { [K in keyof O]: OperationTypes }> = {
  readonly [K in keyof O as O[K] extends { do: Exchange } ? K : never]: O[K] extends
    { do: infer X extends Exchange } ? (
      request?: Input<X["request"]>,
      options?: ChangeOptions,
    ) => Promise<[X["reply"]] extends [never] ? void : X["reply"] | undefined>
    : never;
};

/** A request in a batch. */
export interface BatchEntry {
  operation: Operation;
  request: unknown;
  options: ChangeOptions;
  resolve: (reply: unknown) => void;
  reject: (error: unknown) => void;
}

/** A builder for operations, and the entries that it collects. */
export function collect(
  operations: Readonly<Record<string, Operation>>,
): { builder: Record<string, unknown>; entries: BatchEntry[] } {
  const entries: BatchEntry[] = [];
  const builder: Record<string, unknown> = {};
  for (const [key, operation] of Object.entries(operations)) {
    if (!operation.do) continue;
    builder[key] = (request?: unknown, options: ChangeOptions = {}) => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      // Nobody need look at it.
      promise.catch(() => {});
      entries.push({ operation, request, options, resolve, reject });
      return promise;
    };
  }
  return { builder, entries };
}

/** What sending a batch needs of its client. */
export interface BatchSender {
  /** Family, for errors. */
  name: string;
  /** Encodes a request; `acknowledge` asks for an answer on success too. */
  encode(entry: BatchEntry, acknowledge: boolean): { sent: SentRequest; part: Part<unknown> };
  /** Encodes the message that begins or ends a transaction. */
  bracket(operation: Operation): { sent: SentRequest; part: Part<unknown> };
  /** Sends requests together. `done` gives up the wait for those that have no answer yet. */
  send(bytes: Uint8Array, parts: readonly Part<unknown>[], done: AbortSignal): Promise<Answer<unknown>>[];
  /** Handles an acknowledgement: throws for a refusal, reports a warning. */
  conclude(sent: SentRequest, answer: Answer<unknown>): Promise<void>;
}

/**
 * Requests in one datagram. All their answers must fit into the socket's receive buffer, 212,992 bytes unless the
 * system says otherwise, where a small one counts about 800 and a link about 4,000.
 */
const PIPELINED = 16;

/** Sends requests, some at a time. */
export async function sendPipelined(entries: readonly BatchEntry[], sender: BatchSender): Promise<void> {
  const errors: unknown[] = [];
  const never = new AbortController().signal;
  for (let at = 0; at < entries.length; at += PIPELINED) {
    const some = entries.slice(at, at + PIPELINED);
    const encoded = some.map((entry) => sender.encode(entry, true));
    const answers = sender.send(
      together(encoded.map(({ sent }) => sent.bytes)),
      encoded.map(({ part }) => part),
      never,
    );
    const settled = await Promise.allSettled(answers.map(async (answer, index) => {
      const { replies, ...rest } = await answer;
      await sender.conclude(encoded[index]!.sent, { replies, ...rest });
      return replies[0];
    }));
    for (const [index, result] of settled.entries()) {
      if (result.status === "fulfilled") some[index]!.resolve(result.value);
      else {
        some[index]!.reject(result.reason);
        errors.push(result.reason);
      }
    }
  }
  if (errors.length > 0) throw new BatchError(sender.name, errors, entries.length);
}

/** Sends requests as a transaction: all are carried out, or none. */
export async function sendTransaction(
  entries: readonly BatchEntry[],
  begin: Operation,
  end: Operation,
  sender: BatchSender,
): Promise<void> {
  // Only the last is acknowledged on success: answers come in order, and a thousand would not fit into the socket.
  const encoded = entries.map((entry, index) => sender.encode(entry, index === entries.length - 1));
  // What concerns the transaction as a whole is said of its first message.
  const first = sender.bracket(begin);
  const all = [first, ...encoded];
  const bytes = together([...all.map(({ sent }) => sent.bytes), sender.bracket(end).sent.bytes]);
  const done = new AbortController();
  const silent = Symbol("no answer");
  const answers = sender.send(bytes, all.map(({ part }) => part), done.signal);
  const last = answers.at(-1)!;
  const stop = () => done.abort(silent);
  Promise.race([last, answers[0]!]).then(stop, stop);
  const settled = await Promise.allSettled(answers.map(async (answer, index) => {
    await sender.conclude(all[index]!.sent, await answer);
  }));
  const errors: unknown[] = [];
  for (const [index, result] of settled.entries()) {
    if (result.status === "fulfilled" || result.reason === silent) continue;
    errors.push(result.reason);
    if (index > 0) entries[index - 1]!.reject(result.reason);
  }
  if (errors.length > 0) {
    const failure = new BatchError(sender.name, errors, entries.length);
    for (const entry of entries) entry.reject(failure);
    throw failure;
  }
  for (const entry of entries) entry.resolve(undefined);
}

function together(parts: readonly Uint8Array[]): Uint8Array {
  // Every message begins at a multiple of four.
  const bytes = new Uint8Array(parts.reduce((length, part) => length + ((part.length + 3) & ~3), 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += (part.length + 3) & ~3;
  }
  return bytes;
}
