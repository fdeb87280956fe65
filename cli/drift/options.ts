/** What `tynl drift` was asked for. @module */
import type { Comparison } from "../../generator/drift/finding.ts";
import type { Connector } from "../../runtime/netlink/mod.ts";

/** One comparison that was asked for. */
export interface Request {
  /** Which. */
  readonly comparison: Comparison;
  /** What the specs are compared with: a folder, or a file of facts. */
  readonly source?: string;
}

/** Options of all comparisons. */
export interface DriftOptions {
  /** Names of spec files; all if empty. */
  readonly families: readonly string[];
  /** The kernel that the specs belong to. */
  readonly release: string | undefined;
  /** A C compiler. */
  readonly cc: string | undefined;
  /** Where found facts are stored. */
  readonly save: string | undefined;
  /** Where sockets come from; the running kernel unless set. */
  readonly transport?: Connector;
}
