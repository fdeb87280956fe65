/** Telling what happens, and counting it. @module */
import { errnoName } from "../netlink/mod.ts";
import type { AgentEvent, AgentStatus, DecisionEvent } from "./types.ts";

/** Passes events on, and keeps the counters of {@linkcode AgentStatus}. */
export class Journal {
  readonly #onEvent: ((event: AgentEvent) => void) | undefined;
  readonly #decided = new Map<string, boolean>();
  readonly #failures = new Map<string, number>();
  #handshakes = 0;
  #rekeys = 0;
  #unreported = 0;
  /** Requests that were accepted. */
  accepted = 0;

  /** `onEvent` is called with each event. */
  constructor(onEvent: ((event: AgentEvent) => void) | undefined) {
    this.#onEvent = onEvent;
  }

  /** Tells an event; a listener that throws must not harm a handshake. */
  tell(event: AgentEvent): void {
    if (event.type === "handshake" || event.type === "rekey") this.#count(event);
    try {
      this.#onEvent?.(event);
    } catch {
      // The listener's own affair.
    }
  }

  #count(event: AgentEvent & { readonly status: number; readonly reported: boolean }): void {
    if (!event.reported) this.#unreported++;
    if (event.status !== 0) {
      const code = errnoName(event.status);
      this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
    } else if (event.type === "handshake") this.#handshakes++;
    else this.#rekeys++;
  }

  /** Tells a decision, unless the same was told before. `subject` tells decisions about several things apart. */
  decide(about: DecisionEvent["about"], available: boolean, text: string, subject = ""): void {
    const key = `${about} ${subject}`;
    if (this.#decided.get(key) === available) return;
    this.#decided.set(key, available);
    this.tell({ type: "decision", about, available, text, ...subject === "" ? {} : { subject } });
  }

  /** What was decided about something. */
  decided(about: DecisionEvent["about"]): boolean | undefined {
    return this.#decided.get(`${about} `);
  }

  /** The counters. */
  counts(): Pick<AgentStatus, "accepted" | "handshakes" | "rekeys" | "failures" | "unreported"> {
    return {
      accepted: this.accepted,
      handshakes: this.#handshakes,
      rekeys: this.#rekeys,
      failures: Object.fromEntries(this.#failures),
      unreported: this.#unreported,
    };
  }
}
