/**
 * Every family twice: the model that the committed specs and errata resolve to, and the code that is committed.
 *
 * @module
 */

import { families } from "../../generated/families.ts";
import { type AttributeSet, type Family, resolveFamily, type StructType } from "../../generator/model/mod.ts";
import type {
  AnyCodec,
  AnyStruct,
  Family as Descriptor,
  FamilyMeta,
  MessageFormat,
} from "../../runtime/wire/mod.ts";
import { correctedSpec, specFile, specNames } from "../uapi/specs.ts";

/** One family. */
export interface Loaded {
  /** Name of the spec file. */
  name: string;
  model: Family;
  descriptor: Descriptor;
  meta: FamilyMeta;
  /** The generated codec of an attribute set. */
  codec(set: AttributeSet): AnyCodec;
  /** The generated codec of a struct. */
  struct(struct: StructType): AnyStruct;
  /** Every operation, notification and event, with its set and header in the model. */
  messages: { name: string; format: MessageFormat; set?: AttributeSet; header?: StructType }[];
}

/** The model of a family, errata applied. */
export function modelOf(name: string): Family {
  return resolveFamily({ ...specFile(name), spec: correctedSpec(name) });
}

async function load(name: string): Promise<Loaded> {
  const model = modelOf(name);
  const descriptor = await families[name]!();
  const module: Record<string, unknown> = await import(`../../generated/${name}/messages.ts`);
  const messages = [...model.operations, ...model.events].map((message) => {
    const format: MessageFormat | undefined = "key" in message
      ? descriptor.operations[message.key]
      : descriptor.events[message.name];
    if (format === undefined) throw new Error(`${name}: ${message.name} is not in the generated descriptor`);
    return {
      name: message.name,
      format,
      ...(message.set === undefined ? {} : { set: message.set }),
      ...(message.header === undefined ? {} : { header: message.header }),
    };
  });
  return {
    name,
    model,
    descriptor,
    meta: await descriptor.meta(),
    codec: ({ variable }) => module[variable] as AnyCodec,
    struct: ({ variable }) => module[variable] as AnyStruct,
    messages,
  };
}

/** All families in the order of their names. */
export const all: readonly Loaded[] = await Promise.all(specNames().map(load));
