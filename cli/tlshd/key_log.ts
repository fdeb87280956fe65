/** SSLKEYLOGFILE, as GnuTLS has it for tlshd: secrets of connections for whoever looks into captures. @module */
import { Failure } from "../failure.ts";

/** What writes lines to the file; it is opened now. Throws a `Failure`. */
export function keyLog(path: string): (line: string) => void {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { create: true, append: true, mode: 0o600 });
    // It may be there already: Deno makes such a file when it starts, for all to read.
    Deno.chmodSync(path, 0o600);
  } catch (error) {
    throw new Failure(`SSLKEYLOGFILE: ${(error as Error).message}`);
  }
  const text = new TextEncoder();
  return (line) => {
    let bytes: Uint8Array = text.encode(`${line}\n`);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
    } catch {
      // A full disk must not stop handshakes.
    }
  };
}
