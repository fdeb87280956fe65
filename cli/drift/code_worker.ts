/** Compares generated code in a thread of its own: printing it takes as long as all other comparisons. @module */
import { parentPort } from "node:worker_threads";
import { CodeComparison, type CodeFolder, type CodeResult, type PlainSpec } from "./code.ts";

/** What the thread is told: specs, one after the other, and then the folder. */
export type CodeMessage = { spec: PlainSpec } | { finish: CodeFolder };

/** What it answers in the end: what came of it, or the error that ended it. */
export type CodeAnswer = { result: CodeResult } | { error: { name: string; message: string } };

const comparison = new CodeComparison();
let error: { name: string; message: string } | undefined;

function attempt<T>(run: () => T): T | undefined {
  try {
    return error === undefined ? run() : undefined;
  } catch (thrown) {
    const { name, message } = thrown as Error;
    error = { name, message };
    return undefined;
  }
}

parentPort?.on("message", (message: CodeMessage) => {
  if ("spec" in message) {
    attempt(() => comparison.add(message.spec));
    return;
  }
  const result = attempt(() => comparison.finish(message.finish));
  const answer: CodeAnswer = result === undefined ? { error: error! } : { result };
  parentPort!.postMessage(answer);
});
