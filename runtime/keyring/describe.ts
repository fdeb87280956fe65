/** What a key is. @module */
import { rawDescription } from "./keys.ts";
import type { KeyName } from "./keys.ts";
import { decodePermissions, type KeyRight } from "./permissions.ts";
import type { KeyId } from "./serial.ts";

/** What the kernel tells of a key. */
export interface KeyInfo extends KeyName {
  /** User id of its owner. */
  readonly uid: number;
  /** Its group id; -1 if none. */
  readonly gid: number;
  /** Who may do what. */
  readonly permissions: { readonly [who in "possessor" | "user" | "group" | "other"]: readonly KeyRight[] };
}

/** Describes a key. Throws `KeyError`: `EACCES` without the right `view`. */
export function describeKey(key: KeyId): KeyInfo {
  return parseDescription(rawDescription(key));
}

/** Reads `type;uid;gid;perm;description` of KEYCTL_DESCRIBE; the description may hold semicolons. */
export function parseDescription(text: string): KeyInfo {
  const parts = /^([^;]+);(-?\d+);(-?\d+);([0-9a-f]{1,8});(.*)$/s.exec(text);
  if (parts === null) throw new SyntaxError("the kernel describes a key in a form that is not known");
  const [, type = "", uid, gid, mask = "", description = ""] = parts;
  return {
    type,
    description,
    uid: Number(uid),
    gid: Number(gid),
    permissions: decodePermissions(parseInt(mask, 16)),
  };
}
