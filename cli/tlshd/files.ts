/** Files that decide about trust: who may write them, who may read them, and how long they may be. @module */

/** What is read from a file: what anybody may read, or a secret. */
export type Confidence = "public" | "secret";

/** A file that cannot be used. The message begins with its path. */
export class FileError extends Error {
  /** Always `FileError`. */
  override readonly name = "FileError";
  /** The path. */
  readonly path: string;

  /** Creates an error about a file. */
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.path = path;
  }
}

/** Owner and mode of a file: what `stat` tells. */
export interface FileFacts {
  /** Owner; `null` where a system has none. */
  readonly uid: number | null;
  /** Mode with its permissions; `null` where a system has none. */
  readonly mode: number | null;
}

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, "0");

/**
 * What is unsafe about a file: each doubt in words, with what to do about it. It must belong to root or to the user
 * who runs this, nobody else may write it, and of a secret nobody else may read it.
 */
export function unsafe({ uid, mode }: FileFacts, confidence: Confidence, user: number): string[] {
  const doubts: string[] = [];
  if (uid !== null && uid !== 0 && uid !== user) {
    doubts.push(`belongs to user ${uid}; let root own it (chown root)`);
  }
  if (mode === null) return doubts;
  if (confidence === "secret" && mode & 0o077) {
    doubts.push(`mode ${octal(mode)} lets others at the key; chmod 0600`);
  } else if (mode & 0o022) {
    doubts.push(
      `mode ${octal(mode)} lets others write it; chmod ${confidence === "secret" ? "0600" : "0644"}`,
    );
  }
  return doubts;
}

/** What was read. */
export interface TrustedFile {
  /** The content. The caller wipes it if it is a secret. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What {@linkcode unsafe} says about it. */
  readonly doubts: readonly string[];
}

/**
 * Reads a file of at most `limit` bytes. Anything but a plain file is refused before it is opened: a pipe would never
 * end.
 *
 * @throws {FileError} If it is not there, may not be read, is no plain file, or is too long.
 */
export function readTrusted(path: string, confidence: Confidence, limit: number): TrustedFile {
  try {
    if (!Deno.statSync(path).isFile) throw new FileError(path, "no plain file");
    using file = Deno.openSync(path);
    const facts = file.statSync();
    if (facts.size > limit) throw new FileError(path, `${facts.size} bytes, ${limit} are the most`);
    return { bytes: readAll(file, facts.size, path), doubts: unsafe(facts, confidence, Deno.uid() ?? 0) };
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(path, reasonOf(error));
  }
}

/** Reads what was there when it was opened, into one buffer, so that no copy of a secret is left. */
function readAll(file: Deno.FsFile, size: number, path: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  for (let at = 0; at < size;) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null) throw new FileError(path, "it became shorter while it was read");
    at += count;
  }
  return bytes;
}

/** Why a file could not be read, without the path, which is told anyway. */
function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "it may not be read by this user";
  if (error instanceof Deno.errors.NotCapable) return "Deno is not allowed to read it (--allow-read)";
  if (error instanceof Deno.errors.FilesystemLoop) return "its symbolic links go in a circle";
  return error instanceof Error ? error.message.replaceAll(/\s+/g, " ") : String(error);
}
