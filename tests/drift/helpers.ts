/** Specs and recorded facts for the tests of drift. @module */
import { applyErrataToFile } from "../../generator/spec/errata.ts";
import { readErrata } from "../../generator/spec/errata_file.ts";
import { resolveFamily } from "../../generator/model/mod.ts";
import type { Family } from "../../generator/model/mod.ts";
import { type DriftFinding, findingId } from "../../generator/drift/finding.ts";
import type { HeaderFacts } from "../../generator/drift/header_facts.ts";
import type { KernelFacts } from "../../generator/drift/kernel_facts.ts";
import { checkSpec } from "../../generator/spec/check.ts";
import type { Spec, SpecFile } from "../../generator/spec/types.ts";
import { validate } from "../../generator/spec/validate.ts";
import { specFile, specNames } from "../uapi/specs.ts";

const data = (name: string) => JSON.parse(Deno.readTextFileSync(new URL(`data/${name}`, import.meta.url)));

/** Facts of the headers of linux-libc-dev 7.3.4, as `tynl drift headers --save` wrote them; gcc confirmed each. */
export const headers73: HeaderFacts = data("headers-7.3.facts");

/** What a kernel 6.18.44 said, as `tynl drift kernel --save` wrote it. */
export const kernel618: KernelFacts = data("kernel-6.18.facts");

/** What Debian's linux-image-7.3.4+deb13-cloud-amd64 said in a virtual machine, its modules loaded. */
export const kernel73: KernelFacts = data("kernel-7.3.facts");

const upstream: { specs: Record<string, string> } = JSON.parse(
  Deno.readTextFileSync(new URL("../../specs/upstream.json", import.meta.url)),
);

/** All specs of Linux 7.3 as our files have them; families that are ours alone were not recorded. */
export const rawFiles: SpecFile[] = specNames().filter((name) =>
  Object.hasOwn(upstream.specs, `${name}.yaml`)
)
  .map(specFile);

const errata = readErrata(
  "errata.yaml",
  Deno.readFileSync(new URL("../../specs/errata.yaml", import.meta.url)),
).errata!;

/** All specs with their errata. */
export const correctedFiles: SpecFile[] = rawFiles.map((file) => applyErrataToFile(file, errata).file!);

/** Specs with their families. */
export function resolved(files: readonly SpecFile[]): { file: SpecFile; family: Family }[] {
  return files.map((file) => ({ file, family: resolveFamily(file) }));
}

/** A spec of ours under its file's name. */
export function fileOf(name: string): SpecFile {
  return structuredCloneFile(rawFiles.find(({ file }) => file === name)!);
}

function structuredCloneFile({ spec, ...file }: SpecFile): SpecFile {
  return { ...file, spec: structuredClone(spec) };
}

/** A spec of ours after a change, which must leave it valid. */
export function changed(name: string, change: (spec: Spec) => void): SpecFile {
  const file = fileOf(name);
  change(file.spec);
  const faults = [...validate(file.spec, true).findings, ...checkSpec(file.spec)];
  if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join("; "));
  return file;
}

/** Findings as lines: rule, path, what breaks. */
export function lines(findings: readonly DriftFinding[]): string[] {
  return findings.map(({ rule, at, impact }) => {
    const broken = (["decoding", "sending"] as const).filter((side) => impact?.[side] === "breaking");
    return `${rule} ${at}${broken.length === 0 ? "" : ` breaks ${broken.join(" and ")}`}`;
  });
}

/** Ids of findings at a severity. */
export function idsAt(findings: readonly DriftFinding[], severity: DriftFinding["severity"]): string[] {
  return findings.filter((finding) => finding.severity === severity).map(findingId).sort();
}
