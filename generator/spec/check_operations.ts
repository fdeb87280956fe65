/**
 * Checks of operations and multicast groups.
 *
 * @module
 */

import type { SpecChecker } from "./check.ts";
import { type NodePath, quote } from "./diagnostics.ts";
import type { SpecMessage, SpecOperation } from "./types.ts";

const MODES = ["do", "dump"] as const;
const DIRECTIONS = ["request", "reply"] as const;

/** Checks the operations and the groups of a spec. */
export function checkOperations(checker: SpecChecker): void {
  const { spec } = checker;
  const groups = spec["mcast-groups"]?.list ?? [];
  checker.unique(["mcast-groups", "list"], "multicast group", groups.map(({ name }) => name));
  for (const [i, group] of groups.entries()) {
    const node = ["mcast-groups", "list", i];
    // A group without a number is one that nobody can join; nftables has such a one.
    if (group.value !== undefined) {
      checker.inRange([...node, "value"], BigInt(group.value), 1n, (1n << 31n) - 1n);
    }
  }
  checkHeader(checker, ["operations"], spec.operations["fixed-header"]);
  const operations = spec.operations.list;
  const names = operations.map(({ name }) => name);
  checker.unique(["operations", "list"], "operation", names);
  checker.distinctIdentifiers(["operations", "list"], "operation", names);
  const byName = new Map(operations.map((operation) => [operation.name, operation]));
  const groupNames = new Set(groups.map(({ name }) => name));
  for (const [i, operation] of operations.entries()) {
    const node = ["operations", "list", i];
    checkHeader(checker, node, operation["fixed-header"]);
    checkKind(checker, node, operation, byName);
    checkMessages(checker, node, operation);
    if (operation.mcgrp !== undefined) {
      checker.known([...node, "mcgrp"], "multicast group", operation.mcgrp, groupNames);
    }
  }
  if (spec.operations["enum-model"] === "directional") checkDirectionalIds(checker);
  else checkUnifiedIds(checker);
}

function checkHeader(checker: SpecChecker, node: NodePath, name: string | undefined): void {
  if (name !== undefined) checker.known([...node, "fixed-header"], "struct", name, checker.structs);
}

/** An operation asks, or tells what another one would, or tells something of its own. */
function checkKind(
  checker: SpecChecker,
  node: NodePath,
  operation: SpecOperation,
  byName: ReadonlyMap<string, SpecOperation>,
): void {
  if (operation.notify !== undefined) {
    checker.meaningless(node, operation, ["do", "dump", "event"], "beside notify");
    if (checker.known([...node, "notify"], "operation", operation.notify, byName)) {
      const source = byName.get(operation.notify)!;
      if (source.do?.reply === undefined && source.dump?.reply === undefined) {
        const expected = "an operation with a reply";
        checker.add([...node, "notify"], `the operation ${quote(source.name)} has no reply`, { expected });
      }
    }
  } else if (operation.event !== undefined) {
    checker.meaningless(node, operation, ["do", "dump"], "beside event");
  } else {
    const asks = operation.do !== undefined || operation.dump !== undefined;
    if (asks) checker.meaningless(node, operation, ["mcgrp"], "without notify or event");
  }
  for (const mode of MODES) {
    const exchange = operation[mode];
    if (exchange !== undefined && exchange.request === undefined && exchange.reply === undefined) {
      const hooks = exchange.pre !== undefined || exchange.post !== undefined;
      if (hooks) {
        checker.add([...node, mode], `${mode} with hooks and no message`, { expected: "request or reply" });
      }
    }
  }
}

function checkMessages(checker: SpecChecker, node: NodePath, operation: SpecOperation): void {
  const messages: [NodePath, SpecMessage][] = [];
  for (const mode of MODES) {
    for (const direction of DIRECTIONS) {
      const message = operation[mode]?.[direction];
      if (message) messages.push([[...node, mode, direction], message]);
    }
  }
  if (operation.event) messages.push([[...node, "event"], operation.event]);
  const name = operation["attribute-set"];
  const known = name !== undefined &&
    checker.known([...node, "attribute-set"], "attribute set", name, checker.sets);
  for (const [at, { attributes = [] }] of messages) {
    if (name === undefined && attributes.length > 0) {
      checker.add(node, `the operation ${quote(operation.name)} has attributes and no attribute set`);
      return;
    }
    if (!known) continue;
    const list = [...at, "attributes"];
    // An attribute that is mentioned twice is harmless; conntrack does it.
    for (const [i, attribute] of attributes.entries()) {
      checker.known([...list, i], "attribute", attribute, checker.attributes.get(name)!, name);
    }
  }
}

/** The largest id of a message: a byte of the generic netlink header, or the type of the netlink header. */
function largestId(checker: SpecChecker): bigint {
  return checker.spec.protocol === "netlink-raw" ? 65535n : 255n;
}

/** One counter for all operations: no two may share an id. */
function checkUnifiedIds(checker: SpecChecker): void {
  const first = new Map<bigint, string>();
  let id = 0n;
  for (const [i, operation] of checker.spec.operations.list.entries()) {
    const node = ["operations", "list", i];
    for (const mode of MODES) {
      for (const direction of DIRECTIONS) {
        const message = operation[mode]?.[direction];
        if (message) {
          const reason = "where requests and replies share their ids";
          checker.meaningless([...node, mode, direction], message, ["value"], reason);
        }
      }
    }
    id = operation.value === undefined ? id + 1n : BigInt(operation.value);
    const at = [...node, ...(operation.value === undefined ? [] : ["value"])];
    if (!checker.inRange(at, id, 0n, largestId(checker))) return;
    const other = first.get(id);
    if (other !== undefined) {
      checker.add(at, `the operations ${quote(other)} and ${quote(operation.name)} both have the id ${id}`);
    }
    first.set(id, operation.name);
  }
}

/** Requests and replies count apart; replies of several operations do share ids in the kernel. */
function checkDirectionalIds(checker: SpecChecker): void {
  const first = new Map<bigint, string>();
  let [requestId, replyId] = [0n, 0n];
  for (const [i, operation] of checker.spec.operations.list.entries()) {
    const node = ["operations", "list", i];
    const mode = operation.do === undefined ? "dump" : "do";
    const exchange = operation[mode];
    const told = operation.notify !== undefined || operation.event !== undefined;
    if (exchange === undefined && !told) {
      // A reserved id, in both directions.
      requestId = operation.value === undefined ? requestId + 1n : BigInt(operation.value);
      replyId = operation.value === undefined ? replyId + 1n : BigInt(operation.value);
      continue;
    }
    if (exchange?.request !== undefined) {
      const value = exchange.request.value ?? operation.value;
      requestId = value === undefined ? requestId + 1n : BigInt(value);
      const at = [...node, ...(exchange.request.value === undefined ? [] : [mode, "request", "value"])];
      if (!checker.inRange(at, requestId, 0n, largestId(checker))) return;
      const other = first.get(requestId);
      if (other !== undefined) {
        checker.add(
          at,
          `the requests ${quote(other)} and ${quote(operation.name)} both have the id ${requestId}`,
        );
      }
      first.set(requestId, operation.name);
    }
    if (told || exchange?.reply !== undefined) {
      const value = exchange?.reply?.value ?? operation.value;
      replyId = value === undefined ? replyId + 1n : BigInt(value);
      const at = [...node, ...(exchange?.reply?.value === undefined ? [] : [mode, "reply", "value"])];
      if (!checker.inRange(at, replyId, 0n, largestId(checker))) return;
    }
  }
}
