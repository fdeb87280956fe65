/** What a kernel takes in requests, against what a spec says of it. @module */
import { nestedSets } from "../model/attributes.ts";
import type { Attribute, AttributeSet, Checks, EnumType, EnumUse, Operation } from "../model/mod.ts";
import { rangeOf } from "../spec/constants.ts";
import type { SpecFile } from "../spec/types.ts";
import { placeOf } from "./compare_specs.ts";
import type { DriftFinding, Severity } from "./finding.ts";
import type { KernelAttribute, KernelFamily } from "./kernel_facts.ts";

/** Types that a kernel's policy may have for a type of the spec, where it is not the same word. */
const TYPES: { readonly [specType: string]: readonly string[] } = {
  string: ["string", "nul-string"],
  nest: ["nested"],
  "indexed-array": ["nested-array", "nested"],
  "nest-type-value": ["nested"],
  "sub-message": ["nested", "binary"],
};

/** A place that takes fewer values than its enum names. */
interface NarrowUse {
  what: string;
  /** All values that the enum names, as bits. */
  named: bigint;
  where: Where;
}

/** Path in names, path in the file, policy. */
type Where = readonly [at: string, path: string, policy: number];

/** Compares the policies of one family. */
export class PolicyComparison {
  /** How many attributes of policies were looked at. */
  attributes = 0;
  /** Masks that the kernel told, in words. */
  readonly masks: Set<string> = new Set();
  readonly #file: SpecFile;
  readonly #kernel: KernelFamily;
  readonly #age: number;
  readonly #report: (finding: DriftFinding) => void;
  readonly #told = new Set<string>();
  readonly #visited = new Set<string>();
  /** For each enum the values that any policy takes, and what to say where one takes fewer than the spec names. */
  readonly #enums = new Map<EnumType, { taken: bigint; narrow: NarrowUse[] }>();

  /** `age` is negative for a kernel older than the spec. */
  constructor(file: SpecFile, kernel: KernelFamily, age: number, report: (finding: DriftFinding) => void) {
    this.#file = file;
    this.#kernel = kernel;
    this.#age = age;
    this.#report = report;
  }

  /** Compares the policy of an operation's requests. */
  operation({ name, set, ...operation }: Operation, mode: "do" | "dump", policy: number, path: string): void {
    const taken = this.#kernel.policies[policy] ?? {};
    const listed = operation[mode]!.request;
    const at = `operations/list/${name}/${mode}/request`;
    const validation = this.#validation(name, mode);
    const highest = Math.max(0, ...Object.keys(taken).map(Number));
    for (const attribute of listed) {
      if (Object.hasOwn(taken, attribute.id) || !isTold(attribute)) continue;
      // New attributes get numbers above the old ones.
      const [rule, severity, message]: [string, Severity, string] = validation === "liberal"
        ? [
          "attribute-unchecked",
          "note",
          `the policy of ${name} (${mode}) lacks ${attribute.name}: it is not checked`,
        ]
        : this.#age < 0 && attribute.id > highest
        ? [
          "older-kernel",
          "note",
          `${name} (${mode}) does not take ${attribute.name}; it may be newer than the kernel`,
        ]
        : validation === "unknown"
        ? [
          "attribute-not-in-policy",
          "warning",
          `the policy of ${name} (${mode}) lacks ${attribute.name}: the kernel refuses it, or does not check it`,
        ]
        : [
          "attribute-refused",
          "error",
          `${name} (${mode}) refuses ${attribute.name}, which the spec lists for it`,
        ];
      this.#add(rule, `${at}/attributes/${attribute.name}`, severity, message, path, policy);
    }
    this.#set(set, policy, path, listed);
    const more = Object.keys(taken).flatMap((id) =>
      set?.attributes.find((one) => one.id === Number(id) && !listed.some((other) => other.id === one.id))
        ?.name ?? []
    );
    if (more.length > 0 && this.#file.spec["kernel-policy"] !== "global") {
      this.#add(
        "takes-more",
        at,
        "note",
        `${name} (${mode}) also takes ${more.join(", ")}, which the spec does not list for it`,
        path,
        policy,
      );
    }
  }

  /**
   * What a kernel does with an attribute that its policy does not list: an operation that validates strictly refuses
   * it, another takes it unseen. Specs of families whose kernel code is written by hand need not say which. The names
   * are those of GENL_DONT_VALIDATE_* (net/genetlink.h).
   */
  #validation(operation: string, mode: "do" | "dump"): "strict" | "liberal" | "unknown" {
    const { protocol = "genetlink", operations: { list }, "kernel-policy": policy } = this.#file.spec;
    const said = list.find(({ name }) => name === operation)?.["dont-validate"];
    const liberal: readonly string[] = mode === "do" ? ["strict"] : ["dump", "dump-strict"];
    if (said?.some((one) => liberal.includes(one))) return "liberal";
    const says = protocol === "genetlink" || policy !== undefined ||
      list.some((one) => one["dont-validate"] !== undefined);
    return says ? "strict" : "unknown";
  }

  #add(rule: string, at: string, severity: Severity, message: string, path: string, policy: number): void {
    if (this.#told.has(`${rule} ${at}`)) return;
    this.#told.add(`${rule} ${at}`);
    this.#report({
      comparison: "kernel",
      rule,
      family: this.#file.spec.name,
      at,
      severity,
      message,
      places: [placeOf(this.#file, path)],
      policy: `policy ${policy}`,
    });
  }

  /** Compares what a policy takes with an attribute set. */
  #set(set: AttributeSet | undefined, policy: number, path: string, listed?: readonly Attribute[]): void {
    const key = `${set?.name} ${policy}`;
    if (this.#visited.has(key)) return;
    this.#visited.add(key);
    const taken = this.#kernel.policies[policy] ?? {};
    const index = this.#file.spec["attribute-sets"].findIndex(({ name }) => name === set?.name);
    for (const [id, accepted] of Object.entries(taken)) {
      this.attributes++;
      const attribute = set?.attributes.find((one) => one.id === Number(id));
      if (attribute === undefined) {
        this.#add(
          "attribute-not-in-spec",
          `attribute-sets/${set?.name ?? "none"}/${id}`,
          this.#age > 0 ? "note" : "warning",
          `the kernel takes an attribute ${id} (${describe(accepted)}), ${
            set === undefined ? "the operation has none" : `${set.name} has none of that number`
          }`,
          set === undefined ? path : `attribute-sets/${index}`,
          policy,
        );
        continue;
      }
      const place = this.#file.spec["attribute-sets"][index]!.attributes.findIndex(({ name }) =>
        name === attribute.name
      );
      this.#attribute(set!, attribute, accepted, `attribute-sets/${index}/attributes/${place}`, policy);
    }
    if (listed !== undefined || set === undefined) return;
    const refused = set.attributes.filter((attribute) =>
      !Object.hasOwn(taken, attribute.id) && isTold(attribute)
    );
    if (refused.length === 0 || Object.keys(taken).length === 0) return;
    this.#add(
      "nested-takes-less",
      `attribute-sets/${set.name}`,
      "note",
      `inside ${set.name} the kernel does not take ${refused.map(({ name }) => name).join(", ")}`,
      `attribute-sets/${index}`,
      policy,
    );
  }

  #attribute(
    set: AttributeSet,
    attribute: Attribute,
    accepted: KernelAttribute,
    path: string,
    policy: number,
  ): void {
    const { name, specType } = attribute;
    const at = `attribute-sets/${set.name}/attributes/${name}`;
    if (specType === "pad" || specType === "unused") return;
    if (!(TYPES[specType] ?? [specType]).includes(accepted.type)) {
      this.#add(
        "type-differs",
        at,
        "error",
        `${name} of ${set.name} is ${accepted.type} in the kernel, ${specType} by the spec`,
        path,
        policy,
      );
      return;
    }
    this.#numbers(set, attribute, accepted, at, path, policy);
    this.#lengths(set, attribute, accepted, at, path, policy);
    if (accepted.policy === undefined) return;
    for (const nested of nestedSets(attribute).slice(0, 1)) this.#set(nested, accepted.policy, path);
  }

  #limit(what: string, silent: boolean, kernelTakesMore: boolean, [at, path, policy]: Where): void {
    const [rule, severity, message]: [string, Severity, string] = silent
      ? ["limit-not-in-spec", "note", `${what}; the spec says nothing`]
      : kernelTakesMore
      ? ["takes-more-values", "note", what]
      : ["limit-differs", "error", what];
    this.#add(rule, `${at}/limits`, severity, message, path, policy);
  }

  /** Notes which values of an enum a policy takes; {@linkcode PolicyComparison.finish} judges. */
  #enumLimit(what: string, type: EnumType, taken: bigint, named: bigint, where: Where): void {
    const entry = this.#enums.get(type) ?? { taken: 0n, narrow: [] };
    this.#enums.set(type, entry);
    entry.taken |= taken;
    if ((named & ~taken) !== 0n) entry.narrow.push({ what, named, where });
    else if (taken !== named) {
      this.#add("takes-more-values", `${where[0]}/limits`, "note", what, where[1], where[2]);
    }
  }

  /** Tells of values that no policy takes, once all policies were seen. */
  finish(): void {
    for (const { taken, narrow } of this.#enums.values()) {
      for (const { what, named, where: [at, path, policy] } of narrow) {
        const [rule, severity, message]: [string, Severity, string] = (named & ~taken) === 0n
          ? ["takes-fewer-here", "note", `${what}; elsewhere it takes all`]
          : this.#age < 0
          ? ["older-kernel", "note", `${what}; what is missing may be newer than the kernel`]
          : ["limit-differs", "error", what];
        this.#add(rule, `${at}/limits`, severity, message, path, policy);
      }
    }
  }

  #numbers(
    set: AttributeSet,
    { name, checks, specType, payload }: Attribute,
    { min, max, mask }: KernelAttribute,
    at: string,
    path: string,
    policy: number,
  ): void {
    const use = payload.kind === "scalar" || payload.kind === "bitfield32" ? payload.use : undefined;
    const where: Where = [at, path, policy];
    if (mask !== undefined) {
      const bits = BigInt(mask);
      this.masks.add(`${set.name}.${name} 0x${bits.toString(16)} (policy ${policy})`);
      const expected = checks.mask === undefined ? maskOf(use) : BigInt(checks.mask);
      const what = `${name} of ${set.name}: the kernel takes the bits 0x${bits.toString(16)}${
        expected === undefined ? "" : `, the spec names 0x${expected.toString(16)}`
      }`;
      if (expected === bits && use === undefined) return;
      if (use?.flags === true && checks.mask === undefined) {
        this.#enumLimit(what, use.enum, bits, expected!, where);
      } else {this.#limit(
          what,
          expected === undefined,
          expected !== undefined && (expected & ~bits) === 0n,
          where,
        );}
      return;
    }
    const whole = rangeOf(specType);
    if (whole === undefined || (min === undefined && max === undefined)) return;
    const kernel = {
      min: min === undefined ? whole.min : BigInt(min),
      max: max === undefined ? whole.max : BigInt(max),
    };
    const spec = specRange(checks, use);
    const expected = { min: spec?.min ?? whole.min, max: spec?.max ?? whole.max };
    if (kernel.min === expected.min && kernel.max === expected.max) return;
    // An enum in the spec is a list of names; the kernel need not refuse the others.
    if (
      kernel.min === whole.min && kernel.max === whole.max && checks.min === undefined &&
      checks.max === undefined
    ) {
      return;
    }
    const what = `${name} of ${set.name}: the kernel takes ${kernel.min} to ${kernel.max}${
      spec === undefined ? "" : `, the spec says ${expected.min} to ${expected.max}`
    }`;
    const takesMore = kernel.min <= expected.min && kernel.max >= expected.max;
    const bits = enumBits(use, kernel);
    if (bits !== undefined && checks.min === undefined && checks.max === undefined) {
      this.#enumLimit(what, use!.enum, bits.taken, bits.named, where);
    } else {
      this.#limit(what, spec === undefined, takesMore, where);
    }
  }

  #lengths(
    set: AttributeSet,
    { name, checks, payload }: Attribute,
    { minLength, maxLength }: KernelAttribute,
    at: string,
    path: string,
    policy: number,
  ): void {
    if (minLength === undefined && maxLength === undefined) return;
    const size = payload.kind === "struct" ? payload.struct.size : undefined;
    const least = checks.exactLength ?? checks.minLength ?? size;
    const most = checks.exactLength ?? checks.maxLength;
    const silent = least === undefined && most === undefined;
    const sameLeast = (minLength ?? 0) === (least ?? 0);
    const sameMost = maxLength === undefined || maxLength === (most ?? size);
    if (sameLeast && sameMost) return;
    const takesMore = (minLength ?? 0) <= (least ?? 0) &&
      (maxLength === undefined || maxLength >= (most ?? size ?? Infinity));
    const bytes = (from: number | undefined, to: number | undefined) =>
      from === to && from !== undefined
        ? `${from} bytes`
        : `${from ?? 0} to ${to === undefined || to >= 0xffff ? "any number of" : to} bytes`;
    const what = `${name} of ${set.name}: the kernel takes ${bytes(minLength, maxLength)}${
      silent ? "" : `, the spec says ${bytes(least, most)}`
    }`;
    this.#limit(what, silent, takesMore, [at, path, policy]);
  }
}

/**
 * Whether a kernel that takes an attribute tells so: padding is of no interest, and of big-endian numbers (NLA_BE16,
 * NLA_BE32) a dump of policies says nothing (net/netlink/policy.c).
 */
function isTold({ specType, payload }: Attribute): boolean {
  // An IPv4 address in a u32 is one.
  const big = payload.kind === "address" || (payload.kind === "scalar" && payload.scalar.big);
  if (big && /^u(16|32)$/.test(specType)) return false;
  return specType !== "pad" && specType !== "unused";
}

function describe({ type, min, max, maxLength }: KernelAttribute): string {
  if (maxLength !== undefined) return `${type} of at most ${maxLength} bytes`;
  return max === undefined ? type : `${type} of ${min ?? ""}..${max}`;
}

/** All bits that an enum names, where it is used as flags. */
function maskOf(use: EnumUse | undefined): bigint | undefined {
  if (use === undefined) return undefined;
  return use.flags ? use.enum.entries.reduce((mask, { value }) => mask | 1n << BigInt(value), 0n) : undefined;
}

/** Values of an enum as bits: those that it names, and of these those in a range. Large values have no bits. */
function enumBits(
  use: EnumUse | undefined,
  { min, max }: { min: bigint; max: bigint },
): { named: bigint; taken: bigint } | undefined {
  if (use === undefined || use.flags || use.enum.entries.some(({ value }) => value < 0 || value > 4096)) {
    return undefined;
  }
  const bits = (entries: readonly { value: number }[]) =>
    entries.reduce((all, { value }) => all | 1n << BigInt(value), 0n);
  return {
    named: bits(use.enum.entries),
    taken: bits(use.enum.entries.filter(({ value }) => BigInt(value) >= min && BigInt(value) <= max)),
  };
}

/** The range that the limits of an attribute give, or the entries of its enum. */
function specRange(checks: Checks, use: EnumUse | undefined): { min?: bigint; max?: bigint } | undefined {
  if (checks.min !== undefined || checks.max !== undefined) {
    return {
      ...(checks.min === undefined ? {} : { min: BigInt(checks.min) }),
      ...(checks.max === undefined ? {} : { max: BigInt(checks.max) }),
    };
  }
  if (use === undefined || use.flags || use.enum.entries.length === 0) return undefined;
  const values = use.enum.entries.map(({ value }) => BigInt(value));
  return {
    min: values.reduce((a, b) => a < b ? a : b),
    max: values.reduce((a, b) => a > b ? a : b),
  };
}
