/**
 * `tynl demo`: from a spec to typed messages, and what the running kernel answers to them. Changes nothing, and needs
 * no privileges.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { showHandshake } from "./demo_handshake.ts";
import { showKernel } from "./demo_kernel.ts";

const HELP = `Usage: tynl demo

Shows messages of the handshake family, generated from its spec on the spot, and asks the running kernel for its
netlink families, links, addresses and routes. Changes nothing, and needs no privileges.`;

/** Runs the command; the result is its exit status. */
export async function demo(args: string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args, options: { help: { type: "boolean", short: "h" } } });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
  } catch (error) {
    console.error(`tynl demo: ${(error as Error).message}`);
    return 2;
  }
  await showHandshake();
  await showKernel();
  return 0;
}
