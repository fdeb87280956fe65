/** Message ids of a family's operations. @module */
import type { SpecOperation, SpecOperations } from "../spec/types.ts";

/** An operation with the ids of its messages. */
export interface NumberedOperation {
  /** The operation as the spec has it. */
  operation: SpecOperation;
  /** Id of the request; absent where only the kernel sends. */
  request?: number;
  /** Id of what the kernel sends; absent where it only acknowledges. */
  reply?: number;
}

/** The ids of all operations, in the order of the list. */
export function messageIds({ list, "enum-model": model }: SpecOperations): NumberedOperation[] {
  return model === "directional" ? directionalIds(list) : unifiedIds(list);
}

/** One counter for all; a `value` sets it. */
function unifiedIds(list: readonly SpecOperation[]): NumberedOperation[] {
  let next = 1;
  return list.map((operation) => {
    const id = operation.value ?? next;
    next = id + 1;
    return { operation, request: id, reply: id };
  });
}

/** One counter for requests, one for what the kernel sends: replies, notifications and events. */
function directionalIds(list: readonly SpecOperation[]): NumberedOperation[] {
  let request = 1;
  let reply = 1;
  return list.map((operation) => {
    const mode = operation.do ?? operation.dump;
    if (mode === undefined) {
      reply = operation.value ?? reply;
      return { operation, reply: reply++ };
    }
    // Zero means "not given", as in ynl: no message has it.
    request = mode.request?.value || request;
    reply = mode.reply?.value || reply;
    return { operation, request: request++, ...(mode.reply === undefined ? {} : { reply: reply++ }) };
  });
}
