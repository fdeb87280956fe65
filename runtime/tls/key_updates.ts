/** The limits on KeyUpdates (RFC 8446 sections 4.6.3 and 5.5). @module */
import { refuse, TlsStateError } from "./alerts.ts";

/** KeyUpdates without data between them that a peer may send: what BoringSSL allows. */
const consecutiveLimit = 32;
/** KeyUpdates of our own within a second: half of what GnuTLS tolerates. */
const ownPerSecond = 4;

/** Counts KeyUpdates. */
export class KeyUpdates {
  readonly #now: () => number;
  #own: number[] = [];
  /** Whether the peer waits for a KeyUpdate; it comes before our next data, one for however many requests. */
  owed = false;
  /** KeyUpdates of the peer since it last sent data. */
  consecutive = 0;
  /** The generation of the peer's key in which we asked for another one. */
  askedIn: number | undefined;

  /** `now` gives milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts one of the peer. */
  received(requested: boolean): void {
    if (++this.consecutive > consecutiveLimit) {
      refuse("unexpectedMessage", "too many KeyUpdates without data between them");
    }
    if (requested) this.owed = true;
  }

  /** Counts one that our caller wants. */
  initiate(): void {
    const now = this.#now();
    this.#own = this.#own.filter((at) => now - at < 1000);
    if (this.#own.length >= ownPerSecond) {
      throw new TlsStateError(`more than ${ownPerSecond} key updates within a second`);
    }
    this.#own.push(now);
  }
}
