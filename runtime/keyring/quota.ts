/** How much of their quota users have used: /proc/key-users (keyrings(7)). @module */

/** Keys of one user. Root has a quota of its own, of sizes that rarely matter. */
export interface KeyQuota {
  /** User id. */
  readonly uid: number;
  /** How many keys count against the quota. */
  readonly keys: number;
  /** How many may. */
  readonly maxKeys: number;
  /** Bytes of payloads and descriptions that count against the quota. */
  readonly bytes: number;
  /** How many may. */
  readonly maxBytes: number;
}

/** Reads the text of /proc/key-users. Throws a SyntaxError where it is of another form. */
export function parseKeyUsers(text: string): KeyQuota[] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const numbers = /^\s*(\d+):\s+\d+\s+\d+\/\d+\s+(\d+)\/(\d+)\s+(\d+)\/(\d+)\s*$/.exec(line);
    if (numbers === null) throw new SyntaxError(`/proc/key-users has a line that is not known: ${line}`);
    const [uid = 0, keys = 0, maxKeys = 0, bytes = 0, maxBytes = 0] = numbers.slice(1).map(Number);
    return { uid, keys, maxKeys, bytes, maxBytes };
  });
}

/** Quota of a user; `undefined` if they have no keys. Needs `--allow-all`: nothing less opens /proc to Deno. */
export function keyQuota(uid: number): KeyQuota | undefined {
  return parseKeyUsers(Deno.readTextFileSync("/proc/key-users")).find((user) => user.uid === uid);
}
