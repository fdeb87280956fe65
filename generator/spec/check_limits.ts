/**
 * Checks of the limits that the kernel enforces on an attribute.
 *
 * @module
 */

import type { SpecChecker } from "./check.ts";
import { rangeOf } from "./constants.ts";
import type { NodePath } from "./diagnostics.ts";
import type { SpecAttribute, SpecChecks } from "./types.ts";

/** The largest payload of an attribute: its 16-bit length counts the four bytes of its header. */
const MAX_PAYLOAD = 65531n;

/** Checks the `checks` of an attribute. */
export function checkLimits(
  checker: SpecChecker,
  node: NodePath,
  attribute: SpecAttribute,
  checks: SpecChecks,
): void {
  const { type } = attribute;
  const range = rangeOf(type ?? "");
  if (range !== undefined) {
    checker.meaningless(node, checks, ["min-len", "max-len", "exact-len", "unterminated-ok"], `for ${type}`);
    checkOrder(checker, node, checks, "min", "max", range.min, range.max);
    checkFlagsMask(checker, node, checks, type!);
    return;
  }
  checker.meaningless(node, checks, ["min", "max", "flags-mask"], `for ${type}`);
  if (type === "string" || type === "binary" || type === "nest" || type === "indexed-array") {
    if (type !== "string") checker.meaningless(node, checks, ["unterminated-ok"], `for ${type}`);
    if (checks["exact-len"] !== undefined) {
      checker.meaningless(node, checks, ["min-len", "max-len"], "beside exact-len");
    }
    checkOrder(checker, node, checks, "min-len", "max-len", 0n, MAX_PAYLOAD);
    checkOrder(checker, node, checks, "exact-len", "exact-len", 0n, MAX_PAYLOAD);
  } else {
    checker.meaningless(node, checks, ["min-len", "max-len", "exact-len", "unterminated-ok"], `for ${type}`);
  }
}

function checkOrder(
  checker: SpecChecker,
  node: NodePath,
  checks: SpecChecks,
  low: "min" | "min-len" | "exact-len",
  high: "max" | "max-len" | "exact-len",
  least: bigint,
  most: bigint,
): void {
  const limits = new Map<string, bigint>();
  for (const key of new Set([low, high])) {
    const reference = checks[key];
    if (reference === undefined) continue;
    const limit = checker.number([...node, key], reference);
    if (limit !== undefined && checker.inRange([...node, key], limit, least, most)) limits.set(key, limit);
  }
  const [min, max] = [limits.get(low), limits.get(high)];
  if (min !== undefined && max !== undefined && min > max) {
    checker.add([...node, low], `${low} ${min} is more than ${high} ${max}`);
  }
}

function checkFlagsMask(checker: SpecChecker, node: NodePath, checks: SpecChecks, type: string): void {
  const mask = checks["flags-mask"];
  if (mask === undefined) return;
  if (!type.startsWith("u")) checker.meaningless(node, checks, ["flags-mask"], `for ${type}`);
  else checker.known([...node, "flags-mask"], "flags", mask, checker.enums);
}
