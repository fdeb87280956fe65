/**
 * From netlink specs to TypeScript and C headers, text in and text out.
 *
 * @example Generate one family in memory
 * ```ts
 * import { generateFamily, readSpec } from "./mod.ts";
 *
 * const { file, diagnostics } = readSpec("specs/handshake.yaml", Deno.readFileSync("specs/handshake.yaml"));
 * if (file === undefined) throw new Error(diagnostics[0]?.message);
 * const files = generateFamily(file);
 * console.log(files.map(({ path }) => path)); // handshake/mod.ts, handshake/messages.ts, …
 * ```
 *
 * @module
 */
export { emitUapiHeader, type UapiHeaderOptions } from "./emit/uapi_header.ts";
export { type GeneratedFile, generateFamily, generateIndex, type GenerateOptions } from "./generate.ts";
export * from "./model/mod.ts";
export {
  resolveUapi,
  type UapiClash,
  type UapiConstant,
  type UapiConstantKind,
  uapiConstants,
  type UapiDefines,
  type UapiEnum,
  type UapiHeader,
  type UapiSection,
} from "./model/uapi.ts";
export { type Diagnostic, formatDiagnostic, type NodePath, sortDiagnostics } from "./spec/diagnostics.ts";
export * from "./spec/errata.ts";
export { readErrata } from "./spec/errata_file.ts";
export { readSpec } from "./spec/read.ts";
export * from "./spec/types.ts";
