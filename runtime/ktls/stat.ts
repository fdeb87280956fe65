/** Counters of kernel TLS: /proc/net/tls_stat (the kernel's Documentation/networking/tls.rst). @module */

/** Counters of this network namespace by name, such as `TlsRxRekeyOk`; which there are depends on the kernel. */
export type TlsStat = ReadonlyMap<string, bigint>;

/** Reads the text of /proc/net/tls_stat. Throws a SyntaxError where it is of another form. */
export function parseTlsStat(text: string): TlsStat {
  const counters = new Map<string, bigint>();
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const match = /^(\w+)\s+(\d+)\s*$/.exec(line);
    if (match === null) throw new SyntaxError(`/proc/net/tls_stat has a line that is not known: ${line}`);
    counters.set(match[1]!, BigInt(match[2]!));
  }
  return counters;
}

/**
 * The counters; `undefined` if the kernel has none: no TLS, or its module is not loaded. Needs
 * `--allow-all`: nothing less opens /proc to Deno.
 */
export function readTlsStat(): TlsStat | undefined {
  try {
    return parseTlsStat(Deno.readTextFileSync("/proc/net/tls_stat"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
