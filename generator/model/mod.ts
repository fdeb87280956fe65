/** The model: a spec with everything resolved. @module */
export type { Layout } from "./layout.ts";
export { resolveFamily } from "./resolve.ts";
export * from "./types.ts";
