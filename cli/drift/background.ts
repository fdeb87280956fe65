/**
 * A thread for what needs no more of the specs than plain data: printing code and reading headers together take as long
 * as all the rest.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { HeaderFacts } from "../../generator/drift/header_facts.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import { UsageError } from "../failure.ts";
import type { Answer, Message } from "./background_worker.ts";
import type { CodeFolder, CodeResult } from "./code.ts";
import type { HeaderRequest } from "./header_folder.ts";
import { plainSpec } from "./plain_spec.ts";

/** The thread. */
export interface Background {
  /** Takes a spec of a folder, for its code. */
  add(file: SpecFile, specs: string): void;
  /** Compares the code of the specs with what is there. */
  code(folder: CodeFolder): Promise<CodeResult>;
  /** Reads what headers say. */
  headers(request: HeaderRequest): Promise<HeaderFacts>;
  /** Ends the thread. */
  close(): Promise<unknown>;
}

/** Starts it. */
export function inBackground(): Background {
  const worker = new Worker(new URL("./background_worker.ts", import.meta.url));
  // It may fail before it is asked anything.
  const failure = new Promise<never>((_, reject) =>
    worker.once("error", ({ message }) => reject(new UsageError(`the second thread failed: ${message}`)))
  );
  failure.catch(() => {});
  const waiting: PromiseWithResolvers<unknown>[] = [];
  worker.on("message", (answer: Answer) => {
    const { resolve, reject } = waiting.shift()!;
    if ("result" in answer) resolve(answer.result);
    else reject(Object.assign(new Error(answer.error.message), { name: answer.error.name }));
  });
  const tell = (message: Message) => worker.postMessage(message);
  const ask = <T>(message: Message): Promise<T> => {
    const answer = Promise.withResolvers<unknown>();
    waiting.push(answer);
    tell(message);
    return Promise.race([answer.promise as Promise<T>, failure]);
  };
  return {
    add: (file, specs) => tell({ spec: plainSpec(file, specs) }),
    code: (folder) => ask({ code: folder }),
    headers: (request) => ask({ headers: request }),
    close: () => worker.terminate(),
  };
}
