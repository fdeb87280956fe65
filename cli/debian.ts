/**
 * Packages of Debian's trixie-backports, through the machine's own mirror and proxy, without touching what apt keeps.
 * Needs no root.
 *
 * @module
 */

const SUITE = "trixie-backports";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const ATTEMPTS = 3;
const UPDATE_LIMIT = 120_000;
const DOWNLOAD_LIMIT = 600_000;

/** Something from outside cannot be had here: a program, a mirror, a package. */
export class UnavailableError extends Error {
  /** Always `UnavailableError`. */
  override name = "UnavailableError";
}

/**
 * Downloads packages into an empty folder, and gives the path of each one's archive. A name may end with `=VERSION`,
 * in which `*` stands for anything. Throws {@linkcode UnavailableError}.
 */
export async function fetchPackages(names: readonly string[], state: string): Promise<string[]> {
  const mirrors = debianMirrors();
  if (mirrors.length === 0) throw new UnavailableError("apt on this machine knows no Debian mirror");
  if (!exists(KEYRING)) throw new UnavailableError(`${KEYRING} is missing (package debian-archive-keyring)`);

  let reason: unknown;
  for (const mirror of mirrors) {
    try {
      return await fetchFrom(mirror, names, state);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      reason = error;
    }
  }
  throw reason;
}

async function fetchFrom(mirror: string, names: readonly string[], state: string): Promise<string[]> {
  for (const folder of ["lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(`${state}/${folder}`, { recursive: true });
  }
  await Deno.writeTextFile(`${state}/sources.list`, `deb [signed-by=${KEYRING}] ${mirror} ${SUITE} main\n`);
  await Deno.writeTextFile(`${state}/apt.conf`, aptConfiguration(state));

  const apt = (args: string[], limit: number) =>
    withRetries(() => run("apt-get", ["-c", `${state}/apt.conf`, ...args], state, limit));
  await apt(["update"], UPDATE_LIMIT);
  await apt(["download", ...names], DOWNLOAD_LIMIT);

  return names.map((wanted) => {
    const [name] = wanted.split("=");
    const archive = [...Deno.readDirSync(state)].find((entry) => entry.name.startsWith(`${name}_`))?.name;
    if (archive === undefined) throw new UnavailableError(`apt-get download left no ${name}`);
    return `${state}/${archive}`;
  });
}

/** Keeps apt away from the machine's lists, caches, pins and hooks; its proxy stays in force. */
function aptConfiguration(state: string): string {
  return `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::SourceList "${state}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "${state}/lists";
Dir::Cache "${state}/cache";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
`;
}

/** The Debian archives that apt is configured for; third parties and the security archive have no backports. */
function debianMirrors(): string[] {
  const files = ["/etc/apt/sources.list"];
  if (exists("/etc/apt/sources.list.d")) {
    for (const { name } of Deno.readDirSync("/etc/apt/sources.list.d")) {
      if (/\.(list|sources)$/.test(name)) files.push(`/etc/apt/sources.list.d/${name}`);
    }
  }
  const mirrors = new Set<string>();
  for (const file of files.filter(exists)) {
    const text = Deno.readTextFileSync(file).replaceAll(/^\s*#.*$/gm, "");
    const uris = file.endsWith(".sources")
      ? [...text.matchAll(/^URIs:((?:.*\n?)(?:[ \t]+.*\n?)*)/gim)].flatMap((field) =>
        field[1]?.split(/\s+/) ?? []
      )
      : [...text.matchAll(/^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)/gm)].map((line) => line[1] ?? "");
    for (const uri of uris) if (/\/debian(?![-\w])/.test(uri)) mirrors.add(uri);
  }
  return [...mirrors];
}

async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1;; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (n === ATTEMPTS || !(error instanceof UnavailableError)) throw error;
    }
  }
}

/**
 * Runs a program for at most `limit` milliseconds; its output. Throws {@linkcode UnavailableError} with what it
 * complained of.
 */
export async function run(program: string, args: string[], cwd: string, limit: number): Promise<string> {
  const signal = AbortSignal.timeout(limit);
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, { args, cwd, signal, stdin: "null", env: { LC_ALL: "C" } })
      .output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UnavailableError(`${program} is not installed`);
    throw error;
  }
  const call = [program, ...args.filter((arg) => /^[a-z]+$/.test(arg))].join(" ");
  if (signal.aborted) throw new UnavailableError(`${call} took more than ${limit / 1000} s`);
  if (!output.success) {
    const complaints = new TextDecoder().decode(output.stderr).trim().split("\n");
    // Of apt's complaints the first error says most: the last one says that there were errors.
    const complaint = complaints.find((line) => line.startsWith("E: ")) ?? complaints.at(-1);
    throw new UnavailableError(`${call}: ${complaint || `exit status ${output.code}`}`);
  }
  return new TextDecoder().decode(output.stdout);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
