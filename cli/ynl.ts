/**
 * `tynl ynl`: the options of the kernel's own `ynl` command, and what it prints for them.
 *
 * @module
 */
import type { Connector, OpenOptions } from "../runtime/netlink/mod.ts";
import type { SpecJson } from "../runtime/wire/mod.ts";
import { Failure, guarded } from "./failure.ts";
import { familyNames, type LoadedFamily, loadFamily } from "./family.ts";
import { follow } from "./follow.ts";
import { type Io, standardIo } from "./io.ts";
import { formatJson, parseMessage, prettyJson } from "./json.ts";
// Not loaded when it is needed, as others are: one graph of modules is loaded faster than two.
import { Conversation, unknownAttribute } from "./ynl/messages.ts";
import { parseYnl, ynlHelp, type YnlOptions } from "./ynl/options.ts";
import { lazily } from "./lazy.ts";

/** Runs the command; the result is its exit status. */
export async function ynl(args: string[], io: Io = standardIo()): Promise<number> {
  // Where the kernel's command ends with a stack trace, as for an operation that is not there, its status is 1.
  return await guarded("tynl ynl", io, () => run(parseYnl(args), io), 1);
}

async function run(options: YnlOptions, io: Io): Promise<number> {
  if (options.help) io.out(ynlHelp());
  else if (options.listFamilies) { for (const name of familyNames()) io.out(name); }
  else if (options.validate || options.schema !== undefined) {
    const faults = await validate(options);
    for (const fault of faults) io.out(fault);
    if (faults.length > 0) return 1;
    if (!options.validate) await act(options, io);
  } else await act(options, io);
  return 0;
}

async function act(options: YnlOptions, io: Io): Promise<void> {
  if (options.listMsgs || options.listAttrs !== undefined) await describe(options, io);
  else {
    const loaded = options.spec === undefined
      ? await loadFamily(options.family!)
      : await (await lazily<typeof import("./spec_source.ts")>("./spec_source.ts")).loadSpec(
        options.spec,
        options.errata,
      );
    if (options.listOps) listOperations(loaded, io);
    else if (options.policy) await showPolicies(loaded, options, io);
    else await talk(loaded, options, io);
  }
}

/** Faults of the spec, a line each. */
async function validate({ family, spec, schema, errata }: YnlOptions): Promise<string[]> {
  const source = await lazily<typeof import("./spec_source.ts")>("./spec_source.ts");
  try {
    const name = spec === undefined ? (await loadFamily(family!)).spec : undefined;
    if (name === undefined) await source.userSpec(spec!, errata);
    else await source.packageSpec(name);
    if (schema === undefined) return [];
    const bytes = name === undefined ? source.userFile(spec!) : await source.packageSpecBytes(name);
    return await source.schemaFaults(schema, spec ?? `${name}.yaml`, bytes);
  } catch (error) {
    if (error instanceof source.SpecError) return [...error.faults];
    throw error;
  }
}

/** What only the spec itself says. */
async function describe({ family, spec, errata, listAttrs }: YnlOptions, io: Io): Promise<void> {
  const source = await lazily<typeof import("./spec_source.ts")>("./spec_source.ts");
  const file = spec === undefined
    ? await source.packageSpec((await loadFamily(family!)).spec)
    : await source.userSpec(spec, errata);
  const { describeMessage, listMessages } = await lazily<typeof import("./ynl/message_doc.ts")>(
    "./ynl/message_doc.ts",
  );
  const lines = listAttrs === undefined ? listMessages(file.spec) : describeMessage(file.spec, listAttrs);
  for (const line of lines) io.out(line);
}

function listOperations({ family }: LoadedFamily, io: Io): void {
  for (const operation of Object.values(family.operations)) {
    const modes = (["do", "dump"] as const).filter((mode) => operation[mode]);
    io.out(`${operation.name}  [ ${modes.join(", ")} ]`);
  }
}

function print(json: SpecJson, { outputJson, processUnknown }: YnlOptions, io: Io): void {
  const unknown = processUnknown ? undefined : unknownAttribute(json);
  if (unknown !== undefined) throw new Failure(`the spec does not know the attribute ${unknown}`);
  io.out(outputJson ? formatJson(json) : prettyJson(json, io));
}

async function showPolicies(loaded: LoadedFamily, options: YnlOptions, io: Io): Promise<void> {
  const { operationPolicy } = await lazily<typeof import("./kernel_policy.ts")>("./kernel_policy.ts");
  for (const mode of ["do", "dump"] as const) {
    const name = options[mode];
    if (name === undefined) continue;
    print(await operationPolicy(loaded, name, mode, io.transport), options, io);
  }
}

/** Asks the kernel. */
async function talk(loaded: LoadedFamily, options: YnlOptions, io: Io): Promise<void> {
  const request = parseMessage(options.json);
  const requests = options.multi.map(([name, json]) => [name, parseMessage(json)] as const);
  const transport = await connectorOf(options, io);
  const open: OpenOptions = {
    onWarning: ({ family, operation, message, attribute }) =>
      io.err(
        `tynl ynl: warning: ${family} ${operation}: ${message ?? "no words"}${
          attribute === undefined ? "" : ` (attribute ${attribute})`
        }`,
      ),
    ...(transport === undefined ? {} : { transport }),
  };
  await using conversation = await Conversation.open(loaded, open);
  // Joined first, so that the effects of the request are heard.
  const events = options.subscribe === undefined
    ? undefined
    : conversation.client.subscribe(options.subscribe);
  if (options.do !== undefined) print(await conversation.do(options.do, request, options.flags), options, io);
  if (options.dump !== undefined) print(await conversation.dump(options.dump, request), options, io);
  if (requests.length > 0) print(await conversation.multi(requests, options.flags), options, io);
  if (events !== undefined) await listen(conversation, events, options, io);
}

async function connectorOf({ smallReceive }: YnlOptions, io: Io): Promise<Connector | undefined> {
  if (smallReceive === undefined || io.transport !== undefined) return io.transport;
  const { tellingKernel } = await lazily<typeof import("./ynl/receive_log.ts")>("./ynl/receive_log.ts");
  return tellingKernel(smallReceive, io);
}

/** Prints events until the time is over or somebody interrupts it. */
async function listen(
  conversation: Conversation,
  events: ReturnType<Conversation["client"]["subscribe"]>,
  options: YnlOptions,
  io: Io,
): Promise<void> {
  await follow(events, options.duration ?? Infinity, (event) => {
    if ("message" in event) {
      const { name, message, nsid } = event;
      const msg = conversation.spoken(name, message as object);
      print({ name, msg, ...(nsid === undefined ? {} : { nsid }) }, options, io);
    } else if (event.name === "overrun") {
      io.err("tynl ynl: warning: the kernel dropped events, since they were not read fast enough");
    } else if (event.name === "malformed") {
      io.err(`tynl ynl: warning: an event cannot be read: ${event.error.message}`);
    } else {
      io.err(`tynl ynl: warning: an event of id ${event.id}, which the spec does not know`);
    }
  });
}
