/** Operations, events and groups of a spec, resolved. @module */
import type { Spec, SpecOperation } from "../spec/types.ts";
import { found } from "./definitions.ts";
import { messageIds } from "./ids.ts";
import { camelCase } from "./names.ts";
import type { Attribute, AttributeSet, FamilyEvent, Mode, Operation, StructType } from "./types.ts";

/** Resolves what is in `operations.list`; names that only reserve an id are left out. */
export function resolveOperations(
  spec: Spec,
  sets: readonly AttributeSet[],
  structs: readonly StructType[],
): { operations: Operation[]; events: FamilyEvent[] } {
  const { list, "fixed-header": familyHeader } = spec.operations;

  const setOf = (operation: SpecOperation): AttributeSet | undefined => {
    const of = operation["attribute-set"] === undefined && operation.notify !== undefined
      ? found(list.find(({ name }) => name === operation.notify), `operation ${operation.notify}`)
      : operation;
    const name = of["attribute-set"];
    return name === undefined
      ? undefined
      : found(sets.find((set) => set.name === name), `attribute set ${name}`);
  };
  const pick = (set: AttributeSet | undefined, names: readonly string[] = []): Attribute[] =>
    names.map((name) =>
      found(set?.attributes.find((attribute) => attribute.name === name), `attribute ${name}`)
    );
  const common = (operation: SpecOperation) => {
    const set = setOf(operation);
    const headerName = operation["fixed-header"] ?? familyHeader;
    return {
      ...(set === undefined ? {} : { set }),
      ...(headerName === undefined
        ? {}
        : { header: found(structs.find(({ name }) => name === headerName), `struct ${headerName}`) }),
      ...(operation.doc === undefined ? {} : { doc: operation.doc }),
    };
  };

  const operations: Operation[] = [];
  const events: FamilyEvent[] = [];
  for (const { operation, request, reply } of messageIds(spec.operations)) {
    const base = common(operation);
    if (operation.notify !== undefined || operation.event !== undefined) {
      events.push({
        name: operation.name,
        id: found(reply, `id of ${operation.name}`),
        ...(operation.event?.attributes === undefined
          ? {}
          : { attributes: pick(base.set, operation.event.attributes) }),
        ...base,
        ...(operation.mcgrp === undefined ? {} : { group: operation.mcgrp }),
      });
    } else if (operation.do !== undefined || operation.dump !== undefined) {
      const mode = (key: "do" | "dump"): { [key: string]: Mode } => {
        const of = operation[key];
        if (of === undefined) return {};
        return {
          [key]: {
            request: pick(base.set, of.request?.attributes),
            ...(of.reply === undefined ? {} : { reply: pick(base.set, of.reply.attributes) }),
          },
        };
      };
      operations.push({
        name: operation.name,
        key: camelCase(operation.name),
        request: found(request, `id of ${operation.name}`),
        ...(reply === undefined || !(operation.do?.reply ?? operation.dump?.reply) ? {} : { reply }),
        ...base,
        ...mode("do"),
        ...mode("dump"),
        ...(operation.flags?.[0] === undefined ? {} : { permission: operation.flags[0] }),
      });
    }
  }
  return { operations, events };
}
