/** Reports: what each form says, and that programs can read it. */
import assert from "node:assert/strict";
import { Ajv } from "ajv";
import type { DriftFinding, DriftReport } from "../../generator/drift/finding.ts";
import { compareHeaders } from "../../generator/drift/compare_headers.ts";
import { compareKernel } from "../../generator/drift/compare_kernel.ts";
import { findingId, sortFindings } from "../../generator/drift/finding.ts";
import { formatReports, type ReportFormat } from "../../generator/drift/report.ts";
import { RULES } from "../../generator/drift/rules.ts";
import { correctedFiles, headers73, kernel618, rawFiles, resolved } from "./helpers.ts";

const finding: DriftFinding = {
  comparison: "upstream",
  rule: "retyped",
  family: "sample",
  at: "attribute-sets/main/attributes/id/type",
  severity: "error",
  message: "attribute id of main: type u32 became u64",
  expected: "u32",
  found: "u64",
  places: [{ file: "old specs/sample.yaml", line: 7, column: 9 }, {
    file: "new/sample.yaml",
    line: 8,
    column: 9,
  }],
  impact: { decoding: "breaking", sending: "breaking" },
};
const note: DriftFinding = {
  ...finding,
  rule: "added",
  at: "attribute-sets/main/attributes/__new|<b>",
  severity: "note",
  message: "attribute __new|<b>, *new*: 100%\nwas added",
  impact: { decoding: "compatible", sending: "compatible" },
};
const explained: DriftFinding = {
  ...finding,
  at: "attribute-sets/main/attributes/mask/id",
  rule: "renumbered",
  explained: { by: "erratum", id: "sample-mask", reason: "The spec has it elsewhere." },
};
const report: DriftReport = {
  comparison: "upstream",
  families: ["sample"],
  subject: "from old specs to new",
  counts: { families: 1 },
  findings: [finding, note, explained],
  remarks: ["a remark"],
};
const text = (format: ReportFormat, notes = false) => formatReports([report], format, notes);

Deno.test("text has a line for each finding with places, severity, what it breaks and rule", () => {
  assert.equal(
    text("text"),
    `from old specs to new
old specs/sample.yaml:7:9 new/sample.yaml:8:9: error: attribute id of main: type u32 became u64, breaks decoding and sending [retyped]
a remark
1 error, 0 warnings, 1 note, 1 explained; compared: 1 families`,
  );
  assert.match(
    text("text", true),
    /note: attribute __new.*\n {4}explained by erratum sample-mask\n|explained/s,
  );
});

Deno.test("JSON holds every finding with its id, whatever people are shown", () => {
  const { reports } = JSON.parse(text("json")) as {
    reports: { families: string[]; findings: { id: string }[] }[];
  };
  assert.deepEqual(reports[0]!.findings.map(({ id }) => id), report.findings.map(findingId));
  assert.equal(
    reports[0]!.findings[0]!.id,
    "upstream:retyped:sample:attribute-sets/main/attributes/id/type",
  );
  assert.deepEqual(reports[0]!.families, ["sample"]);
});

Deno.test("annotations of GitHub keep what is special there out of their way", () => {
  const [first, second] = text("github", true).split("\n");
  assert.equal(
    first,
    "::error file=old specs/sample.yaml,line=7,title=sample retyped::attribute id of main: type u32 became " +
      "u64, breaks decoding and sending",
  );
  assert.equal(
    second,
    "::notice file=old specs/sample.yaml,line=7,title=sample added::attribute __new|<b>, *new*: 100%25%0Awas added",
  );
  assert.doesNotMatch(text("github"), /notice/);
});

Deno.test("Markdown shows names as they are, in a table that they cannot break", () => {
  const lines = text("markdown", true).split("\n");
  assert.equal(lines[0], "### Spec drift: upstream");
  assert.ok(
    lines.includes(
      "| note | sample | attribute \\_\\_new\\|&lt;b>, \\*new\\*: 100% was added | `old specs/sample.yaml:7:9` |",
    ),
    lines.join("\n"),
  );
  assert.ok(lines.includes("- a remark"));
});

const location = {
  type: "object",
  required: ["physicalLocation"],
  additionalProperties: false,
  properties: {
    id: { type: "integer", minimum: -1 },
    physicalLocation: {
      type: "object",
      required: ["artifactLocation", "region"],
      additionalProperties: false,
      properties: {
        artifactLocation: {
          type: "object",
          required: ["uri"],
          additionalProperties: false,
          properties: { uri: { type: "string", pattern: "^[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+$" } },
        },
        region: {
          type: "object",
          required: ["startLine"],
          additionalProperties: false,
          properties: {
            startLine: { type: "integer", minimum: 1 },
            startColumn: { type: "integer", minimum: 1 },
          },
        },
      },
    },
  },
};
const message = {
  type: "object",
  required: ["text"],
  additionalProperties: false,
  properties: { text: { type: "string", minLength: 1 } },
};

/** What the schema of SARIF 2.1.0 requires of the objects that we write, and what GitHub asks for besides. */
const SARIF = {
  type: "object",
  required: ["version", "runs"],
  additionalProperties: false,
  properties: {
    $schema: { type: "string" },
    version: { const: "2.1.0" },
    runs: {
      type: "array",
      items: {
        type: "object",
        required: ["tool", "results"],
        additionalProperties: false,
        properties: {
          tool: {
            type: "object",
            required: ["driver"],
            additionalProperties: false,
            properties: {
              driver: {
                type: "object",
                required: ["name"],
                additionalProperties: false,
                properties: {
                  name: { type: "string" },
                  rules: {
                    type: "array",
                    uniqueItems: true,
                    items: {
                      type: "object",
                      required: ["id", "shortDescription"],
                      additionalProperties: false,
                      properties: { id: { type: "string" }, shortDescription: message },
                    },
                  },
                },
              },
            },
          },
          automationDetails: { type: "object", required: ["id"], properties: { id: { type: "string" } } },
          results: {
            type: "array",
            items: {
              type: "object",
              required: ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
              additionalProperties: false,
              properties: {
                ruleId: { type: "string" },
                ruleIndex: { type: "integer", minimum: 0 },
                level: { enum: ["none", "note", "warning", "error"] },
                message,
                locations: { type: "array", items: location },
                relatedLocations: { type: "array", items: location, uniqueItems: true },
                partialFingerprints: { type: "object", additionalProperties: { type: "string" } },
                suppressions: {
                  type: "array",
                  items: {
                    type: "object",
                    required: ["kind"],
                    additionalProperties: false,
                    properties: {
                      kind: { enum: ["inSource", "external"] },
                      justification: { type: "string" },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};
const isSarif = new Ajv({ strict: false, allErrors: true }).compile(SARIF);

/** Findings of real comparisons. */
const real: DriftReport[] = [
  {
    ...report,
    comparison: "headers",
    findings: compareHeaders(resolved(rawFiles), headers73).findings,
  },
  {
    ...report,
    comparison: "kernel",
    findings: compareKernel(resolved(correctedFiles), kernel618, "7.3.4").findings,
  },
];

Deno.test("SARIF has the members that its schema requires, for every finding", () => {
  const log = JSON.parse(formatReports([report, ...real], "sarif", false)) as {
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: { ruleId: string; ruleIndex: number }[];
    }[];
  };
  assert.ok(isSarif(log), JSON.stringify(isSarif.errors?.slice(0, 3)));
  assert.equal(log.runs.length, 3);
  for (const { tool, results } of log.runs) {
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
  }
  assert.equal(log.runs[0]!.results.length, 3);
  assert.match(JSON.stringify(log.runs[0]), /"uri":"old%20specs\/sample.yaml"/);
  assert.match(JSON.stringify(log.runs[0]), /"suppressions":\[\{"kind":"external"/);
});

Deno.test("every finding has a name of its own, a place, and a rule that is described", () => {
  for (const { findings } of real) {
    assert.equal(new Set(findings.map(findingId)).size, findings.length);
    for (const { rule, places } of findings) {
      assert.ok(Object.hasOwn(RULES, rule), rule);
      assert.ok(places.length > 0 && places.every(({ line }) => line > 0), rule);
    }
  }
});

Deno.test("every rule in the code is described, and every described one is in the code", () => {
  const folder = new URL("../../generator/drift/", import.meta.url);
  const code = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".ts") && name !== "rules.ts")
    .map(({ name }) => Deno.readTextFileSync(new URL(name, folder))).join("\n") +
    Deno.readTextFileSync(new URL("../../cli/drift/cc.ts", import.meta.url));
  for (const rule of Object.keys(RULES)) assert.ok(code.includes(`"${rule}"`), `no code finds ${rule}`);
});

Deno.test("findings are sorted by family, severity and line, and stay the same in any order", () => {
  const sorted = sortFindings(real[0]!.findings);
  assert.deepEqual(sortFindings(real[0]!.findings.toReversed()), sorted);
  const families = sorted.map(({ family }) => family);
  assert.deepEqual(families, families.toSorted());
});
