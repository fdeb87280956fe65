/** What `tynl drift` was asked for. @module */
import type { Connector } from "../../runtime/netlink/mod.ts";

/** Options of a comparison. */
export interface DriftOptions {
  /** Folder of the specs. */
  readonly specs: string;
  /** Names of spec files; all if empty. */
  readonly families: readonly string[];
  /** Whether errata are applied. */
  readonly errata: boolean;
  /** The kernel that the specs belong to. */
  readonly release: string | undefined;
  /** Folder of the generated code. */
  readonly generated: string;
  /** A C compiler. */
  readonly cc: string | undefined;
  /** Where found facts are stored. */
  readonly save: string | undefined;
  /** Where facts are taken from. */
  readonly from: string | undefined;
  /** What the specs are compared with: a folder. */
  readonly source?: string;
  /** Where sockets come from; the running kernel unless set. */
  readonly transport?: Connector;
}
