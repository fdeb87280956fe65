/** Programs of the host that the test bed calls, and what to install where one is missing. */
import { run, UnavailableError } from "../../cli/debian.ts";

/** Debian's package of each program. */
const PACKAGES = {
  "apt-cache": "apt",
  "apt-get": "apt",
  "depmod": "kmod",
  "dpkg-deb": "dpkg",
  "mke2fs": "e2fsprogs",
  "openssl": "openssl",
  "qemu-system-x86_64": "qemu-system-x86",
  "tar": "tar",
} as const;

/** A program that the test bed may call. */
export type Tool = keyof typeof PACKAGES;

/** An ordinary user's PATH has no sbin, which is where some of them are. */
const FOLDERS = [...new Set([...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"])];

function find(tool: Tool): string | undefined {
  return FOLDERS.map((folder) => `${folder}/${tool}`).find((path) => {
    try {
      return ((Deno.statSync(path).mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  });
}

/** Throws {@linkcode UnavailableError} with the packages to install, all at once, if a program is missing. */
export function requireTools(...tools: readonly Tool[]): void {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    throw new UnavailableError("the virtual machine needs Linux on x86_64");
  }
  const missing = tools.filter((tool) => find(tool) === undefined);
  if (missing.length === 0) return;
  const packages = new Set(missing.map((tool) => PACKAGES[tool]));
  throw new UnavailableError(`${missing.join(", ")} missing: apt-get install ${[...packages].join(" ")}`);
}

/** The path of a program. Throws {@linkcode UnavailableError} with the package to install. */
export function toolPath(tool: Tool): string {
  requireTools(tool);
  return find(tool)!;
}

/** Runs a program in a folder for at most `limit` milliseconds; its output. Throws {@linkcode UnavailableError}. */
export function call(tool: Tool, args: string[], cwd: string, limit = 120_000): Promise<string> {
  return run(toolPath(tool), args, cwd, limit);
}

/** Makes a file system image of a folder, as large as `mebibytes`. */
export async function makeDisk(folder: string, image: string, mebibytes: number): Promise<void> {
  const options = ["-O", "^has_journal,^metadata_csum", "-E", "lazy_itable_init=1,root_owner=0:0", "-m", "0"];
  await call("mke2fs", ["-q", "-t", "ext4", ...options, "-d", folder, image, `${mebibytes}M`], ".");
}

/** The sizes of all files under a folder, in bytes. */
export function sizeOf(folder: string): number {
  let bytes = 0;
  for (const { name, isFile, isDirectory } of Deno.readDirSync(folder)) {
    if (isFile) bytes += Deno.statSync(`${folder}/${name}`).size;
    else if (isDirectory) bytes += sizeOf(`${folder}/${name}`);
  }
  return bytes;
}
