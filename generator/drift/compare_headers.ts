/**
 * Specs against the C headers of the kernel: the value of every constant, size and offsets of every struct, and the
 * names that only one side has.
 *
 * @module
 */
import { sectionConstants, type UapiConstant, type UapiSection } from "../model/uapi.ts";
import { readablePath } from "../spec/diagnostics.ts";
import type { Family } from "../model/mod.ts";
import type { SpecFile } from "../spec/types.ts";
import { compareStructs } from "./compare_structs.ts";
import { placeOf } from "./compare_specs.ts";
import type { DriftFinding, Place } from "./finding.ts";
import { type HeaderEnum, type HeaderFacts, headersOf } from "./header_facts.ts";

/** What was compared, and what came of it. */
export interface HeaderComparison {
  /** The findings. */
  findings: DriftFinding[];
  /** How many constants were compared, how many have no name in the headers, how many structs were compared. */
  counts: { constants: number; "constants without a C name": number; structs: number };
}

/** A constant of the headers. */
interface Known {
  value: number | string;
  place: Place;
  /** The enum that it belongs to. */
  enumeration?: HeaderEnum;
}

/** Headers by name. */
export class HeaderIndex {
  readonly facts: HeaderFacts;
  readonly #constants = new Map<string, Known[]>();

  /** Indexes facts. */
  constructor(facts: HeaderFacts) {
    this.facts = facts;
    const add = (name: string, known: Known) =>
      this.#constants.set(name, [...this.#constants.get(name) ?? [], known]);
    for (const enumeration of facts.enums) {
      const [file] = enumeration.at;
      for (const [name, value, line] of enumeration.entries) {
        add(name, { value, place: { file, line }, enumeration });
      }
    }
    for (const [name, { value, at: [file, line] }] of Object.entries(facts.defines)) {
      add(name, { value, place: { file, line } });
    }
  }

  /** The constant of a name; of several, one of these headers if there is one. */
  constant(name: string, preferred: ReadonlySet<string>): Known | undefined {
    const all = this.#constants.get(name) ?? [];
    return all.find(({ place }) => preferred.has(place.file)) ?? all[0];
  }
}

/** Compares specs with headers. `all` are the specs whose names are no news in a header: these, unless given. */
export function compareHeaders(
  specs: readonly { file: SpecFile; family: Family }[],
  facts: HeaderFacts,
  all: readonly { family: Family }[] = specs,
): HeaderComparison {
  const index = new HeaderIndex(facts);
  const result: HeaderComparison = {
    findings: [],
    counts: { constants: 0, "constants without a C name": 0, structs: 0 },
  };
  const named = new Set(
    all.flatMap(({ family }) => family.uapi.sections.flatMap(sectionConstants).map(({ name }) => name)),
  );
  for (const { file, family } of specs) {
    const comparison = new FamilyComparison(file, family, index, named);
    comparison.constants();
    result.findings.push(...comparison.findings, ...compareStructs(file, family, facts, result.counts));
    result.counts.constants += comparison.compared;
    result.counts["constants without a C name"] += comparison.nameless;
  }
  return result;
}

/** Names in a C enum that stand for no value of their own. */
const HOUSEKEEPING = /^_|_MAX$|_UNSPEC$|^NUM_|_NUM$|_CNT$|_LAST$|_COUNT$|_NONE$|_END$|_INVALID$/;

class FamilyComparison {
  readonly findings: DriftFinding[] = [];
  compared = 0;
  nameless = 0;
  readonly #file: SpecFile;
  readonly #family: Family;
  readonly #index: HeaderIndex;
  readonly #preferred: Set<string>;
  readonly #named: ReadonlySet<string>;
  /** The header was written by the kernel's generator: every derived name must be there. */
  readonly #generated: boolean;

  constructor(file: SpecFile, family: Family, index: HeaderIndex, named: ReadonlySet<string>) {
    this.#file = file;
    this.#family = family;
    this.#index = index;
    this.#preferred = headersOf(file, family);
    this.#named = named;
    this.#generated = index.facts.generated.includes(family.uapi.path);
  }

  constants(): void {
    /** How many names of a section are in a C enum. */
    const homes = new Map<HeaderEnum, Map<UapiSection, number>>();
    for (const section of this.#family.uapi.sections) {
      for (const constant of sectionConstants(section)) {
        const known = this.#index.constant(constant.name, this.#preferred);
        if (known === undefined) {
          this.#absent(section, constant);
          continue;
        }
        this.compared++;
        this.#value(section, constant, known);
        if (known.enumeration === undefined || constant.kind === "count" || constant.kind === "max") continue;
        const sections = homes.get(known.enumeration) ?? new Map<UapiSection, number>();
        homes.set(known.enumeration, sections.set(section, (sections.get(section) ?? 0) + 1));
      }
    }
    for (const [enumeration, sections] of homes) {
      const [section] = [...sections].sort(([, a], [, b]) => b - a)[0]!;
      this.#lacking(enumeration, section);
    }
  }

  #add(finding: Omit<DriftFinding, "comparison" | "family" | "places">, path: string, place?: Place): void {
    this.findings.push({
      comparison: "headers",
      family: this.#file.spec.name,
      ...finding,
      places: [placeOf(this.#file, path), ...place === undefined ? [] : [place]],
    });
  }

  #at(path: string): string {
    return readablePath(
      this.#file.spec,
      path.split("/").map((step) => /^\d+$/.test(step) ? Number(step) : step),
    );
  }

  #absent(section: UapiSection, constant: UapiConstant): void {
    const { name, path, rendered, kind } = constant;
    if (!rendered || constant.scope !== undefined) return;
    if (!this.#generated) {
      this.nameless++;
      return;
    }
    if (kind === "count" || kind === "max") return;
    const newer = this.#newerThanHeader(section);
    this.#add({
      rule: newer ? "newer-than-header" : "not-in-header",
      at: this.#at(path),
      severity: newer ? "note" : "warning",
      message: `${this.#family.uapi.path} does not define ${name}`,
      expected: `${constant.value}`,
      found: "nothing",
    }, path);
  }

  #value(section: UapiSection, constant: UapiConstant, { value, place }: Known): void {
    const { name, kind, path } = constant;
    const expected = normal(constant.value);
    const found = typeof value === "string" && value.startsWith('"')
      ? JSON.parse(value) as string
      : normal(value);
    if (expected === found) return;
    if (kind === "count" || kind === "max") {
      const newer = this.#newerThanHeader(section);
      this.#add(
        {
          rule: newer ? "newer-than-header" : "count-differs",
          at: `${this.#at(path)}/${kind}`,
          severity: newer ? "note" : "warning",
          message: newer
            ? `the spec has more than the header: ${name} is ${found} there, ${expected} here`
            : `${name} is ${found} in the header, ${expected} by the spec: one of them lacks something`,
          expected: String(found),
          found: String(expected),
        },
        path,
        place,
      );
      return;
    }
    this.#add(
      {
        rule: "value-differs",
        at: this.#at(path),
        severity: "error",
        message: `${name} is ${found} in the header, ${expected} by the spec`,
        expected: String(found),
        found: String(expected),
      },
      path,
      place,
    );
  }

  /** Whether all that the header lacks of a section comes after all that it has. */
  #newerThanHeader(section: UapiSection): boolean {
    if (section.form !== "enum") return false;
    const has = section.entries.map(({ name }) => this.#index.constant(name, this.#preferred) !== undefined);
    const first = has.indexOf(false);
    return first !== -1 && !has.slice(first).includes(true);
  }

  /** Names of a C enum that no spec has. */
  #lacking({ entries, at: [file], tag }: HeaderEnum, section: UapiSection): void {
    if (section.form !== "enum") return;
    const path = section.entries[0]?.path.replace(/\/(entries|attributes)\/\d+$/, "") ?? "";
    // A value that the spec has too goes by another name there.
    const values = new Set(section.entries.map(({ value }) => String(normal(value))));
    const flags = section.of === "flags";
    for (const [name, value, line] of entries) {
      if (this.#named.has(name) || HOUSEKEEPING.test(name) || values.has(String(normal(value)))) continue;
      // Flags have their bits, and names for several of them.
      if (flags && !isPower(value)) continue;
      this.#add(
        {
          rule: "not-in-spec",
          at: `${this.#at(section.of === "operations" ? "operations" : path)}/${name}`,
          severity: "note",
          message: `${
            tag === undefined ? "the header's enum" : `enum ${tag}`
          } has ${name} = ${value}, the spec has not`,
          expected: String(value),
          found: "nothing",
        },
        section.of === "operations" ? "operations" : path,
        { file, line },
      );
    }
  }
}

function isPower(value: number | string): boolean {
  const number = BigInt(value);
  return number > 0n && (number & (number - 1n)) === 0n;
}

/** What the C expression `1 << 31` and the number 2147483648 have in common. */
function normal(value: number | bigint | string): bigint | string {
  if (typeof value === "string" && !/^-?\d+$/.test(value)) return value;
  const number = BigInt(value);
  return number < 0n && number >= -0x80000000n ? BigInt.asUintN(32, number) : number;
}
