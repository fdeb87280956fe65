/** `tynl drift generated`: specs against the code that was generated from them. @module */
import { Worker } from "node:worker_threads";
import { placeInSpec, type UnplacedFinding } from "../../generator/drift/compare_generated.ts";
import type { DriftReport } from "../../generator/drift/finding.ts";
import { UsageError } from "../failure.ts";
import { lazily } from "../lazy.ts";
import type { CodeInput, CodeResult } from "./code.ts";
import type { CodeAnswer } from "./code_worker.ts";
import { isFolder } from "./files.ts";
import type { DriftOptions, Request } from "./options.ts";
import type { OurSpecs } from "./ours.ts";

/** Generates and compares. */
export type CompareCode = (input: CodeInput) => Promise<CodeResult>;

/** Starts a thread that compares, while this one does something else; it takes one input. */
export function inBackground(): { compare: CompareCode; close(): Promise<unknown> } {
  const worker = new Worker(new URL("./code_worker.ts", import.meta.url));
  // It may fail before it is asked anything.
  const failure = new Promise<never>((_, reject) =>
    worker.once("error", ({ message }) => reject(new UsageError(`code cannot be generated: ${message}`)))
  );
  failure.catch(() => {});
  const compare: CompareCode = (input) => {
    const result = new Promise<CodeResult>((resolve, reject) =>
      worker.once("message", (answer: CodeAnswer) => {
        if ("result" in answer) resolve(answer.result);
        else reject(Object.assign(new Error(answer.error.message), { name: answer.error.name }));
      })
    );
    worker.postMessage(input);
    return Promise.race([result, failure]);
  };
  return { compare, close: () => worker.terminate() };
}

async function compareHere(input: CodeInput): Promise<CodeResult> {
  const { compareCode } = await lazily<typeof import("./code.ts")>("./drift/code.ts");
  return compareCode(input);
}

/** Compares specs with generated code. */
export async function driftGenerated(
  ours: OurSpecs,
  { source: folder = "generated" }: Request,
  { families }: DriftOptions,
  compare: CompareCode = compareHere,
): Promise<DriftReport> {
  if (!isFolder(folder)) throw new UsageError(`there is no folder ${folder}`);
  const files = ours.sound.map(({ file }) => file);
  const { findings, files: expected } = await compare({
    // Banners name the spec by its folder's last name alone.
    specs: files.map(({ position: _, ...file }) => ({
      ...file,
      path: `${folderName(ours.given)}/${file.file}.yaml`,
    })),
    folder,
    whole: families.length === 0,
  });
  return {
    comparison: "generated",
    families: ours.names,
    subject: `${ours.tree.folder} against ${folder}`,
    counts: { families: files.length, files: expected },
    findings: [
      ...ours.tree.findings,
      ...findings.map((finding) => placeInSpec(below(folder, finding), files)),
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
