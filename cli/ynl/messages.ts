/** Requests in the words of the spec, and what comes back. @module */
import { type Client, open, type OpenOptions } from "../../runtime/netlink/mod.ts";
import {
  fromSpecJson,
  type Operation,
  type SpecJson,
  type SpecObject,
  toSpecJson,
} from "../../runtime/wire/mod.ts";
import { Failure } from "../failure.ts";
import { type LoadedFamily, operationWith, type UntypedClient } from "../family.ts";
import type { CallOptions } from "../../runtime/netlink/mod.ts";

/** A family that is open, spoken to in JSON. */
export class Conversation implements AsyncDisposable {
  readonly #loaded: LoadedFamily;
  readonly #client: UntypedClient;

  private constructor(loaded: LoadedFamily, client: UntypedClient) {
    this.#loaded = loaded;
    this.#client = client;
  }

  /** Opens a family. */
  static async open(loaded: LoadedFamily, options: OpenOptions): Promise<Conversation> {
    return new Conversation(loaded, await open(loaded.family, options) as unknown as UntypedClient);
  }

  /** The client below. */
  get client(): UntypedClient {
    return this.#client;
  }

  /** A request as the client takes it. */
  #request(operation: Operation, json: SpecObject): object {
    return fromSpecJson(this.#loaded.meta, this.#meta(operation.name), json);
  }

  #meta(name: string): { set?: string; header?: string } {
    return this.#loaded.meta.operations[name] ?? {};
  }

  /** A message of an operation or event in the words of the spec. */
  spoken(name: string, message: object): SpecObject {
    return toSpecJson(this.#loaded.meta, this.#meta(name), message);
  }

  /** Makes a request: nothing, the reply, or a list of several. */
  async do(name: string, json: SpecObject, options: CallOptions): Promise<SpecJson> {
    const [method, operation] = operationWith(this.#loaded, name, "do");
    const replies = await this.#client[method]!.multi(this.#request(operation, json), options);
    const spoken = replies.map((reply) => this.spoken(name, reply));
    return spoken.length > 1 ? spoken : spoken[0] ?? null;
  }

  /** Reads a whole list. */
  async dump(name: string, json: SpecObject): Promise<SpecObject[]> {
    const [method, operation] = operationWith(this.#loaded, name, "dump");
    const messages = await this.#client[method]!.dump(this.#request(operation, json)).all();
    return messages.map((message) => this.spoken(name, message));
  }

  /** Reads a list message by message. */
  async *stream(name: string, json: SpecObject): AsyncGenerator<SpecObject, void, undefined> {
    const [method, operation] = operationWith(this.#loaded, name, "dump");
    for await (const message of this.#client[method]!.dump(this.#request(operation, json))) {
      yield this.spoken(name, message);
    }
  }

  /**
   * Makes requests in order. Between `batch-begin` and `batch-end` they are a transaction: the client sends these two
   * messages itself.
   */
  async multi(
    requests: readonly (readonly [string, SpecObject])[],
    options: CallOptions,
  ): Promise<SpecJson[]> {
    const [first, last] = [requests[0], requests.at(-1)];
    const bracketed = first?.[0] === "batch-begin" && last?.[0] === "batch-end";
    if (!bracketed) {
      const replies: SpecJson[] = [];
      for (const [name, json] of requests) replies.push(await this.do(name, json, options));
      return replies;
    }
    for (const [name, json] of [first, last]) {
      const unusual = Object.keys(json).find((key) => !["nfgen-family", "version", "res-id"].includes(key));
      if (unusual !== undefined || Number(json["res-id"] ?? 10) !== 10) {
        throw new Failure(`${name}: only {"res-id": 10} can be sent`);
      }
    }
    const inner = requests.slice(1, -1).map(([name, json]) => {
      const [method, operation] = operationWith(this.#loaded, name, "do");
      return [method, this.#request(operation, json)] as const;
    });
    const client = this.#client as unknown as Client<
      Record<string, { do: { request: unknown; reply: unknown } }>
    >;
    await client.batch((batch) => {
      for (const [method, request] of inner) void batch[method]!(request as never, options);
    });
    return requests.map(() => null);
  }

  /** Closes the sockets. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

/** Name of an attribute that the spec does not know, at any depth. */
export function unknownAttribute(json: SpecJson): string | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  for (const [name, value] of Object.entries(json)) {
    if (!Array.isArray(json) && /^UnknownAttr\(\d+\)$/.test(name)) return name;
    const inside = unknownAttribute(value);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
