/** From the key exchange to the application secrets, alike on both sides (RFC 8446 section 7.1). @module */
import { refuse } from "./alerts.ts";
import { equal, wipe } from "./bytes.ts";
import { finishedMac } from "./hkdf.ts";
import { KeySchedule } from "./key_schedule.ts";
import { logSecret } from "./keylog.ts";
import { RecordProtection } from "./record.ts";
import { type Role, SessionState } from "./state.ts";
import type { CipherSuite } from "./suites.ts";
import { Traffic } from "./traffic.ts";
import type { Transcript } from "./transcript.ts";

/** The secrets of one handshake. */
export class HandshakeKeys {
  readonly #suite: CipherSuite;
  readonly #transcript: Transcript;
  readonly #schedule: KeySchedule;
  readonly #log: (label: Parameters<typeof logSecret>[1], secret: Uint8Array) => void;
  readonly #traffic: { readonly client: Uint8Array; readonly server: Uint8Array };
  #application: { client: Uint8Array; server: Uint8Array } | undefined;

  /** Derives the handshake secrets from a transcript that ends with ServerHello. The shared secret is wiped. */
  constructor(
    suite: CipherSuite,
    transcript: Transcript,
    psk: Uint8Array | undefined,
    sharedSecret: Uint8Array,
    keyLog: ((line: string) => void) | undefined,
    clientRandom: Uint8Array,
  ) {
    this.#suite = suite;
    this.#transcript = transcript;
    this.#log = (label, secret) => logSecret(keyLog, label, clientRandom, secret);
    this.#schedule = new KeySchedule(suite.hash, psk);
    this.#schedule.advance(sharedSecret);
    wipe(sharedSecret);
    const hash = transcript.current();
    this.#traffic = {
      client: this.#schedule.derive("c hs traffic", hash),
      server: this.#schedule.derive("s hs traffic", hash),
    };
    this.#log("CLIENT_HANDSHAKE_TRAFFIC_SECRET", this.#traffic.client);
    this.#log("SERVER_HANDSHAKE_TRAFFIC_SECRET", this.#traffic.server);
  }

  /** Protection of one side's handshake records. */
  protection(writer: Role): RecordProtection {
    return new RecordProtection(this.#suite, this.#traffic[writer]);
  }

  /** The verify_data of one side's Finished, over the transcript as it is. */
  finished(sender: Role): Uint8Array {
    return finishedMac(this.#suite.hash, this.#traffic[sender], this.#transcript.current());
  }

  /** Checks the peer's Finished in constant time. */
  checkFinished(sender: Role, verifyData: Uint8Array): void {
    if (verifyData.length !== this.#suite.hash.length) refuse("decodeError", "Finished has a wrong length");
    if (!equal(this.finished(sender), verifyData)) refuse("decryptError", "Finished is wrong");
  }

  /** Derives the application secrets from a transcript that ends with the server's Finished. */
  deriveApplication(): void {
    this.#schedule.advance();
    const hash = this.#transcript.current();
    this.#application = {
      client: this.#schedule.derive("c ap traffic", hash),
      server: this.#schedule.derive("s ap traffic", hash),
    };
    this.#schedule.destroy();
    this.#log("CLIENT_TRAFFIC_SECRET_0", this.#application.client);
    this.#log("SERVER_TRAFFIC_SECRET_0", this.#application.server);
  }

  /** Hands the application secrets over. */
  session(role: Role, peerRecordSizeLimit: number): SessionState {
    const { client, server } = this.#application!;
    this.#application = undefined;
    const [own, peers] = role === "client" ? [client, server] : [server, client];
    const traffic = { send: new Traffic(this.#suite, own), receive: new Traffic(this.#suite, peers) };
    return new SessionState(role, this.#suite, peerRecordSizeLimit, traffic);
  }

  /** Wipes what is left. */
  destroy(): void {
    this.#schedule.destroy();
    wipe(this.#traffic.client, this.#traffic.server, this.#application?.client, this.#application?.server);
  }
}
