/** The options of `ynl`, with their help. @module */
import type { CallOptions } from "../../runtime/netlink/mod.ts";
import { UsageError } from "../failure.ts";

/** What was asked. */
export interface YnlOptions {
  /** Show the help. */
  help: boolean;
  /** List the families. */
  listFamilies: boolean;
  /** Name of a family. */
  family?: string;
  /** Path of a spec. */
  spec?: string;
  /** Operation to request. */
  do?: string;
  /** Operation to get a list of. */
  dump?: string;
  /** Operations with their messages, to be requested at once. */
  multi: [operation: string, json: string][];
  /** List the operations. */
  listOps: boolean;
  /** List operations, notifications and events. */
  listMsgs: boolean;
  /** Message to list the attributes of. */
  listAttrs?: string;
  /** Check the spec. */
  validate: boolean;
  /** Message to send. */
  json?: string;
  /** Print JSON in one line. */
  outputJson: boolean;
  /** Show policies in place of requests. */
  policy: boolean;
  /** Multicast group to join. */
  subscribe?: string;
  /** How long to listen, in seconds. */
  duration?: number;
  /** Flags of requests. */
  flags: CallOptions;
  /** Path of a JSON schema. */
  schema?: string;
  /** Correct the spec. */
  errata: boolean;
  /** Bytes of the receive buffer; what is received is told. */
  smallReceive?: number;
  /** Print unknown attributes. */
  processUnknown: boolean;
}

interface Option {
  /** Without the dashes; more than one if it has aliases. */
  names: readonly string[];
  /** What follows it, for the help; a last one in brackets may be left out. */
  values?: readonly string[];
  about: string;
  /** Options of one set exclude each other. */
  one?: "source" | "operation";
  set(options: YnlOptions, value: string, second: string): void;
}

/** Length of a receive buffer that the kernel's smallest dumps fit in. */
const SMALL_RECEIVE = 4000;

function integer(name: string, text: string, least: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= least) return number;
  throw new UsageError(
    `--${name} takes a whole number${least > 0 ? ` of at least ${least}` : ""}, not "${text}"`,
  );
}

const GROUPS: readonly (readonly [title: string, options: readonly Option[]])[] = [
  ["Family", [
    {
      names: ["family"],
      values: ["NAME"],
      one: "source",
      about: "a family by the name of its spec",
      set: (o, v) => o.family = v,
    },
    {
      names: ["spec"],
      values: ["FILE"],
      one: "source",
      about: "a family by its spec: any YAML file",
      set: (o, v) => o.spec = v,
    },
    {
      names: ["list-families"],
      one: "source",
      about: "list the families that need no --spec",
      set: (o) => o.listFamilies = true,
    },
  ]],
  ["What to do", [
    {
      names: ["do"],
      values: ["OPERATION"],
      one: "operation",
      about: "make a request",
      set: (o, v) => o.do = v,
    },
    {
      names: ["dump"],
      values: ["OPERATION"],
      one: "operation",
      about: "get a list",
      set: (o, v) => o.dump = v,
    },
    {
      names: ["multi"],
      values: ["OPERATION", "JSON"],
      one: "operation",
      about: "make several requests at once, as nftables wants it; may be repeated",
      set: (o, v, w) => o.multi.push([v, w]),
    },
    { names: ["list-ops"], one: "operation", about: "list operations", set: (o) => o.listOps = true },
    {
      names: ["list-msgs"],
      one: "operation",
      about: "list operations, notifications and events",
      set: (o) => o.listMsgs = true,
    },
    {
      names: ["list-attrs", "doc"],
      values: ["MESSAGE"],
      one: "operation",
      about: "list the attributes of an operation, notification or event",
      set: (o, v) => o.listAttrs = v,
    },
    {
      names: ["validate"],
      one: "operation",
      about: "check the spec, and do nothing else",
      set: (o) => o.validate = true,
    },
    {
      names: ["policy"],
      about: "with --do or --dump: show what the kernel accepts, and ask for nothing",
      set: (o) => o.policy = true,
    },
  ]],
  ["Input and output", [
    {
      names: ["json"],
      values: ["JSON"],
      about: "what to send, in the names of the spec",
      set: (o, v) => o.json = v,
    },
    { names: ["output-json"], about: "print JSON in one line each", set: (o) => o.outputJson = true },
  ]],
  ["Notifications", [
    {
      names: ["subscribe"],
      values: ["GROUP"],
      about: "print the events of a multicast group, after what else was asked",
      set: (o, v) => o.subscribe = v,
    },
    {
      names: ["duration", "sleep"],
      values: ["SECONDS"],
      about: "stop after that time",
      set: (o, v) => o.duration = integer("duration", v, 0),
    },
  ]],
  ["Flags of requests", [
    {
      names: ["replace"],
      about: "replace what is there (NLM_F_REPLACE)",
      set: (o) => o.flags.replace = true,
    },
    { names: ["excl"], about: "fail if it is there (NLM_F_EXCL)", set: (o) => o.flags.exclusive = true },
    {
      names: ["create"],
      about: "create it if it is not there (NLM_F_CREATE)",
      set: (o) => o.flags.create = true,
    },
    { names: ["append"], about: "add it at the end (NLM_F_APPEND)", set: (o) => o.flags.append = true },
  ]],
  ["Specs and faults", [
    {
      names: ["schema"],
      values: ["FILE"],
      about: "check the spec against this JSON schema too",
      set: (o, v) => o.schema = v,
    },
    { names: ["no-schema"], about: "take back --schema", set: (o) => delete o.schema },
    {
      names: ["no-errata"],
      about: "take the spec of --spec as it is, without this package's corrections",
      set: (o) => o.errata = false,
    },
    {
      names: ["dbg-small-recv"],
      values: ["[BYTES]"],
      about: `tell what is received, into a buffer of ${SMALL_RECEIVE} or so many bytes`,
      set: (o, v) => o.smallReceive = integer("dbg-small-recv", v, SMALL_RECEIVE),
    },
    {
      names: ["process-unknown"],
      about: "print attributes that the spec does not know (the default)",
      set: (o) => o.processUnknown = true,
    },
    { names: ["no-process-unknown"], about: "fail if there are any", set: (o) => o.processUnknown = false },
    { names: ["help"], about: "this text", set: (o) => o.help = true },
  ]],
];

const ALL: readonly Option[] = GROUPS.flatMap(([, options]) => options);

/** Names of all options, without the dashes. */
export function optionNames(): string[] {
  return ALL.flatMap(({ names }) => names);
}

/** The help text. */
export function ynlHelp(): string {
  const left = ({ names, values = [] }: Option) =>
    [names.map((name) => `--${name}`).join(", "), ...values].join(" ");
  const width = 28;
  const lines = GROUPS.map(([title, options]) =>
    `${title}:\n${
      options.map((option) => {
        const start = `  ${left(option)}`.padEnd(width);
        return start.length > width
          ? `${start}\n${" ".repeat(width)}${option.about}`
          : `${start}${option.about}`;
      }).join("\n")
    }`
  );
  return `Usage: tynl ynl (--family NAME | --spec FILE | --list-families) [OPTION ...]

Asks a netlink family in the words of its spec: what the kernel's own \`ynl\` command does, with its options. \`tynl\`
alone takes them too.

${lines.join("\n\n")}

Without --output-json, messages are indented JSON. A spec that is not part of this package is turned into code once,
which is kept in XDG_CACHE_HOME (~/.cache). Options may be shortened, as long as it is clear which is meant.

Exit status: 0 done, 1 the kernel refused or a name or value is wrong, 2 an option is wrong.`;
}

function find(text: string): Option {
  const exact = ALL.find(({ names }) => names.includes(text));
  if (exact !== undefined) return exact;
  const near = ALL.filter(({ names }) => names.some((name) => name.startsWith(text)));
  if (near.length === 1 && text !== "") return near[0]!;
  if (near.length === 0 || text === "") {
    throw new UsageError(`there is no option --${text}; \`tynl ynl --help\` lists them`);
  }
  throw new UsageError(`--${text} may be ${near.map(({ names }) => `--${names[0]}`).join(" or ")}`);
}

/** Reads the command line. Throws {@linkcode UsageError}. */
export function parseYnl(args: readonly string[]): YnlOptions {
  const options: YnlOptions = {
    help: false,
    listFamilies: false,
    multi: [],
    listOps: false,
    listMsgs: false,
    validate: false,
    outputJson: false,
    policy: false,
    flags: {},
    errata: true,
    processUnknown: true,
  };
  const chosen = new Map<string, Option>();
  const rest = args.map((arg) => arg === "-h" ? "--help" : arg);
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, name, joined] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) {
      throw new UsageError(`unexpected "${arg}"; \`tynl ynl --help\` tells what may be there`);
    }
    const option = find(name);
    const before = option.one && chosen.get(option.one);
    if (before !== undefined && (before !== option || option.names[0] !== "multi")) {
      const [first, second] = [before, option].map(({ names }) => `--${names[0]}`);
      throw new UsageError(
        first === second ? `${first} was given twice` : `${first} and ${second} exclude each other`,
      );
    }
    if (option.one) chosen.set(option.one, option);
    option.set(options, ...values(option, joined, rest));
  }
  if (!options.help && !chosen.has("source")) {
    throw new UsageError(
      "one of --family, --spec and --list-families is needed; `tynl ynl --help` tells more",
    );
  }
  if (options.policy && options.do === undefined && options.dump === undefined) {
    throw new UsageError("--policy goes with --do or --dump");
  }
  return options;
}

/** Takes an option's values off the command line. */
function values(option: Option, joined: string | undefined, rest: string[]): [string, string] {
  const { names: [name], values: wanted = [] } = option;
  if (joined !== undefined && wanted.length !== 1) {
    throw new UsageError(`--${name} takes ${wanted.length === 0 ? "no value" : "values of their own"}`);
  }
  if (joined !== undefined) return [joined, ""];
  if (wanted[0]?.startsWith("[")) {
    return [/^\d+$/.test(rest[0] ?? "") ? rest.shift()! : String(SMALL_RECEIVE), ""];
  }
  const taken = rest.splice(0, wanted.length);
  if (taken.length < wanted.length || taken.some((value) => value.startsWith("--"))) {
    throw new UsageError(`--${name} takes ${wanted.join(" and ")}`);
  }
  return [taken[0] ?? "", taken[1] ?? ""];
}
