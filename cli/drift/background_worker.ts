/** The thread of `background.ts`. @module */
import { parentPort } from "node:worker_threads";
import { lazily } from "../lazy.ts";
import { CodeComparison, type CodeFolder } from "./code.ts";
import type { HeaderRequest } from "./header_folder.ts";
import type { PlainSpec } from "./plain_spec.ts";

/** What the thread is told: specs, one after the other, and what to do then. Only the latter has an answer. */
export type Message = { spec: PlainSpec } | { code: CodeFolder } | { headers: HeaderRequest };

/** What it answers: what came of it, or the error that ended it. */
export type Answer = { result: unknown } | { error: { name: string; message: string } };

const comparison = new CodeComparison();
let specError: unknown;
/** Answers are given in the order of the questions. */
let last: Promise<void> = Promise.resolve();

async function answer(run: () => unknown): Promise<void> {
  try {
    parentPort!.postMessage({ result: await run() } satisfies Answer);
  } catch (thrown) {
    const { name, message } = thrown as Error;
    parentPort!.postMessage({ error: { name, message } } satisfies Answer);
  }
}

parentPort?.on("message", (message: Message) => {
  if ("spec" in message) {
    try {
      if (specError === undefined) comparison.add(message.spec);
    } catch (error) {
      specError = error;
    }
  } else if ("code" in message) {
    last = last.then(() =>
      answer(() => {
        if (specError !== undefined) throw specError;
        return comparison.finish(message.code);
      })
    );
  } else {
    last = last.then(() =>
      answer(async () => {
        const { collectFolder } = await lazily<typeof import("./header_folder.ts")>(
          "./drift/header_folder.ts",
        );
        return collectFolder(message.headers);
      })
    );
  }
});
