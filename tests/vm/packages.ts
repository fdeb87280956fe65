/** Packages of Debian with all that they depend on, fetched beside what apt keeps for this machine. Needs no root. */
import { UnavailableError } from "../../cli/debian.ts";
import { KERNEL_PACKAGE, KERNEL_SUITES, type KernelChoice, ORACLE_FROM_SID, SUITE } from "./recipe.ts";
import { call } from "./tools.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DOWNLOAD_LIMIT = 900_000;

/** Archives of packages that were fetched. */
export interface Archives {
  /** What an image's files come from. */
  userland: string[];
  /** The kernel's own packages. */
  kernel: string[];
  /** The kernel's version, such as `7.3.4+deb13-cloud-amd64`. */
  version: string;
}

/**
 * Fetches a kernel, and packages with all that they depend on. What is in the folder from before is not fetched again.
 * Throws {@linkcode UnavailableError}.
 */
export async function fetchArchives(
  packages: readonly string[],
  kernel: KernelChoice,
  oracle: boolean,
  state: string,
): Promise<Archives> {
  await prepare(kernel, oracle, state);
  const apt = (tool: "apt-get" | "apt-cache", ...args: string[]) =>
    call(tool, ["-c", `${state}/apt.conf`, ...args], state, DOWNLOAD_LIMIT);
  await apt("apt-get", "-q", "update");
  await apt("apt-get", "-q", "autoclean");
  await apt("apt-get", "-q", "-y", "--download-only", "install", ...packages);
  const archives = archivesIn(`${state}/cache/archives`);
  // Archives of other recipes may be there too.
  const plan = await apt("apt-get", "-q", "--simulate", "install", ...packages);
  const userland = [...plan.matchAll(/^Inst (\S+) \((\S+)/gm)].map(([, name, version]) => {
    const start = `/${name}_${version!.replaceAll(":", "%3a")}_`;
    const archive = archives.find((path) => path.includes(start));
    if (archive === undefined) throw new UnavailableError(`apt-get left no ${name} ${version}`);
    return archive;
  });

  const version = /Depends: linux-image-(\S+)/.exec(await apt("apt-cache", "depends", KERNEL_PACKAGE))?.[1];
  if (version === undefined) {
    throw new UnavailableError(`${KERNEL_PACKAGE} depends on no linux-image-VERSION`);
  }
  // Since 6.19 or so the files of linux-image-VERSION are in packages of their own.
  const wanted = ["image", "binary", "modules", "base"].map((part) => `linux-${part}-${version}`);
  const known = new Set((await apt("apt-cache", "pkgnames", "linux-")).split("\n"));
  await apt("apt-get", "-q", "download", ...wanted.filter((name) => known.has(name)));
  const kernels = archivesIn(state);
  const isNewest = (path: string) => path.includes(`-${version}_`);
  await Promise.all(kernels.filter((path) => !isNewest(path)).map((path) => Deno.remove(path)));
  return { userland, kernel: kernels.filter(isNewest), version };
}

function archivesIn(folder: string): string[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  return names.filter((name) => name.endsWith(".deb")).sort().map((name) => `${folder}/${name}`);
}

async function prepare(kernel: KernelChoice, oracle: boolean, state: string): Promise<void> {
  if (!exists(KEYRING)) {
    throw new UnavailableError(
      `${KERNEL_PACKAGE}: ${KEYRING} missing: apt-get install debian-archive-keyring`,
    );
  }
  for (const folder of ["lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(`${state}/${folder}`, { recursive: true });
  }
  const targets = await call("apt-get", ["indextargets", "--format", "$(REPO_URI)"], state);
  const mirror = targets.split("\n").find((uri) => /\/debian\/?$/.test(uri));
  if (mirror === undefined) throw new UnavailableError("apt on this machine knows no Debian mirror");
  const suites = new Set([SUITE, KERNEL_SUITES[kernel], ...(oracle ? ["sid"] : [])]);
  const source = (suite: string) => `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`;
  await Deno.writeTextFile(`${state}/sources.list`, [...suites].map(source).join(""));
  await Deno.writeTextFile(`${state}/preferences`, preferences(kernel));
  await Deno.writeTextFile(`${state}/apt.conf`, configuration(state));
  // As if nothing were installed, so that everything that is needed is fetched.
  await Deno.writeTextFile(`${state}/status`, "");
}

function preferences(kernel: KernelChoice): string {
  const pin = (packages: string, suite: string, priority: number) =>
    `Package: ${packages}\nPin: release n=${suite}\nPin-Priority: ${priority}\n\n`;
  return [
    pin("*", SUITE, 900),
    pin("*", "sid", 100),
    pin(ORACLE_FROM_SID, "sid", 950),
    pin(KERNEL_PACKAGE, KERNEL_SUITES[kernel], 960),
  ].join("");
}

/** Keeps apt away from the machine's lists, caches, pins and hooks; its proxy stays in force. */
function configuration(state: string): string {
  return `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::SourceList "${state}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "${state}/preferences";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "${state}";
Dir::State::Lists "${state}/lists";
Dir::State::Status "${state}/status";
Dir::Cache "${state}/cache";
Dir::Log "${state}";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Keep-Downloaded-Packages "true";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "5";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Debug::NoLocking "true";
`;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
