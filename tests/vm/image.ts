/** The guest's disk and kernel, built from Debian packages and kept for the next run. */
import { fetchArchives } from "./packages.ts";
import * as recipe from "./recipe.ts";
import { call, makeDisk, requireTools, sizeOf } from "./tools.ts";

/** What to build. */
export interface ImageOptions {
  /** Which of Debian's kernels. */
  kernel: recipe.KernelChoice;
  /** With the kernel's C agent, from sid. */
  oracle: boolean;
  /** Build it anew, to have Debian's newest. */
  refresh: boolean;
}

/** What a virtual machine starts from. */
export interface Image {
  /** The compressed kernel. */
  kernel: string;
  /** The root file system, ext4. */
  root: string;
  /** The kernel's version. */
  version: string;
}

/** Tells of progress. */
export type Progress = (line: string) => void;

const UNUSED_FOR = 14 * 24 * 3600_000;

/**
 * Gives the image of this recipe; builds it if it is not in the cache, some 15 s with an idle machine and mirror.
 * Throws `UnavailableError` if a program or the mirror is missing.
 */
export async function image(options: ImageOptions, cache: string, progress: Progress): Promise<Image> {
  await Deno.mkdir(`${cache}/images`, { recursive: true });
  using lock = await Deno.open(`${cache}/lock`, { create: true, write: true });
  await lock.lock(true);
  const folder = `${cache}/images/${await key(options)}`;
  if (options.refresh || !isComplete(folder)) {
    requireTools("apt-get", "apt-cache", "dpkg-deb", "depmod", "mke2fs", "tar");
    const work = await Deno.makeTempDir({ dir: cache, prefix: "build-" });
    try {
      await build(options, cache, work, progress);
      await Deno.remove(folder, { recursive: true }).catch(() => {});
      await Deno.rename(`${work}/image`, folder);
    } finally {
      await Deno.remove(work, { recursive: true });
    }
  }
  await Deno.utime(folder, new Date(), new Date());
  await prune(`${cache}/images`);
  const version = await Deno.readTextFile(`${folder}/version`);
  return { kernel: `${folder}/vmlinuz`, root: `${folder}/root.ext4`, version };
}

function isComplete(folder: string): boolean {
  try {
    return Deno.statSync(`${folder}/version`).isFile;
  } catch {
    return false;
  }
}

/** Stands for all that the image is made of, but for the versions that the archive has at the time. */
async function key({ kernel, oracle }: ImageOptions): Promise<string> {
  const parts = ["image.ts", "recipe.ts", "guest/init"].map((file) =>
    Deno.readTextFileSync(new URL(file, import.meta.url))
  );
  const text = JSON.stringify([...parts, Deno.version.deno]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `${kernel}${oracle ? "-oracle" : ""}-${new Uint8Array(digest).toHex().slice(0, 16)}`;
}

/** Removes images of other recipes that nobody has asked for in two weeks. */
async function prune(images: string): Promise<void> {
  for (const { name } of Deno.readDirSync(images)) {
    const { mtime } = await Deno.stat(`${images}/${name}`);
    if (mtime !== null && Date.now() - mtime.getTime() > UNUSED_FOR) {
      await Deno.remove(`${images}/${name}`, { recursive: true });
    }
  }
}

async function build(options: ImageOptions, cache: string, work: string, progress: Progress): Promise<void> {
  const { kernel, oracle } = options;
  const packages = [...recipe.PACKAGES, ...(oracle ? recipe.ORACLE_PACKAGES : [])];
  const state = `${cache}/apt-${kernel}${oracle ? "-oracle" : ""}`;
  progress(`image: fetching ${packages.length} packages and what they depend on`);
  const archives = await fetchArchives(packages, kernel, oracle, state);

  progress(`image: unpacking ${archives.userland.length} packages and Linux ${archives.version}`);
  const root = `${work}/root`, image = `${work}/image`;
  await Deno.mkdir(image);
  await unpackUserland(archives.userland, root);
  await configure(root);
  await installKernel(archives.kernel, archives.version, root, work);
  await Deno.rename(`${work}/vmlinuz`, `${image}/vmlinuz`);

  const size = Math.ceil(sizeOf(root) / 2 ** 20 * 1.2) + 64;
  progress(`image: writing ${size} MiB`);
  await makeDisk(root, `${image}/root.ext4`, size);
  await Deno.writeTextFile(`${image}/version`, archives.version);
}

const unpack = (archive: string, folder: string) => call("dpkg-deb", ["-x", archive, folder], ".");

async function unpackUserland(archives: readonly string[], root: string): Promise<void> {
  const name = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const isBase = (path: string) => name(path).startsWith("base-files_");
  // It has the links from /bin to /usr/bin, which must be there before what goes into them.
  for (const archive of archives.filter(isBase)) await unpack(archive, root);
  const rest = archives.filter((path) => !isBase(path) && !recipe.UNUSED.test(name(path)));
  const worker = async () => {
    for (let archive = rest.pop(); archive !== undefined; archive = rest.pop()) await unpack(archive, root);
  };
  await Promise.all([worker(), worker()]);
  for (const folder of recipe.UNREAD) {
    await Deno.remove(`${root}/${folder}`, { recursive: true }).catch(() => {});
  }
}

/** Does what maintainer scripts would have done, as far as it is needed. */
async function configure(root: string): Promise<void> {
  for (const file of ["passwd", "group"]) {
    await Deno.copyFile(`${root}/usr/share/base-passwd/${file}.master`, `${root}/etc/${file}`);
  }
  const append = { append: true };
  await Deno.writeTextFile(
    `${root}/etc/passwd`,
    "statd:x:102:65534::/var/lib/nfs:/usr/sbin/nologin\n",
    append,
  );
  await Deno.writeTextFile(`${root}/etc/hostname`, "tynl\n");
  await Deno.writeTextFile(`${root}/etc/hosts`, "127.0.0.1 localhost tynl\n::1 localhost\n");
  for (const folder of ["proc", "sys", "dev", "run", "tmp", "mnt", "root", "payload", "export"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  await link("mawk", `${root}/usr/bin/awk`);
  for (const program of recipe.BUSYBOX) await link("busybox", `${root}/usr/bin/${program}`);
  // Files that are set-user-id would be so for who built this, and mount would find that it is not run by root.
  await dropSetUserId(`${root}/usr/bin`);
  await dropSetUserId(`${root}/usr/sbin`);
  await Deno.copyFile(Deno.execPath(), `${root}/usr/bin/deno`);
  await Deno.copyFile(new URL("guest/init", import.meta.url), `${root}/init`);
  for (const program of ["usr/bin/deno", "init"]) await Deno.chmod(`${root}/${program}`, 0o755);
}

async function link(target: string, path: string): Promise<void> {
  await Deno.symlink(target, path).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
}

async function dropSetUserId(folder: string): Promise<void> {
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    const { mode } = await Deno.lstat(`${folder}/${name}`);
    if (isFile && (mode! & 0o6000) !== 0) await Deno.chmod(`${folder}/${name}`, mode! & 0o777);
  }
}

async function installKernel(archives: string[], version: string, root: string, work: string): Promise<void> {
  const tree = `${work}/kernel`;
  for (const archive of archives) await unpack(archive, tree);
  const modules = `usr/lib/modules/${version}`;
  // Stable's kernel is /boot/vmlinuz-VERSION and has its modules in /lib, a backport has both in /usr/lib/modules.
  const isFile = (path: string) => Deno.stat(path).then((info) => info.isFile, () => false);
  const [compressed, folder] = await isFile(`${tree}/${modules}/vmlinuz`)
    ? [`${tree}/${modules}/vmlinuz`, `${tree}/${modules}`]
    : [`${tree}/boot/vmlinuz-${version}`, `${tree}/${modules}`];
  await Deno.rename(compressed, `${work}/vmlinuz`);
  await Deno.mkdir(`${root}/usr/lib/modules`, { recursive: true });
  await Deno.rename(folder, `${root}/${modules}`);
  await call("depmod", ["-b", root, version], ".");
}
