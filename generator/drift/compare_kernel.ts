/**
 * Specs against a kernel: families, versions, operations with their flags, groups, and what the policies take.
 *
 * What a kernel older than the specs lacks is told as that; what contradicts a spec whatever the age is an error.
 *
 * @module
 */
import type { Family, Operation } from "../model/mod.ts";
import type { SpecFile } from "../spec/types.ts";
import { placeOf } from "./compare_specs.ts";
import { PolicyComparison } from "./compare_policy.ts";
import type { DriftFinding, Severity } from "./finding.ts";
import {
  compareReleases,
  type KernelFacts,
  type KernelFamily,
  type KernelOperation,
} from "./kernel_facts.ts";

/** Bits of an operation's flags (linux/genetlink.h). */
const ADMIN_PERM = 1, CAP_DO = 2, CAP_DUMP = 4, UNS_ADMIN_PERM = 16;

/** NETLINK_GENERIC (linux/netlink.h). */
const NETLINK_GENERIC = 16;

/** What was compared, and what came of it. */
export interface KernelComparison {
  /** The findings. */
  findings: DriftFinding[];
  /** Names of the families that the kernel has. */
  families: string[];
  /** How many families, operations and attributes of policies were compared. */
  counts: { families: number; operations: number; attributes: number; masks: number };
  /** What is worth saying besides. */
  remarks: string[];
}

/** Compares specs with a kernel. `release` is the kernel that the specs belong to. */
export function compareKernel(
  specs: readonly { file: SpecFile; family: Family }[],
  kernel: KernelFacts,
  release: string,
): KernelComparison {
  const result: KernelComparison = {
    findings: [],
    families: [],
    counts: { families: 0, operations: 0, attributes: 0, masks: 0 },
    remarks: [],
  };
  const age = compareReleases(kernel.release, release);
  const [absent, raw]: [string[], string[]] = [[], []];
  for (const { file, family } of specs) {
    if (family.protocol !== NETLINK_GENERIC) {
      raw.push(family.name);
      continue;
    }
    const facts = Object.hasOwn(kernel.families, family.name) ? kernel.families[family.name] : undefined;
    if (facts === undefined) {
      absent.push(family.name);
      continue;
    }
    result.families.push(family.name);
    const comparison = new FamilyComparison(file, family, facts, age);
    comparison.run();
    result.findings.push(...comparison.findings);
    result.counts.families++;
    result.counts.operations += comparison.operations;
    result.counts.attributes += comparison.policy.attributes;
    result.counts.masks += comparison.policy.masks.size;
    const masks = [...comparison.policy.masks];
    if (masks.length > 0) result.remarks.push(`masks in the policies of ${family.name}: ${masks.join(", ")}`);
  }
  const list = (names: string[]) => names.length === 0 ? "none" : names.join(", ");
  result.remarks.unshift(
    `the kernel is ${age < 0 ? "older than" : age > 0 ? "newer than" : "as old as"} the specs' (${release})`,
    `in this kernel: ${list(result.families)}`,
    `not in this kernel: ${list(absent)}`,
    `without generic netlink, so that the kernel tells nothing of them: ${list(raw)}`,
  );
  return result;
}

class FamilyComparison {
  readonly findings: DriftFinding[] = [];
  readonly policy: PolicyComparison;
  operations = 0;
  readonly #file: SpecFile;
  readonly #family: Family;
  readonly #kernel: KernelFamily;
  readonly #age: number;

  constructor(file: SpecFile, family: Family, kernel: KernelFamily, age: number) {
    this.#file = file;
    this.#family = family;
    this.#kernel = kernel;
    this.#age = age;
    this.policy = new PolicyComparison(file, kernel, age, (finding) => void this.findings.push(finding));
  }

  run(): void {
    this.#version();
    this.#groups();
    const known = new Set(this.#family.operations.map(({ request }) => request));
    for (const { id } of this.#kernel.operations) {
      if (known.has(id)) continue;
      this.#add(
        "operation-not-in-spec",
        `operations/list/${id}`,
        this.#age > 0 ? "note" : "warning",
        `the kernel has an operation ${id}, the spec has not`,
        "operations",
      );
    }
    for (const operation of this.#family.operations) this.#operation(operation);
    this.policy.finish();
  }

  #add(rule: string, at: string, severity: Severity, message: string, path: string): void {
    this.findings.push({
      comparison: "kernel",
      rule,
      family: this.#family.name,
      at,
      severity,
      message,
      places: [placeOf(this.#file, path)],
    });
  }

  /** What an older kernel lacks is no contradiction. */
  #lacks(what: string, at: string, path: string, excuse = ""): void {
    const older = this.#age < 0;
    this.#add(
      older ? "older-kernel" : "not-in-kernel",
      at,
      older || excuse !== "" ? "note" : "error",
      `the kernel has no ${what}${older ? "; it is older than the spec" : excuse}`,
      path,
    );
  }

  #version(): void {
    const { version } = this.#kernel;
    if (version === this.#family.version) return;
    // No kernel looks at the version of a request.
    this.#add(
      "version-differs",
      "version",
      "note",
      `version ${version} in the kernel, ${this.#family.version} by the spec`,
      this.#file.spec.version === undefined ? "name" : "version",
    );
  }

  #groups(): void {
    for (const [i, { name }] of this.#family.groups.entries()) {
      if (this.#kernel.groups.includes(name)) continue;
      this.#lacks(`group ${name}`, `mcast-groups/list/${name}`, `mcast-groups/list/${i}`);
    }
    for (const name of this.#kernel.groups) {
      if (this.#family.groups.some((group) => group.name === name)) continue;
      this.#add(
        "group-not-in-spec",
        `mcast-groups/list/${name}`,
        this.#age > 0 ? "note" : "warning",
        `the kernel has a group ${name}, the spec has not`,
        "mcast-groups",
      );
    }
  }

  #operation(operation: Operation): void {
    const index = this.#file.spec.operations.list.findIndex(({ name }) => name === operation.name);
    const path = `operations/list/${index}`;
    const at = `operations/list/${operation.name}`;
    const kernel = this.#kernel.operations.find(({ id }) => id === operation.request);
    const condition = this.#file.spec.operations.list[index]?.["config-cond"];
    if (kernel === undefined) {
      const excuse = condition === undefined ? "" : `; it may lack CONFIG_${condition.toUpperCase()}`;
      return this.#lacks(`operation ${operation.name} (${operation.request})`, at, path, excuse);
    }
    this.operations++;
    for (const [mode, bit] of [["do", CAP_DO], ["dump", CAP_DUMP]] as const) {
      const has = (kernel.flags & bit) !== 0;
      if (operation[mode] !== undefined && !has) {
        this.#lacks(`${mode} of ${operation.name}`, `${at}/${mode}`, path);
      }
      if (operation[mode] === undefined && has) {
        this.#add(
          "mode-not-in-spec",
          `${at}/${mode}`,
          "warning",
          `the kernel has a ${mode} of ${operation.name}, the spec has not`,
          path,
        );
      }
      const policy = kernel[mode];
      if (operation[mode] !== undefined && policy !== undefined) {
        this.policy.operation(operation, mode, policy, path);
      }
    }
    this.#permission(operation, kernel, at, path);
  }

  #permission({ name, permission }: Operation, { flags }: KernelOperation, at: string, path: string): void {
    const found = flags & ADMIN_PERM ? "admin-perm" : flags & UNS_ADMIN_PERM ? "uns-admin-perm" : undefined;
    if (found === permission) return;
    const what = `${name} takes ${found ?? "no rights"} in the kernel, ${permission ?? "none"} by the spec`;
    // A spec without flags says nothing; rights that a kernel asked for have been lowered in later ones.
    const [rule, severity]: [string, Severity] = permission === undefined
      ? ["flags-not-in-spec", "warning"]
      : this.#age < 0 && found === "admin-perm"
      ? ["older-kernel", "note"]
      : ["flags-differ", "error"];
    this.#add(rule, `${at}/flags`, severity, what, path);
  }
}
