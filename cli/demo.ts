/**
 * `tynl demo`: from a spec to typed messages, and what the running kernel answers to them. Changes nothing, and needs
 * no privileges.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { showHandshake } from "./demo_handshake.ts";
import { showKernel } from "./demo_kernel.ts";
import { guarded } from "./failure.ts";
import { standardIo } from "./io.ts";

const HELP = `Usage: tynl demo

Shows messages of the handshake family, generated from its spec on the spot, and asks the running kernel for its
netlink families, links, addresses and routes. Changes nothing, and needs no privileges.

  --help  this text`;

/** Runs the command; the result is its exit status. */
export async function demo(args: string[]): Promise<number> {
  return await guarded("tynl demo", standardIo(), async () => {
    const { values } = parseArgs({ args, options: { help: { type: "boolean", short: "h" } } });
    if (values.help) console.log(HELP);
    else {
      await showHandshake();
      await showKernel();
    }
    return 0;
  });
}
