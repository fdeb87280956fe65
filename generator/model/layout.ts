/** Where the members of a C struct stand. @module */

/** A member as far as the layout cares. */
export interface Sized {
  offset: number;
  size: number;
}

/** How structs are laid out: as a C compiler does, or without padding as the kernel's Python library does. */
export type Layout = "natural" | "packed";

/**
 * Sets the offset of each member and gives size and alignment of the struct: every member on a multiple of its
 * alignment, the size a multiple of the largest (System V ABI, x86-64 and AArch64 alike).
 *
 * `aligns` holds each member's alignment; a flexible array counts for alignment, not for size.
 */
export function layOut(
  members: readonly (Sized & { flexible: boolean })[],
  aligns: readonly number[],
  layout: Layout,
): { size: number; align: number } {
  const pad = (offset: number, align: number) =>
    layout === "packed" ? offset : Math.ceil(offset / align) * align;
  let offset = 0;
  let widest = 1;
  for (const [i, member] of members.entries()) {
    const align = aligns[i]!;
    widest = Math.max(widest, align);
    offset = pad(offset, align);
    member.offset = offset;
    if (!member.flexible) offset += member.size;
  }
  return { size: pad(offset, widest), align: layout === "packed" ? 1 : widest };
}
