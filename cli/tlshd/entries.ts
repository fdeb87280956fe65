/** From what the agent tells to lines of the log. docs/operations.md explains each. @module */
import type {
  AgentEvent,
  DecisionEvent,
  HandshakeEvent,
  Outcome,
  RekeyEvent,
} from "../../runtime/handshake/mod.ts";
import { errnoName } from "../../runtime/netlink/mod.ts";
import type { LogLevel } from "./config.ts";
import type { Entry, Field } from "./log.ts";

type Fields = { readonly [name: string]: Field | undefined };

/** Milliseconds with a digit behind the point. */
const rounded = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;

const resultOf = (status: number): string => status === 0 ? "ok" : errnoName(status);

/** What all reports have, the peer first. */
function outcome({ role, peer, status }: Outcome): Fields {
  return { peer: peer ?? "unknown", role, result: resultOf(status) };
}

function ending({ status, reason, hint, duration, reported }: Outcome): Fields {
  return {
    reason: status === 0 ? undefined : reason ?? "unknown",
    hint,
    duration_ms: rounded(duration),
    // What the consumer in the kernel waits for did not reach it.
    reported: reported ? undefined : false,
  };
}

/** A failure that has a hint is one of this machine's configuration. */
function levelOf({ status, hint, reported }: Outcome): LogLevel {
  if (status !== 0 && hint !== undefined) return "error";
  return status === 0 && reported ? "info" : "warning";
}

function handshakeEntry(event: HandshakeEvent): Entry {
  const { auth, suite, group, identity, peerName, remoteAuth, sessionId, alert } = event;
  return {
    level: levelOf(event),
    event: "handshake",
    text: event.status === 0 ? "succeeded" : "failed",
    fields: {
      ...outcome(event),
      auth,
      suite,
      group,
      identity,
      peer_name: peerName,
      alert: alert === undefined ? undefined : `${alert.name}:${alert.fromPeer ? "received" : "sent"}`,
      remote_auth: remoteAuth.length === 0 ? undefined : remoteAuth,
      session: sessionId,
      ...ending(event),
    },
  };
}

function rekeyEntry(event: RekeyEvent): Entry {
  const { request, sessionId, suite, generation, repeated } = event;
  return {
    level: levelOf(event),
    event: "rekey",
    text: event.status === 0 ? "succeeded" : "failed",
    fields: {
      ...outcome(event),
      request,
      suite,
      session: sessionId,
      sent: generation?.send,
      received: generation?.receive,
      repeated: repeated === true ? true : undefined,
      ...ending(event),
    },
  };
}

/** Released kernels hand no KeyUpdates up, and keyrings come and go with their modules: no fault of anybody. */
function decisionLevel({ about, available }: DecisionEvent): LogLevel {
  if (available || about === "key-update" || about === "keyring") return "info";
  return about === "kernel-tls" ? "error" : "warning";
}

/** The line about an event. */
export function entryOf(event: AgentEvent): Entry {
  switch (event.type) {
    case "handshake":
      return handshakeEntry(event);
    case "rekey":
      return rekeyEntry(event);
    case "started":
      return {
        level: "notice",
        event: "started",
        text: "requests are served",
        fields: { suites: event.suites, sessions: event.sessions },
      };
    case "decision":
      return {
        level: decisionLevel(event),
        event: "decision",
        text: event.text,
        fields: { about: event.about, available: event.available },
      };
    case "session-removed":
      return {
        level: "debug",
        event: "session-removed",
        fields: { session: event.sessionId, reason: event.reason },
      };
    case "session-lost":
      return {
        level: "warning",
        event: "session-lost",
        text: "a session was not kept: the connection cannot be rekeyed",
        fields: { peer: event.peer ?? "unknown", reason: event.reason },
      };
    case "fault":
      return {
        level: "error",
        event: "fault",
        text: event.error.message,
        fields: { during: event.during },
      };
    case "reloaded":
      return { level: "notice", event: "reloaded", text: "the configuration is in force" };
    case "draining":
      return {
        level: "notice",
        event: "draining",
        text: "no more requests are taken",
        fields: { active: event.active },
      };
    case "stopped":
      return { level: "notice", event: "stopped" };
  }
}
