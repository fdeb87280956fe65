/**
 * A KeyUpdate on a connection that the kernel protects (RFC 8446 section 4.6.3), which leaves the stored session and
 * the kernel in step wherever it is cut off.
 *
 * The kernel is asked first which keys it has. The stored session is then the same, or one step behind, because it is
 * stored after each step. A key to receive with that no record has come under yet cannot have been changed by the
 * peer: the request is one that was served before, and its report was lost. Before a KeyUpdate of ours is sent, the
 * number of the record that will carry it is stored, and where in the stream that begins. If just one record has been
 * sent since, and is as long as a KeyUpdate, it is that: no consumer sends five bytes (the shortest PDU of NVMe/TCP has
 * 8, of RPC 28). Otherwise none was sent, or the consumer has gone on under the old key behind it, which no peer bears
 * and nothing mends; so it is sent.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { installNextKeys, wipeKeys } from "../ktls/mod.ts";
import type { Direction, SessionState, TrafficKeys } from "../tls/mod.ts";
import { Errno, RequestError } from "./errno.ts";
import type { HandedSocket } from "./handed_socket.ts";
import type { RecordLayer } from "./record_layer.ts";
import type { SessionRecord } from "./session_record.ts";

/** What is to be done. */
export interface RekeyWork {
  /** The peer has changed its keys. */
  readonly receive: boolean;
  /** We are to change ours. */
  readonly send: boolean;
}

/** KeyUpdate(update_not_requested), RFC 8446 section 4.6.3. */
const keyUpdate = Uint8Array.of(24, 0, 0, 1, 0);
/** Bytes of a record that carries it: header, content, content type, and the tag, as long in every suite. */
const keyUpdateRecord = BigInt(5 + keyUpdate.length + 1 + 16);

/** Steps that the kernel may be ahead of what is stored. */
const mostSteps = 1;

/** What the kernel was found to have. */
interface Found {
  /** Steps that the stored state was behind. */
  readonly steps: number;
  /** The number of the next record. */
  readonly sequence: bigint;
}

function sequenceOf({ sequence }: TrafficKeys): bigint {
  return new DataView(sequence.buffer, sequence.byteOffset, 8).getBigUint64(0);
}

/** Whether a state's key of one direction is that one. */
function hasKey(state: SessionState, direction: Direction, key: Uint8Array): boolean {
  const keys = state.trafficKeys(direction);
  try {
    return keys.key.length === key.length && timingSafeEqual(keys.key, key);
  } finally {
    wipeKeys(keys);
  }
}

/** Rekeys one connection. */
export class Rekey {
  readonly #records: RecordLayer;
  readonly #socket: HandedSocket;
  readonly #session: SessionRecord;
  readonly #store: (session: SessionRecord) => void;

  /** `store` is called after every step, and must have kept the session when it returns. */
  constructor(
    records: RecordLayer,
    socket: HandedSocket,
    session: SessionRecord,
    store: (session: SessionRecord) => void,
  ) {
    this.#records = records;
    this.#socket = socket;
    this.#session = session;
    this.#store = store;
  }

  /**
   * Does what is asked for; true if the kernel had it all already. Throws a {@linkcode RequestError}, and what the
   * record layer and the socket throw.
   */
  async run(work: RekeyWork): Promise<boolean> {
    const session = this.#session;
    const received = this.#catchUp("receive");
    const finished = this.#settleSending(this.#catchUp("send"));
    const repeated = work.receive && this.#receive(work, received);
    // What an earlier run began is what this request is about, unless it came of a KeyUpdate before.
    if (work.send && !work.receive) session.owed = !finished;
    if (!session.owed) return repeated;
    await this.#send();
    return false;
  }

  /** Brings the state to where the kernel is. Undefined if the kernel does not tell. */
  #catchUp(direction: Direction): Found | undefined {
    const keys = this.#records.current(this.#socket.fd, direction);
    if (keys === undefined) return undefined;
    const { state } = this.#session;
    try {
      for (let steps = 0; steps <= mostSteps; steps++) {
        if (hasKey(state, direction, keys.key)) return { steps, sequence: sequenceOf(keys) };
        if (steps < mostSteps) state.advance(direction);
      }
    } finally {
      wipeKeys(keys);
    }
    throw new RequestError(
      Errno.EKEYREJECTED,
      `the kernel's keys to ${direction} with are not of this session`,
    );
  }

  /** Installs the next key to receive with, unless it is there; true if it was. */
  #receive(work: RekeyWork, found: Found | undefined): boolean {
    const session = this.#session;
    const repeated = found?.sequence === 0n;
    if (!repeated) this.#install("receive");
    if (!repeated || found.steps > 0) {
      // One KeyUpdate of ours answers however many of the peer (RFC 8446 section 4.6.3).
      session.owed ||= work.send;
      this.#store(session);
    }
    return repeated;
  }

  /** Finishes the KeyUpdate of ours that an earlier run began; true if it was sent. */
  #settleSending(found: Found | undefined): boolean {
    const { sending } = this.#session;
    if (sending === undefined) return false;
    if ((found?.steps ?? 0) === 0) {
      const records = (found?.sequence ?? 0n) - sending.sequence;
      const sent = records === 1n && this.#socket.written - sending.written === keyUpdateRecord;
      // It is still owed, and so sent now.
      if (!sent) return false;
      this.#install("send");
    }
    this.#sent();
    return true;
  }

  async #send(): Promise<void> {
    const { fd } = this.#socket;
    const session = this.#session;
    // The consumer may send while this one waits for room: then what was planned does not hold any more.
    do {
      // Nothing of the consumer's may be left that would come before it: neither a record that is still open, nor one
      // that TCP had no room for.
      do await this.#socket.room(); while (!this.#records.flush(fd));
      const keys = this.#records.current(fd, "send");
      if (keys !== undefined) {
        session.sending = { sequence: sequenceOf(keys), written: this.#socket.written };
        wipeKeys(keys);
        this.#store(session);
      }
    } while (!this.#records.sendHandshake(fd, keyUpdate));
    this.#install("send");
    this.#sent();
  }

  #sent(): void {
    this.#session.sending = undefined;
    this.#session.owed = false;
    this.#store(this.#session);
  }

  /** Sets the next keys of a direction. If the kernel refuses them, the state stays as it was. */
  #install(direction: Direction): void {
    const { fd } = this.#socket;
    installNextKeys(this.#session.state, direction, (keys) => this.#records.rekey(fd, direction, keys));
  }
}
