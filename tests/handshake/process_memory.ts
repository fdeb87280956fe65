/** Searches the memory of another process, which must be our child or our user's. */

const pageSize = 4096;

/** A place in memory. */
export interface Finding {
  /** What was looked for. */
  readonly name: string;
  /** Where it is, and in what kind of mapping. */
  readonly address: string;
  readonly mapping: string;
}

/** Everything that a process can write to, in pages that it has: address, bytes, and what the mapping is. */
function* writablePages(pid: number): Generator<{ start: number; bytes: Uint8Array; mapping: string }> {
  const maps = Deno.readTextFileSync(`/proc/${pid}/maps`);
  using memory = Deno.openSync(`/proc/${pid}/mem`);
  using pagemap = Deno.openSync(`/proc/${pid}/pagemap`);
  for (const line of maps.split("\n")) {
    const [, from, to, flags, name] = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/.exec(line) ?? [];
    if (flags?.startsWith("rw") !== true) continue;
    const start = parseInt(from!, 16), end = parseInt(to!, 16);
    // Runs of pages that are there: reading the others would take long and give zeros.
    const entries = readAt(pagemap, start / pageSize * 8, (end - start) / pageSize * 8);
    if (entries === undefined) continue;
    const view = new DataView(entries.buffer);
    let run = -1;
    for (let page = 0; page <= (end - start) / pageSize; page++) {
      const present = page < (end - start) / pageSize && view.getUint8(page * 8 + 7) >> 6 !== 0;
      if (present && run < 0) run = page;
      if (present || run < 0) continue;
      const at = start + run * pageSize;
      const bytes = readAt(memory, at, (page - run) * pageSize);
      if (bytes !== undefined) yield { start: at, bytes, mapping: name || "anonymous" };
      run = -1;
    }
  }
}

function readAt(file: Deno.FsFile, at: number, length: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(length);
  try {
    file.seekSync(at, Deno.SeekMode.Start);
    for (let got = 0; got < length;) {
      const count = file.readSync(bytes.subarray(got));
      if (count === null) return undefined;
      got += count;
    }
    return bytes;
  } catch {
    // A special mapping, or one that is gone.
    return undefined;
  }
}

/** Every place in memory where one of the secrets is, of two bytes at least each. */
export function findInMemory(pid: number, secrets: ReadonlyMap<string, Uint8Array>): Finding[] {
  // By their first two bytes, so that one look at each byte of the memory is enough, however many secrets there are.
  const byStart = new Map<number, [string, Uint8Array][]>();
  const starts = new Uint8Array(65536);
  for (const [name, secret] of secrets) {
    const start = secret[0]! | secret[1]! << 8;
    starts[start] = 1;
    byStart.set(start, [...byStart.get(start) ?? [], [name, secret]]);
  }
  const findings: Finding[] = [];
  for (const { start, bytes, mapping } of writablePages(pid)) {
    for (let i = 0; i + 1 < bytes.length; i++) {
      const pair = bytes[i]! | bytes[i + 1]! << 8;
      if (starts[pair] === 0) continue;
      for (const [name, secret] of byStart.get(pair)!) {
        if (secret.every((byte, at) => bytes[i + at] === byte)) {
          findings.push({ name, address: (start + i).toString(16), mapping });
        }
      }
    }
  }
  return findings;
}
