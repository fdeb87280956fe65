// What the help says, what the code takes, and what README says: the same.
import assert from "node:assert/strict";
import { Node, Project, type SourceFile, SyntaxKind } from "ts-morph";
import { helpText, subcommandNames } from "../../cli/main.ts";
import { tynl } from "./tynl.ts";

const root = new URL("../../", import.meta.url);
const readme = Deno.readTextFileSync(new URL("README.md", root));

/** Options that a text tells of. */
function optionsIn(text: string): Set<string> {
  return new Set([...text.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, name]) => name!));
}

/** Names of the options in an object literal, with those that it takes over from other literals of the file. */
function keysOf(node: Node | undefined, file: SourceFile): string[] {
  const literal = node?.asKind(SyntaxKind.AsExpression)?.getExpression() ?? node;
  if (Node.isIdentifier(literal)) {
    return keysOf(file.getVariableDeclaration(literal.getText())?.getInitializer(), file);
  }
  if (!Node.isObjectLiteralExpression(literal)) return [];
  return literal.getProperties().flatMap((property) => {
    if (Node.isSpreadAssignment(property)) return keysOf(property.getExpression(), file);
    return Node.isPropertyAssignment(property) ? [property.getName().replaceAll('"', "")] : [];
  });
}

/** The options that each file of the command gives to parseArgs: for each file, for each call. */
function optionsInCode(): Map<string, string[][]> {
  const project = new Project({ skipFileDependencyResolution: true });
  const calls = new Map<string, string[][]>();
  for (const file of project.addSourceFilesAtPaths(`${root.pathname}cli/*.ts`)) {
    for (const call of file.getDescendantsOfKind(SyntaxKind.CallExpression)) {
      if (call.getExpression().getText() !== "parseArgs") continue;
      const options = call.getArguments()[0]?.asKindOrThrow(SyntaxKind.ObjectLiteralExpression)
        .getPropertyOrThrow("options").asKindOrThrow(SyntaxKind.PropertyAssignment).getInitializer();
      const name = file.getBaseNameWithoutExtension();
      calls.set(name, [...calls.get(name) ?? [], keysOf(options, file)]);
    }
  }
  return calls;
}

/** Which call of parseArgs belongs to a subcommand. */
function callOf(subcommand: string): [file: string, call: number] {
  if (subcommand === "do" || subcommand === "dump") return ["request", subcommand === "do" ? 0 : 1];
  return [subcommand.replaceAll("-", "_"), 0];
}

const inCode = optionsInCode();

for (const name of subcommandNames()) {
  Deno.test(`the help of ${name} tells of every option, and of none that is not there`, async () => {
    const { code, stdout, stderr } = await tynl(name, "--help");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^Usage: tynl ${name}\\b`));
    // The options of ynl stand in a table that its help is made of; tests of its own compare them.
    if (name === "ynl") return;
    const [file, call] = callOf(name);
    const own = inCode.get(file)?.[call];
    assert(own !== undefined && own.length > 0, `no options found in cli/${file}.ts`);
    // Lines of options alone: texts tell of other programs' options too.
    const told = stdout.split("\n").filter((line) => /^ {2}-/.test(line))
      .map((line) => line.trim().split(/ {2,}/)[0]!).join(" ");
    assert.deepEqual([...optionsIn(told)].sort(), [...own].sort());
  });

  Deno.test(`an option that ${name} does not have ends it with 2 and one line`, async () => {
    const { code, stdout, stderr } = await tynl(name, "--no-such-option");
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, new RegExp(`^tynl ${name}: [^\\n]*--no-such-option[^\\n]*\\n$`));
  });
}

Deno.test("README shows the list of subcommands as the command does", async () => {
  const { code, stdout } = await tynl("--help");
  assert.equal(code, 0);
  assert.equal(stdout, `${helpText()}\n`);
  assert(readme.includes(`\n${stdout}`), "README.md lacks what `tynl --help` prints");
});

Deno.test("every option of README's commands is one that the subcommand has", async () => {
  const shell = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, text]) => text!.split("\n"));
  const lines = shell.map((line) => line.replace(/ {2,}#.*/, "").trim());
  const commands = lines.filter((line) => /^(tynl|deno task [a-z-]+) /.test(line));
  assert(commands.length > 10);
  for (const line of commands) {
    const words = line.replace(/^deno task/, "tynl").split(/\s+/).slice(1);
    const first = words[0]!;
    const name = first.startsWith("--") ? "ynl" : first;
    if (!subcommandNames().includes(name)) continue;
    const { stdout } = await tynl(name, "--help");
    const known = optionsIn(stdout);
    for (const option of optionsIn(words.join(" "))) assert(known.has(option), `${line}: --${option}`);
  }
  const unknown = commands.filter((line) =>
    /^tynl /.test(line) && !line.startsWith("tynl --") && !subcommandNames().includes(line.split(" ")[1]!)
  );
  assert.deepEqual(unknown, []);
});

Deno.test("a subcommand that is not there ends with 2 and one line that suggests another", async () => {
  const { code, stdout, stderr } = await tynl("mointor");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.equal(stderr, 'tynl: there is no subcommand "mointor"; did you mean "monitor"?\n');
});
