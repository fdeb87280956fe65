/** Tests of what few machines have. In the virtual machine none of them may be ignored. */
import { kernelKeys } from "../../runtime/handshake/mod.ts";
import { records } from "../ktls/connections.ts";

function test(name: string, lacks: string | undefined, fn: (t: Deno.TestContext) => Promise<void>): void {
  const reason = lacks === undefined ? "" : ` (ignored: needs ${lacks})`;
  Deno.test({ name: `${name}${reason}`, ignore: lacks !== undefined, fn });
}

const lacksKernelTls = records === "kernel" ? undefined : "kernel TLS";

/** A test of kernel TLS. */
export function ktlsTest(name: string, fn: () => Promise<void>): void {
  test(name, lacksKernelTls, fn);
}

function lacksNvmeKeyring(): string | undefined {
  try {
    return kernelKeys().findKeyring(".nvme") === undefined ? "the keyring .nvme" : undefined;
  } catch {
    return "keyrings";
  }
}

/** A test of an agent with the kernel's TLS and keyrings. */
export function agentTest(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  test(name, lacksKernelTls ?? lacksNvmeKeyring(), fn);
}
