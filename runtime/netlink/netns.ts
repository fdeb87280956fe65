/** Network namespaces: a socket belongs for good to the one that it was made in. @module */
import { checked, libc } from "./libc.ts";
import { SystemError } from "./errors.ts";

/** O_RDONLY | O_CLOEXEC. */
const READ = 0o2000000;
const CLONE_NEWNET = 0x40000000;

/**
 * A network namespace: a path, such as `/run/netns/blue` of ip-netns(8), or the id of a process in it. To enter one
 * needs CAP_SYS_ADMIN, in it and here.
 */
export type NetworkNamespace = string | number;

/**
 * Calls `act` in a network namespace, and comes back whatever it does. This concerns the thread that JavaScript runs
 * on, and nothing else runs there meanwhile. Throws `SystemError`: ENOENT if there is no such namespace, EPERM.
 */
export function inNamespace<T>(namespace: NetworkNamespace, act: () => T): T {
  const { close, setns } = libc();
  const there = openNamespace(typeof namespace === "number" ? `/proc/${namespace}/ns/net` : namespace);
  try {
    const here = openNamespace("/proc/thread-self/ns/net");
    try {
      checked(`setns ${namespace}`, setns(there, CLONE_NEWNET));
      try {
        return act();
      } finally {
        checked("setns", setns(here, CLONE_NEWNET));
      }
    } finally {
      close(here);
    }
  } finally {
    close(there);
  }
}

function openNamespace(path: string): number {
  const { errno, open } = libc();
  const fd = open(new TextEncoder().encode(`${path}\0`), READ);
  if (fd === -1) throw new SystemError(`open ${path}`, errno());
  return fd;
}
