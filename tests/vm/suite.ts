/** What a suite is. */

/** Tests that one start of the virtual machine runs. */
export interface Suite {
  /** As it is called on the command line. */
  name: string;
  /** What it shows, in a line. */
  about: string;
  /** The script in guest/ that runs in the machine; sees the functions of guest/lib.sh, and prints TAP. */
  script: string;
  /** Test files, from the root of the repository. Bundles of them are under /payload/repository. */
  tests: readonly string[];
  /** Modules that tests start as programs, or import by their path. */
  modules?: readonly string[];
  /** Whether it needs the C agent, which comes from Debian's sid. Then it is run only if it is asked for by name. */
  oracle?: boolean;
  /** Whether it takes too long to be run unless it is asked for by name. */
  long?: boolean;
  /** What of the host's making else goes to /payload. */
  prepare?: (payload: string) => Promise<void>;
  /** Tests that may be ignored in the machine, by name. Any other one that is ignored fails. */
  mayIgnore?: RegExp;
  /** For a suite that is broken on purpose: what its failures must be, each of these and no other. */
  fails?: readonly RegExp[];
  /** Seconds that the machine may run: five times and more of what it takes on an idle machine of two cores. */
  limit: number;
}
