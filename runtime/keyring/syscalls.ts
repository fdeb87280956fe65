/**
 * add_key(2), request_key(2) and keyctl(2). The C library has no functions of these names, so they go through
 * syscall(2) by number. All are synchronous: the keyrings that a call sees belong to the thread that makes it.
 *
 * @module
 */
import { type Bytes, openLibc, UnsupportedError } from "../posix/mod.ts";

/** Numbers of asm/unistd_64.h and asm-generic/unistd.h. */
const NUMBERS = {
  x86_64: { addKey: 248, requestKey: 249, keyctl: 250 },
  aarch64: { addKey: 217, requestKey: 218, keyctl: 219 },
} as const;

// One name for each way in which the arguments are passed. Serials, lengths and errors fit the low half of a result.
const symbols = {
  addKey: {
    name: "syscall",
    parameters: ["i64", "buffer", "buffer", "buffer", "usize", "i32"],
    result: "i32",
  },
  requestKey: { name: "syscall", parameters: ["i64", "buffer", "buffer", "buffer", "i32"], result: "i32" },
  keyctl: { name: "syscall", parameters: ["i64", "i32", "i32", "i32", "i32"], result: "i32" },
  keyctlBytes: { name: "syscall", parameters: ["i64", "i32", "i32", "buffer", "usize"], result: "i32" },
  keyctlSearch: {
    name: "syscall",
    parameters: ["i64", "i32", "i32", "buffer", "buffer", "i32"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The system calls on keys. Each gives -1 if it failed; `errno` says why. */
export interface KeySyscalls {
  /** add_key(2): the serial. */
  addKey(type: Bytes, description: Bytes, payload: Bytes | null, keyring: number): number;
  /** request_key(2): the serial. */
  requestKey(type: Bytes, description: Bytes, callout: Bytes | null, keyring: number): number;
  /** keyctl(2) of an operation that takes numbers. */
  keyctl(operation: number, a: number, b?: number, c?: number): number;
  /** keyctl(2) of an operation that takes a key and bytes. */
  keyctlBytes(operation: number, key: number, bytes: Bytes | null): number;
  /** keyctl(2) with KEYCTL_SEARCH. */
  search(keyring: number, type: Bytes, description: Bytes, destination: number): number;
}

/** KEYCTL_SEARCH. */
const SEARCH = 10;

let opened: KeySyscalls | undefined;

/** The calls for this machine. Throws `UnsupportedError`. */
export function keySyscalls(): KeySyscalls {
  return opened ??= open();
}

function open(): KeySyscalls {
  const functions = openLibc(symbols);
  const numbers: (typeof NUMBERS)[keyof typeof NUMBERS] | undefined = NUMBERS[Deno.build.arch];
  if (numbers === undefined) {
    throw new UnsupportedError("platform", `system calls on keys are not known for ${Deno.build.arch}`);
  }
  const addKey = BigInt(numbers.addKey), requestKey = BigInt(numbers.requestKey);
  const keyctl = BigInt(numbers.keyctl);
  return {
    addKey: (type, description, payload, keyring) =>
      functions.addKey(addKey, type, description, payload, BigInt(payload?.length ?? 0), keyring),
    requestKey: (type, description, callout, keyring) =>
      functions.requestKey(requestKey, type, description, callout, keyring),
    keyctl: (operation, a, b = 0, c = 0) => functions.keyctl(keyctl, operation, a, b, c),
    keyctlBytes: (operation, key, bytes) =>
      functions.keyctlBytes(keyctl, operation, key, bytes, BigInt(bytes?.length ?? 0)),
    search: (keyring, type, description, destination) =>
      functions.keyctlSearch(keyctl, SEARCH, keyring, type, description, destination),
  };
}
