/** What a process takes of the machine, as proc_pid_status(5) and proc_pid_fd(5) tell. @module */

/** Bytes of memory that this process has resident (VmRSS). */
export function residentBytes(): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/self/status"))!;
  return 1024 * Number(kilobytes);
}

/**
 * What the descriptors of this process stand for, but for Unix sockets: Deno opens a pair of those for itself some time
 * after it started.
 */
export function openDescriptors(): Map<number, string> {
  const folder = "/proc/self/fd";
  const links = new Map<number, string>();
  for (const { name } of Deno.readDirSync(folder)) {
    try {
      links.set(Number(name), Deno.readLinkSync(`${folder}/${name}`));
    } catch {
      // That of the folder itself is closed by now.
    }
  }
  // Read after the descriptors, so that it has all of theirs.
  const unix = new Set(Deno.readTextFileSync("/proc/net/unix").split(/\s+/));
  for (const [fd, link] of links) {
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined && unix.has(inode)) links.delete(fd);
  }
  return links;
}
