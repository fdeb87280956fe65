/** A report as text, JSON, SARIF, Markdown, or as annotations of GitHub. @module */
import { type DriftFinding, type DriftReport, findingId, type Place, SEVERITIES } from "./finding.ts";
import { RULES } from "./rules.ts";

/** Forms of a report. */
export const FORMATS = ["text", "json", "sarif", "github", "markdown"] as const;

/** A form of a report. */
export type ReportFormat = typeof FORMATS[number];

/** Writes reports. `notes` also tells notes and what is explained, where people read it. */
export function formatReports(
  reports: readonly DriftReport[],
  format: ReportFormat,
  notes: boolean,
): string {
  switch (format) {
    case "json":
      return JSON.stringify({ reports: reports.map(jsonReport) });
    case "sarif":
      return toSarif(reports);
    case "github":
      return reports.map((report) => toGithub(report, notes)).join("\n");
    case "markdown":
      return reports.map((report) => toMarkdown(report, notes)).join("\n\n");
    case "text":
      return reports.map((report) => toText(report, notes)).join("\n\n");
  }
}

/** What people are told first, and what they have to ask for. */
function shown({ findings }: DriftReport, notes: boolean): DriftFinding[] {
  return findings.filter(({ severity, explained }) =>
    notes || (severity !== "note" && explained === undefined)
  );
}

function place({ file, line, column }: Place): string {
  return `${file}:${line}${column === undefined ? "" : `:${column}`}`;
}

/** `breaks decoding and sending`, or nothing. */
function effect({ impact }: DriftFinding): string {
  const broken = (["decoding", "sending"] as const).filter((side) => impact?.[side] === "breaking");
  return broken.length === 0 ? "" : `, breaks ${broken.join(" and ")}`;
}

/** The sentence with all that is no place in a file. */
function said(finding: DriftFinding): string {
  const { message, policy } = finding;
  return `${message}${policy === undefined ? "" : ` (${policy})`}${effect(finding)}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

/** The totals in a sentence. */
export function summary({ findings, counts }: DriftReport): string {
  const open = findings.filter(({ explained }) => explained === undefined);
  const totals = SEVERITIES.map((severity) =>
    count(open.filter((finding) => finding.severity === severity).length, severity)
  );
  const explained = findings.length - open.length;
  const compared = Object.entries(counts).map(([what, number]) => `${number} ${what}`);
  return `${totals.join(", ")}${explained === 0 ? "" : `, ${explained} explained`}${
    compared.length === 0 ? "" : `; compared: ${compared.join(", ")}`
  }`;
}

function toText(report: DriftReport, notes: boolean): string {
  const lines = [report.subject];
  for (const finding of shown(report, notes)) {
    const { severity, message, places, explained, policy, rule } = finding;
    const at = [...places.map(place), ...policy === undefined ? [] : [policy]].join(" ");
    lines.push(`${at === "" ? finding.family : at}: ${severity}: ${message}${effect(finding)} [${rule}]`);
    if (explained !== undefined) lines.push(`    explained by ${explained.by} ${explained.id}`);
  }
  return [...lines, ...report.remarks, summary(report)].join("\n");
}

function jsonReport({ findings, ...report }: DriftReport): object {
  return { ...report, findings: findings.map((finding) => ({ id: findingId(finding), ...finding })) };
}

/** SARIF 2.1.0, as code scanners read it: a run for each comparison. */
function toSarif(reports: readonly DriftReport[]): string {
  return JSON.stringify({
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: reports.map(sarifRun),
  });
}

function sarifRun({ comparison, findings }: DriftReport): object {
  const used = [...new Set(findings.map(({ rule }) => rule))].sort();
  return {
    tool: {
      driver: {
        name: "tynl drift",
        rules: used.map((id) => ({ id, shortDescription: { text: `${RULES[id] ?? id}.` } })),
      },
    },
    // Scanners tell runs of one tool apart by this.
    automationDetails: { id: `tynl-drift/${comparison}/` },
    results: findings.map((finding) => sarifResult(finding, used.indexOf(finding.rule))),
  };
}

function sarifResult(finding: DriftFinding, ruleIndex: number): object {
  const { rule, severity, family, places, explained } = finding;
  return {
    ruleId: rule,
    ruleIndex,
    level: severity,
    message: { text: `${family === "" ? "" : `${family}: `}${said(finding)}.` },
    locations: places.slice(0, 1).map(sarifLocation),
    relatedLocations: places.slice(1).map((place, id) => ({ id, ...sarifLocation(place) })),
    partialFingerprints: { "tynlDrift/v1": findingId(finding) },
    ...(explained === undefined
      ? {}
      : { suppressions: [{ kind: "external", justification: explained.reason }] }),
  };
}

function sarifLocation({ file, line, column }: Place): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: encodeURI(file) },
      region: { startLine: line, ...(column === undefined ? {} : { startColumn: column }) },
    },
  };
}

/** Workflow commands of GitHub Actions: annotations in the files. */
function toGithub(report: DriftReport, notes: boolean): string {
  const property = (text: string) => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
  const data = (text: string) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const lines = shown(report, notes).map((finding) => {
    const { severity, places: [first], rule, family } = finding;
    const where = first === undefined ? "" : `file=${property(first.file)},line=${first.line},`;
    const title = property(`${family} ${rule}`.trim());
    return `::${severity === "note" ? "notice" : severity} ${where}title=${title}::${data(said(finding))}`;
  });
  return [...lines, summary(report)].join("\n");
}

function toMarkdown(report: DriftReport, notes: boolean): string {
  const cell = (text: string) =>
    text.replaceAll(/[\\`*_[\]|]/g, "\\$&").replaceAll("<", "&lt;").replaceAll(/\s*\n\s*/g, " ");
  const code = (text: string) => `\`${text.replaceAll("`", "'").replaceAll("|", "\\|")}\``;
  const rows = shown(report, notes).map((finding) => {
    const { severity, family, places: [first], explained } = finding;
    const why = explained === undefined ? "" : ` (${explained.by} ${explained.id})`;
    return `| ${severity} | ${cell(family)} | ${cell(said(finding) + why)} | ${
      first === undefined ? "" : code(place(first))
    } |`;
  });
  return [
    `### Spec drift: ${report.comparison}`,
    "",
    cell(report.subject),
    "",
    ...(rows.length === 0
      ? []
      : ["| | family | finding | where |", "| --- | --- | --- | --- |", ...rows, ""]),
    ...report.remarks.map((remark) => `- ${cell(remark)}`),
    ...(report.remarks.length === 0 ? [] : [""]),
    `${summary(report)}.`,
  ].join("\n");
}
