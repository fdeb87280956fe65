/**
 * The C library through Deno's FFI: the one place that opens it, and `errno`. Each part of the runtime opens the
 * functions that it needs when it first needs them, so that importing a module never fails.
 *
 * @module
 */
import { SystemError, UnsupportedError } from "./errors.ts";

/** Memory that a call reads or writes: bytes of their own buffer, which stay where they are. */
export type Bytes = Uint8Array<ArrayBuffer>;

let errnoView: Int32Array | undefined;

/**
 * Opens functions of the C library. Throws {@linkcode UnsupportedError} where there is none to be had: off Linux,
 * outside of Deno, on a big-endian machine, without `--allow-ffi`.
 */
export function openLibc<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): Deno.DynamicLibrary<S>["symbols"] {
  if (typeof globalThis.Deno?.dlopen !== "function") {
    throw new UnsupportedError("runtime", "system calls need Deno's FFI; run this with Deno 2");
  }
  if (Deno.build.os !== "linux") {
    throw new UnsupportedError(
      "platform",
      `netlink is part of Linux, and this is ${Deno.build.os}: encoding and decoding work here, sockets do not`,
    );
  }
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) {
    throw new UnsupportedError("platform", "system calls are supported on little-endian machines only");
  }
  // Opening a library between a failed call and the look at errno would change it, so errno is located first.
  errnoView ??= locateErrno();
  return load(symbols).symbols;
}

/** glibc under its one name, else musl under those that it goes by. */
function load<const S extends Deno.ForeignLibraryInterface>(symbols: S): Deno.DynamicLibrary<S> {
  const names = ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`, `ld-musl-${Deno.build.arch}.so.1`];
  let reason: unknown;
  for (const name of names) {
    try {
      return Deno.dlopen(name, symbols);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) {
        throw new UnsupportedError(
          "permission",
          "the C library is reached through FFI, which is not allowed; run deno with --allow-ffi",
          { cause: error },
        );
      }
      reason ??= error;
    }
  }
  throw new UnsupportedError("runtime", `no C library found under ${names.join(", ")}`, { cause: reason });
}

/**
 * Error number of the last synchronous call on this thread, which must have failed. It says nothing about calls that
 * were made on another thread (`nonblocking`).
 */
export function errno(): number {
  return errnoView?.[0] ?? 0;
}

function locateErrno(): Int32Array {
  const location = load({ __errno_location: { parameters: [], result: "pointer" } }).symbols
    .__errno_location();
  if (location === null) throw new UnsupportedError("runtime", "the C library has no errno");
  // The address is this thread's for good, and every JavaScript thread has a module of its own.
  return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
}

/** Result of a call that gives -1 on failure; throws {@linkcode SystemError} with errno then. */
export function checked(call: string, result: number): number {
  if (result === -1) throw new SystemError(call, errno());
  return result;
}

/** Where bytes are in memory, for a struct that points to them. They must outlive the call, and not be moved. */
export function addressOf(bytes: Bytes): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

/**
 * Room for a secret. Small typed arrays live in V8's heap, whose collector moves them and leaves copies behind; a
 * buffer made by itself stays in its place, so that overwriting it leaves nothing.
 */
export function secretBytes(length: number): Bytes {
  return new Uint8Array(new ArrayBuffer(length));
}
