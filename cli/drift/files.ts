/** Files of a comparison. What cannot be read ends it with a sentence. @module */
import { UsageError } from "../failure.ts";

/** A text, `undefined` if there is no such file. */
export function readText(path: string): string | undefined {
  const bytes = readBytes(path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** A file's bytes, `undefined` if there is no such file. */
export function readBytes(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`);
  }
}

/** Writes a text. */
export function writeText(path: string, text: string): void {
  try {
    Deno.writeTextFileSync(path, text);
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`);
  }
}

/** Names in a folder, sorted; throws {@linkcode UsageError} if it cannot be read. */
export function list(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    throw new UsageError(`cannot read the folder ${folder}: ${(error as Error).message}`);
  }
}

/** Whether there is such a folder. */
export function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** A file of facts; throws {@linkcode UsageError} if there is none. */
export function storedText(path: string): string {
  const text = readText(path);
  if (text === undefined) throw new UsageError(`there is no file ${path}`);
  return text;
}
