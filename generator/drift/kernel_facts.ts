/** What a kernel says about its netlink families: plain data, so that it can be stored and compared elsewhere. @module */

/** What a kernel takes as value of an attribute. Numbers are decimal digits: they may need 64 bits. */
export interface KernelAttribute {
  /** Type: `u32`, `nul-string`, `nested`; `type N` for one that the spec of nlctrl does not name. */
  type: string;
  /** Smallest number. */
  min?: string;
  /** Largest number. */
  max?: string;
  /** Bits that may be set. */
  mask?: string;
  /** Fewest bytes. */
  minLength?: number;
  /** Most bytes; of text without its NUL. */
  maxLength?: number;
  /** Index of the policy of what is inside. */
  policy?: number;
}

/** An operation. */
export interface KernelOperation {
  /** Its id in requests. */
  id: number;
  /** GENL_ADMIN_PERM 1, GENL_CMD_CAP_DO 2, _DUMP 4, _HASPOL 8, GENL_UNS_ADMIN_PERM 16 (linux/genetlink.h). */
  flags: number;
  /** Index of the policy of requests for one object. */
  do?: number;
  /** Index of the policy of requests for a list. */
  dump?: number;
}

/** A generic netlink family. */
export interface KernelFamily {
  /** Version. */
  version: number;
  /** Bytes of the header in front of the attributes. */
  headerSize: number;
  /** Operations in the kernel's order. */
  operations: KernelOperation[];
  /** Names of multicast groups. */
  groups: string[];
  /** Policies by index: attributes by id. */
  policies: { [index: string]: { [id: string]: KernelAttribute } };
}

/** A kernel. */
export interface KernelFacts {
  /** Its release, as uname tells it. */
  release: string;
  /** Its generic families by name. */
  families: { [name: string]: KernelFamily };
}

/** Compares releases such as `6.18.44-custom` by their numbers: negative if the first is older. */
export function compareReleases(a: string, b: string): number {
  const numbers = (release: string) => /^[\d.]+/.exec(release)?.[0].split(".").map(Number) ?? [];
  const [x, y] = [numbers(a), numbers(b)];
  // The third number brings fixes, no interfaces.
  for (const i of [0, 1]) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
