/** Which sockets a test has opened. @module */
import type { Sockets } from "../../runtime/posix/mod.ts";

/**
 * The sockets that are opened through these functions from now on, and not closed yet, oldest first. Other tests' are
 * not among them: those run in other threads of this process, with the same descriptors but functions of their own.
 */
export function openedBy(calls: Sockets): ReadonlySet<number> {
  const opened = new Set<number>();
  const { socket, accept4, close } = calls;
  const kept = (fd: number) => {
    if (fd !== -1) opened.add(fd);
    return fd;
  };
  calls.socket = (...args) => kept(socket(...args));
  calls.accept4 = (...args) => kept(accept4(...args));
  calls.close = (fd) => {
    opened.delete(fd);
    return close(fd);
  };
  return opened;
}
