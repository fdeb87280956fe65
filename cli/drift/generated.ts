/** `tynl drift generated`: specs against the code that was generated from them. @module */
import { Worker } from "node:worker_threads";
import { placeInSpec, type UnplacedFinding } from "../../generator/drift/compare_generated.ts";
import type { DriftReport } from "../../generator/drift/finding.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import { UsageError } from "../failure.ts";
import { lazily } from "../lazy.ts";
import type { CodeFolder, CodeResult, PlainSpec } from "./code.ts";
import type { CodeAnswer, CodeMessage } from "./code_worker.ts";
import { isFolder } from "./files.ts";
import type { DriftOptions, Request } from "./options.ts";
import type { OurSpecs } from "./ours.ts";

/** Where specs go to be generated, and what says in the end how the code compares. */
export interface CodeThread {
  /** Takes a spec of a folder. */
  add(file: SpecFile, specs: string): void;
  /** Compares with the code that is there. */
  finish(folder: CodeFolder): Promise<CodeResult>;
  /** Ends the thread. */
  close(): Promise<unknown>;
}

/** Starts a thread that generates code while this one does something else. */
export function inBackground(): CodeThread {
  const worker = new Worker(new URL("./code_worker.ts", import.meta.url));
  // It may fail before it is asked anything.
  const failure = new Promise<never>((_, reject) =>
    worker.once("error", ({ message }) => reject(new UsageError(`code cannot be generated: ${message}`)))
  );
  failure.catch(() => {});
  const answer = new Promise<CodeResult>((resolve, reject) =>
    worker.once("message", (answer: CodeAnswer) => {
      if ("result" in answer) resolve(answer.result);
      else reject(Object.assign(new Error(answer.error.message), { name: answer.error.name }));
    })
  );
  answer.catch(() => {});
  const tell = (message: CodeMessage) => worker.postMessage(message);
  return {
    add: (file, specs) => tell({ spec: plain(file, specs) }),
    finish: (folder) => {
      tell({ finish: folder });
      return Promise.race([answer, failure]);
    },
    close: () => worker.terminate(),
  };
}

function plain({ position: _, ...file }: SpecFile, specs: string): PlainSpec {
  // Banners name the spec by its folder's last name alone.
  return { ...file, path: `${folderName(specs)}/${file.file}.yaml` };
}

async function compareHere(
  ours: OurSpecs,
  files: readonly SpecFile[],
  folder: CodeFolder,
): Promise<CodeResult> {
  const { CodeComparison } = await lazily<typeof import("./code.ts")>("./drift/code.ts");
  const comparison = new CodeComparison();
  for (const file of files) comparison.add(plain(file, ours.given));
  return comparison.finish(folder);
}

/** Compares specs with generated code; with a thread, that has got the specs already. */
export async function driftGenerated(
  ours: OurSpecs,
  { source = "generated" }: Request,
  { families }: DriftOptions,
  thread?: CodeThread,
): Promise<DriftReport> {
  if (!isFolder(source)) throw new UsageError(`there is no folder ${source}`);
  const files = ours.sound.map(({ file }) => file);
  const folder: CodeFolder = { folder: source, whole: families.length === 0 };
  const { findings, files: expected } = await (thread?.finish(folder) ?? compareHere(ours, files, folder));
  return {
    comparison: "generated",
    families: ours.names,
    subject: `${ours.tree.folder} against ${source}`,
    counts: { families: files.length, files: expected },
    findings: [
      ...ours.tree.findings,
      ...findings.map((finding) => placeInSpec(below(source, finding), files)),
      ...ours.stale("generated"),
    ],
    remarks: [],
  };
}

function below(folder: string, finding: UnplacedFinding): UnplacedFinding {
  return {
    ...finding,
    places: finding.places.map((place) => ({ ...place, file: `${folder}/${place.file}` })),
  };
}

function folderName(folder: string): string {
  const last = folder.split("/").findLast((part) => part !== "" && part !== ".") ?? "specs";
  return last === ".." ? "specs" : last;
}
