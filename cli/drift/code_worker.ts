/** Compares generated code in a thread of its own: printing it takes as long as all other comparisons. @module */
import { parentPort } from "node:worker_threads";
import { type CodeInput, type CodeResult, compareCode } from "./code.ts";

/** What the thread answers: what came of it, or the error that ended it. */
export type CodeAnswer = { result: CodeResult } | { error: { name: string; message: string } };

function answer(input: CodeInput): CodeAnswer {
  try {
    return { result: compareCode(input) };
  } catch (error) {
    const { name, message } = error as Error;
    return { error: { name, message } };
  }
}

parentPort?.once("message", (input: CodeInput) => parentPort!.postMessage(answer(input)));
