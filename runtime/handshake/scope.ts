/** What an agent's sessions belong to. @module */
import type { NetworkNamespace } from "../netlink/mod.ts";

function inodeOf(netns: NetworkNamespace | undefined): number | null {
  if (typeof netns === "string") return Deno.statSync(netns).ino;
  return Deno.statSync(`/proc/${netns ?? "thread-self"}/ns/net`).ino;
}

/** Name of the keyring for the sessions of a network namespace. */
export function defaultKeyring(netns: NetworkNamespace | undefined): string {
  try {
    return `tynl-sessions:${inodeOf(netns)}`;
  } catch {
    // Without /proc, or without the permission to look at it.
    return "tynl-sessions";
  }
}
