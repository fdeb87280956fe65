/** Who may do what with a key (keyrings(7), linux/key.h). @module */

/** What may be done with a key. `view` is to describe it, `setattr` to change owner, permissions and timeout. */
export type KeyRight = "view" | "read" | "write" | "search" | "link" | "setattr";

/** The rights, each at its bit. */
const RIGHTS: readonly KeyRight[] = ["view", "read", "write", "search", "link", "setattr"];

/** Classes of users that a key tells apart. */
export type KeyUser = "possessor" | "user" | "group" | "other";

/** Where the byte of each class of users is. */
const SHIFTS = { possessor: 24, user: 16, group: 8, other: 0 } as const satisfies {
  [who in KeyUser]: number;
};

/**
 * Rights of a key: of whoever possesses it, which is to find it by searching from their own keyrings; of its owner; of
 * its group; of all others. What is left out has none, `"all"` has all.
 */
export type KeyPermissions = { readonly [who in KeyUser]?: readonly KeyRight[] | "all" };

/** Permissions in the kernel's form, for example 0x3f010000 for all to the possessor and `view` to the owner. */
export function encodePermissions(permissions: KeyPermissions): number {
  let mask = 0;
  for (const [who, shift] of Object.entries(SHIFTS)) {
    const rights = permissions[who as KeyUser] ?? [];
    for (const right of rights === "all" ? RIGHTS : rights) {
      const bit = RIGHTS.indexOf(right);
      if (bit < 0) throw new RangeError(`a key has no right "${right}": ${RIGHTS.join(", ")}`);
      mask |= 1 << bit << shift;
    }
  }
  return mask >>> 0;
}

/** Permissions from the kernel's form. */
export function decodePermissions(mask: number): { [who in KeyUser]: KeyRight[] } {
  const of = (shift: number) => RIGHTS.filter((_, bit) => mask >>> shift & 1 << bit);
  return {
    possessor: of(SHIFTS.possessor),
    user: of(SHIFTS.user),
    group: of(SHIFTS.group),
    other: of(SHIFTS.other),
  };
}
