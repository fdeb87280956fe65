/**
 * The kernel's own tools, to measure against: a source tree that the caller has, or the parts that matter of the
 * one that Debian packs.
 *
 * @module
 */
import { fetchPackages, UnavailableError } from "../cli/debian.ts";
import { CannotMeasure, run } from "./measure.ts";

const PACKAGE = "linux-source-7.3";
const PARTS = ["MAINTAINERS", "Documentation/netlink", "include/uapi", "tools/net/ynl"];

/** Checks that a folder has what is needed of a kernel tree; gives its absolute path. */
export async function checkTree(folder: string): Promise<string> {
  for (const part of PARTS) {
    try {
      await Deno.stat(`${folder}/${part}`);
    } catch {
      // MAINTAINERS too: ynl_gen_c.py knows the top of the tree by it, and writes nothing without.
      throw new CannotMeasure(`${folder} is no Linux source tree: it has no ${part}`);
    }
  }
  return await Deno.realPath(folder);
}

/** The tree of Debian's package, downloaded when it is asked for the first time: 150 MB, of which 15 are kept. */
export async function fetchTree(): Promise<string> {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? "/tmp"}/.cache`;
  const folder = `${cache}/tynl`;
  const tree = `${folder}/${PACKAGE}`;
  try {
    return await checkTree(tree);
  } catch {
    console.error(`fetching ${PACKAGE} …`);
  }
  await Deno.mkdir(folder, { recursive: true });
  const state = await Deno.makeTempDir({ dir: folder, prefix: "fetch-" });
  try {
    const [archive = ""] = await fetchPackages([PACKAGE], state);
    const script =
      'dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$2.tar.xz" | tar -xJ -C "$3" "$4" "$5" "$6" "$7"';
    const parts = PARTS.map((part) => `${PACKAGE}/${part}`);
    await run("sh", ["-c", script, "sh", archive, PACKAGE, state, ...parts]);
    await Deno.remove(tree, { recursive: true }).catch(() => {});
    await Deno.rename(`${state}/${PACKAGE}`, tree);
  } catch (error) {
    if (error instanceof UnavailableError) throw new CannotMeasure(error.message);
    throw error;
  } finally {
    await Deno.remove(state, { recursive: true });
  }
  return await checkTree(tree);
}

/** A Python that the kernel's tools run on. The system's own goes first: wrappers of version managers are slow. */
export async function findPython(): Promise<string> {
  for (const python of ["/usr/bin/python3", "python3"]) {
    try {
      await run(python, ["-c", "import yaml, jsonschema"]);
      return python;
    } catch (error) {
      if (!(error instanceof CannotMeasure)) throw error;
    }
  }
  throw new CannotMeasure("no python3 with PyYAML and jsonschema (python3-yaml, python3-jsonschema)");
}

/**
 * Environment for Python programs whose modules may keep their bytecode, as they do where nobody said otherwise.
 * Without it every one of dozens of short processes compiles all modules anew, and takes twice as long.
 */
export const KEEPING_BYTECODE: Record<string, string> = {
  PYTHONDONTWRITEBYTECODE: "",
  PYTHONPYCACHEPREFIX: "",
};

/** Copies the kernel's Python tools, so that their bytecode can be kept without writing to the tree. */
export async function copyTools(kernel: string, state: string): Promise<string> {
  await run("cp", ["-R", `${kernel}/tools/net/ynl/pyynl`, `${state}/pyynl`]);
  return `${state}/pyynl`;
}
