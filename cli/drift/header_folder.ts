/** What the C headers of a folder say. @module */
import {
  collectHeaderFacts,
  type HeaderFacts,
  type HeaderNames,
} from "../../generator/drift/header_facts.ts";
import { UsageError } from "../failure.ts";
import { isFolder, list, readText } from "./files.ts";

/** What is asked of headers: plain data, which another thread can take. */
export interface HeaderRequest {
  /** The names of specs. */
  names: HeaderNames;
  /** The folder. */
  include: string;
}

/** Reads the headers of a folder. Throws {@linkcode UsageError} for one that has nothing of the specs'. */
export function collectFolder({ names, include }: HeaderRequest): HeaderFacts {
  // A kernel tree has them further inside.
  const folder = isFolder(`${include}/include/uapi/linux`) ? `${include}/include/uapi` : include;
  const facts = collectHeaderFacts(
    names,
    { names: headersBelow(folder), text: (name) => readText(`${folder}/${name}`) },
    include,
  );
  if (facts.enums.length === 0) {
    throw new UsageError(`no header below ${include} has a name that a spec has`);
  }
  return facts;
}

/** Headers of the interfaces that specs describe; those of one architecture or of sound and so on are not read. */
function headersBelow(folder: string): string[] {
  const names: string[] = [];
  const walk = (path: string) => {
    for (const { name, isDirectory } of list(`${folder}/${path}`)) {
      if (isDirectory) walk(`${path}/${name}`);
      else if (name.endsWith(".h")) names.push(`${path}/${name}`);
    }
  };
  if (!isFolder(`${folder}/linux`)) {
    throw new UsageError(`${folder} has no folder linux: it is no include folder`);
  }
  for (const part of ["linux", "drm"]) if (isFolder(`${folder}/${part}`)) walk(part);
  return names;
}
