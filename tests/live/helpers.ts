/** What live tests share: a test in a network namespace of its own, what it needs, and the events that it waits for. */
import assert from "node:assert/strict";
import {
  type ChangeOptions,
  type Family,
  FamilyNotFoundError,
  NetlinkError,
  open,
  type Subscription,
} from "../../mod.ts";
import type { OperationTypes } from "../../runtime/wire/mod.ts";
import { namespacesAllowed, withNamespace } from "../netlink/netns.ts";

/** What a test lacks here, in words such as `needs the tool ip`; undefined if it is there. */
export type Lack = string | undefined;

/** Whether the kernel lacks a family: `needs the family mptcp_pm`. */
export async function lacksFamily<O extends { [K in keyof O]: OperationTypes }, E, G extends string>(
  family: Family<O, E, G>,
): Promise<Lack> {
  try {
    (await open(family)).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof FamilyNotFoundError)) throw error;
    return `needs the family ${family.name}`;
  }
}

/** Creates an object that must not exist (NLM_F_CREATE, NLM_F_EXCL). */
export const create: ChangeOptions = { create: true, exclusive: true };

/** A test of the running kernel in its own namespace. What it needs is in its name, and where that is missing it is ignored. */
export function live(name: string, lacks: readonly Lack[], test: () => Promise<void>): void {
  const lack = Deno.build.os === "linux" ? lacks.find((lack) => lack !== undefined) : "needs Linux";
  Deno.test({
    name: `live: ${name}${lack === undefined ? "" : ` (ignored: ${lack})`}`,
    ignore: lack !== undefined,
    fn: test,
  });
}

/** As {@linkcode live}, in a new network namespace: that of the process whose id the test is given. */
export function isolated(name: string, lacks: readonly Lack[], test: (netns: number) => Promise<void>): void {
  const allowed = namespacesAllowed ? undefined : "needs root, to make a network namespace";
  live(name, [allowed, ...lacks], () => withNamespace(test));
}

/** The first event that `wanted` takes; fails after a minute, with the names of those that came instead. */
export async function first<T extends { name: string }>(
  events: Subscription<T>,
  wanted: (event: T) => boolean,
): Promise<T> {
  const seen: string[] = [];
  const timer = setTimeout(() => events.close(), 60_000);
  try {
    for (;;) {
      const { value, done } = await events.next();
      if (done) assert.fail(`not among ${seen.join(", ")}`);
      if (wanted(value)) return value;
      seen.push(value.name);
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The message of the first event of a name that `wanted` takes; see {@linkcode first}.
 *
 * @example
 * ```ts ignore
 * const { header } = await told(links, "newlink-ntf", ({ ifname }) => ifname === "v0");
 * ```
 */
export async function told<T extends { name: string }, N extends T["name"]>(
  events: Subscription<T>,
  name: N,
  wanted: (message: MessageOf<T, N>) => boolean,
): Promise<MessageOf<T, N>> {
  const message = (event: T) => (event as { message?: unknown }).message as MessageOf<T, N>;
  return message(await first(events, (event) => event.name === name && wanted(message(event))));
}

/** What the event of a name says. */
export type MessageOf<T, N> = T extends { name: N; message: infer M } ? M : never;

/** What a refusal says. */
export interface Words {
  /** Name of the error number. */
  code: string;
  /** The sentence. */
  message?: RegExp;
  /** Path of the attribute that was refused. */
  attribute?: string;
  /** Path of the attribute that is missing. */
  missing?: string;
  /** What the kernel would take. */
  policy?: object;
}

/** That a request is refused in these words. */
export async function refused(answer: Promise<unknown>, words: Words): Promise<void> {
  const { code, message = /./, attribute, missing, policy } = words;
  await assert.rejects(answer, (error) => {
    assert(error instanceof NetlinkError, `${error}`);
    assert.deepEqual([error.code, error.attribute, error.missing], [code, attribute, missing]);
    assert.match(error.message, message);
    assert.deepEqual(error.extack?.policy, policy);
    return true;
  });
}
