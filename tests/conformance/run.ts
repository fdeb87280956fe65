/** Runs vector files and says what holds. @module */
import { type CaptureResult, checkCapture } from "./capture.ts";
import type { Cause } from "./canonical.ts";
import { checkVector, type Failure } from "./check.ts";
import { errataFor, generateAndLoad, type LoadedFamily, loadGenerated } from "./families.ts";
import { isCapture, type Line, type Vector } from "./vectors.ts";

/** A line that failed, and how. */
export interface FailedLine {
  line: Line;
  reasons: string[];
}

/** What a run found. */
export interface Report {
  /** Lines by what they were: passed, explained, suspect, failed. */
  vectors: { passed: number; failed: number };
  /** Vectors by kind and by spec: how many there are, how many hold. */
  byKind: Map<string, [total: number, good: number]>;
  bySpec: Map<string, [total: number, good: number]>;
  /** Lines that hold without the errata named. */
  explained: Map<string, number>;
  /** Lines whose structs the oracle laid out wrong: as ours all the same, as the oracle's layout gives, neither. */
  suspect: { equal: number; oracleLayout: number; otherwise: FailedLine[] };
  captures: { total: number; decoded: number; stable: number; identical: number };
  /** Captured messages by each reason for which their bytes cannot come back. */
  causes: Map<Cause, number>;
  failures: FailedLine[];
}

function count<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function tally(map: Map<string, [number, number]>, key: string, good: boolean): void {
  const [total, passed] = map.get(key) ?? [0, 0];
  map.set(key, [total + 1, passed + (good ? 1 : 0)]);
}

/** Runs lines; `temporary` is a folder for code that is generated on the spot. */
export class Conformance {
  readonly #temporary: string;
  readonly #families = new Map<string, Promise<LoadedFamily>>();

  /** Prepares a run. */
  constructor(temporary: string) {
    this.#temporary = temporary;
  }

  #cached(key: string, load: () => Promise<LoadedFamily>): Promise<LoadedFamily> {
    let loaded = this.#families.get(key);
    if (loaded === undefined) this.#families.set(key, loaded = load());
    return loaded;
  }

  #generated(spec: string): Promise<LoadedFamily> {
    return this.#cached(spec, () => loadGenerated(spec));
  }

  /** The family with only some errata. */
  #variant(spec: string, ids: readonly string[], layout: "natural" | "packed"): Promise<LoadedFamily> {
    const errata = errataFor(spec).filter(({ id }) => ids.includes(id));
    return this.#cached(
      `${spec} ${layout} ${ids.join()}`,
      () => generateAndLoad(this.#temporary, spec, errata, layout),
    );
  }

  /** Runs all lines. */
  async run(lines: readonly Line[]): Promise<Report> {
    const report: Report = {
      vectors: { passed: 0, failed: 0 },
      byKind: new Map(),
      bySpec: new Map(),
      explained: new Map(),
      suspect: { equal: 0, oracleLayout: 0, otherwise: [] },
      captures: { total: 0, decoded: 0, stable: 0, identical: 0 },
      causes: new Map(),
      failures: [],
    };
    for (const line of lines) {
      const { content } = line;
      if (isCapture(content)) {
        this.#capture(report, line, checkCapture(await this.#generated(content.spec), content));
      } else await this.#vector(report, line, content);
    }
    return report;
  }

  #capture({ captures, causes, failures }: Report, line: Line, result: CaptureResult): void {
    captures.total++;
    if (result.decoded) captures.decoded++;
    if (result.stable) captures.stable++;
    if (result.identical) captures.identical++;
    for (const cause of result.causes) count(causes, cause);
    if (result.reason !== undefined) failures.push({ line, reasons: [result.reason] });
  }

  async #vector(report: Report, line: Line, vector: Vector): Promise<void> {
    const failures = checkVector(await this.#generated(vector.spec), vector);
    const failed: FailedLine = { line, reasons: failures.map(reasonText) };
    if (vector.suspect !== undefined) {
      if (failures.length === 0) report.suspect.equal++;
      else if (checkVector(await this.#variant(vector.spec, [], "packed"), vector).length === 0) {
        report.suspect.oracleLayout++;
      } else report.suspect.otherwise.push(failed);
      return;
    }
    const explanation = failures.length === 0 ? undefined : await this.#explain(vector);
    const good = failures.length === 0 || explanation !== undefined;
    tally(report.byKind, vector.kind, good);
    tally(report.bySpec, vector.spec, good);
    if (explanation !== undefined) count(report.explained, explanation);
    else if (good) report.vectors.passed++;
    else {
      report.vectors.failed++;
      report.failures.push(failed);
    }
  }

  /** The errata without which a vector holds; `undefined` if it does not even hold without any. */
  async #explain(vector: Vector): Promise<string | undefined> {
    const holds = async (ids: readonly string[]) =>
      checkVector(await this.#variant(vector.spec, ids, "natural"), vector).length === 0;
    if (!(await holds([]))) return undefined;
    const harmless: string[] = [];
    const responsible: string[] = [];
    for (const { id } of errataFor(vector.spec)) {
      if (await holds([...harmless, id])) harmless.push(id);
      else responsible.push(id);
    }
    return responsible.join(" + ");
  }
}

function reasonText({ direction, reason }: Failure): string {
  return `${direction}: ${reason}`;
}
