/** The first part of the demo: the handshake family, from its spec to bytes and back. @module */
import { type GeneratedFile, generateFamily, readSpec } from "../generator/mod.ts";
import {
  annotateMessage,
  decodePayload,
  encodeMessage,
  type Family,
  formatHex,
  GENL_HDRLEN,
  Messages,
  type Operation,
  Writer,
} from "../runtime/wire/mod.ts";
// The types are those of the committed code, which is the same text.
import type { Accept, Done, HandshakeOperations } from "../generated/handshake/mod.ts";
import type { Input } from "../runtime/wire/mod.ts";
import { heading, wrap } from "./table.ts";

type Handshake = Family<HandshakeOperations>;
type Module = typeof import("../generated/handshake/mod.ts");

const SPEC = "specs/handshake.yaml";
/** Any number will do where no kernel is asked: real ones are given out when a family is registered. */
const FAMILY_ID = 32;

/** Generates the family, and shows its two operations in use. */
export async function showHandshake(): Promise<void> {
  const bytes = Deno.readFileSync(new URL(`../${SPEC}`, import.meta.url));
  const started = performance.now();
  const { file, diagnostics } = readSpec(SPEC, bytes);
  if (file === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  const wire = new URL("../runtime/wire/mod.ts", import.meta.url).href;
  const files = generateFamily(file, { wire });
  const elapsed = performance.now() - started;

  console.log(heading(`${SPEC}, generated into memory`).trimStart());
  for (const { path, text } of files) {
    console.log(`  ${path.padEnd(24)}${`${text.length}`.padStart(6)} bytes`);
  }
  console.log(`  in ${elapsed.toFixed(0)} ms, and imported from there`);

  const { handshake, MsgType, Auth, KeyUpdateType } = await load(files);
  const { accept, done } = handshake.operations;

  const question: Input<Accept> = { handlerClass: 1 };
  await show("An agent asks for work", "request", handshake, accept, question, 5);
  const job: Input<Accept> = {
    sockfd: 7,
    messageType: MsgType.clienthello,
    timeout: 10_000,
    authMode: Auth.x509,
    certificate: [{ cert: 0x1b3f01aa, privkey: 0x2c10ff3b }],
    peername: "target.example",
  };
  await show("The kernel gives it: a handshake as TLS client", "reply", handshake, accept, job, 0);
  const report: Input<Done> = { status: 0, sockfd: 7, remoteAuth: [0x0a42c0de], sessionId: 1 };
  await show("The agent reports success", "request", handshake, done, report, 5);
  const update: Input<Accept> = {
    sockfd: 8,
    messageType: MsgType.clientkeyupdate,
    keyUpdateRequest: KeyUpdateType.received,
    sessionId: 1,
  };
  await show("Later: the peer sent a KeyUpdate on that session", "reply", handshake, accept, update, 0);
}

/** Imports generated code from memory. */
async function load(files: readonly GeneratedFile[]): Promise<Module> {
  const urls: string[] = [];
  const urlOf = (name: string, replacements: Record<string, string> = {}): string => {
    let text = files.find(({ path }) => path.endsWith(`/${name}`))?.text ?? "";
    for (const [from, to] of Object.entries(replacements)) text = text.replaceAll(`"${from}"`, `"${to}"`);
    const url = URL.createObjectURL(new Blob([text], { type: "application/typescript" }));
    urls.push(url);
    return url;
  };
  const messages = urlOf("messages.ts");
  const module = await import(urlOf("mod.ts", { "./messages.ts": messages, "./meta.ts": urlOf("meta.ts") }));
  // The module for names is imported when it is first asked for; after that the memory can go.
  await (module as Module).handshake.meta();
  for (const url of urls) URL.revokeObjectURL(url);
  return module as Module;
}

/** Encodes a message, shows its bytes, and decodes it again. */
async function show(
  title: string,
  direction: "request" | "reply",
  family: Handshake,
  operation: Operation,
  value: Input<Accept> | Input<Done>,
  flags: number,
): Promise<void> {
  const writer = new Writer();
  encodeMessage(writer, operation, value, {
    type: FAMILY_ID,
    flags,
    sequence: 1,
    genl: { command: operation.request, version: family.version },
  });
  const bytes = writer.result();
  console.log(heading(`${title} (${family.name} ${operation.name}, ${direction})`));
  console.log(`  The object:\n${inLines(value)}\n\n  Encoded:\n`);
  const annotations = annotateMessage(
    { bytes, protocol: family.protocol, format: operation },
    await family.meta(),
  );
  for (const { start, end, depth, label, value } of annotations) {
    const field = `${"  ".repeat(depth)}${label} ${value}`.trimEnd();
    for (let at = start; at < end; at += 8) {
      const hex = formatHex(bytes, at, Math.min(at + 8, end), " ");
      console.log(`  ${`${at}`.padStart(3)}  ${hex.padEnd(23)}  ${at === start ? field : ""}`.trimEnd());
    }
  }
  const messages = new Messages(bytes);
  messages.next();
  messages.reader.position += GENL_HDRLEN;
  console.log(`\n  Decoded again:\n${inLines(decodePayload(messages.reader, messages.end, operation))}`);
}

/** A value as source text, in indented lines. */
function inLines(value: unknown): string {
  const text = Deno.inspect(value, { breakLength: Infinity, compact: true, colors: false });
  return wrap(text.replaceAll("\n", "").split(/ +/), "    ");
}
