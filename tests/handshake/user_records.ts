/**
 * Kernel TLS in this process, for hosts whose kernel has none: keys by socket, records sealed and opened on the same
 * sockets that the agent is handed. It acts as Linux 7.3 was seen to: a KeyUpdate of the peer stops the reading until
 * there are new keys; new keys start at record number 0; another cipher than before is EINVAL, a second ULP EEXIST.
 */
import type { ArmOptions, RecordLayer, RecordLayerSupport } from "../../runtime/handshake/mod.ts";
import { type KtlsKeys, ktlsSuites, RekeyNeededError, TruncatedRecordError } from "../../runtime/ktls/mod.ts";
import { HEADER, RecordCipher } from "../../runtime/ktls/record_cipher.ts";
import { type Bytes, readable, Socket, sockets, SystemError, writable } from "../../runtime/posix/mod.ts";
import type { CipherSuiteName, Direction, TrafficKeys } from "../../runtime/tls/mod.ts";
import { cookieOf, within } from "./sockets.ts";

const EAGAIN = 11, EEXIST = 17, EINVAL = 22;
const handshake = 22, applicationData = 23, keyUpdate = 24;

type BothKeys = { readonly [direction in Direction]: TrafficKeys };

/** Keys of one direction, and how many records they were used for. */
class Half {
  readonly #keys: KtlsKeys;
  readonly cipher: RecordCipher;
  records = 0n;

  constructor(keys: KtlsKeys) {
    const { suite, key, salt, iv, sequence } = keys;
    this.#keys = { suite, key: key.slice(), salt: salt.slice(), iv: iv.slice(), sequence: sequence.slice() };
    this.cipher = new RecordCipher(keys);
  }

  get suite(): KtlsKeys["suite"] {
    return this.#keys.suite;
  }

  current(): TrafficKeys {
    const { suite, key, salt, iv, sequence } = this.#keys;
    const next = sequence.slice();
    const view = new DataView(next.buffer);
    view.setBigUint64(0, view.getBigUint64(0) + this.records);
    return { suite, key: key.slice(), salt: salt.slice(), iv: iv.slice(), sequence: next };
  }

  seal(type: number, content: Uint8Array): Bytes {
    this.records++;
    return this.cipher.seal(type, content);
  }

  /** Gives the key up, as the kernel does. */
  wipe(): void {
    this.#keys.key.fill(0);
    this.cipher.destroy();
  }
}

/** What the kernel knows of one connection. */
class Connection {
  halves: { [direction in Direction]: Half };
  /** The peer's KeyUpdate waits for new keys. */
  rekeyPending = false;
  /** The record that is being read. */
  pending: Uint8Array = new Uint8Array(0);
  readonly options: ArmOptions;
  /** How often keys were set after the first ones. */
  readonly rekeys: { [direction in Direction]: number } = { send: 0, receive: 0 };

  constructor(keys: BothKeys, options: ArmOptions) {
    this.halves = { send: new Half(keys.send), receive: new Half(keys.receive) };
    this.options = options;
  }
}

/** What a record carried. */
export interface ReceivedRecord {
  /** Its content type. */
  readonly type: number;
  /** Its content. */
  readonly bytes: Uint8Array;
}

/** A connection that was armed, on the consumer's descriptor. */
export class ConsumerEnd {
  readonly #fd: number;
  readonly #connection: Connection;

  constructor(fd: number, connection: Connection) {
    this.#fd = fd;
    this.#connection = connection;
  }

  /** What it was armed with. */
  get options(): ArmOptions {
    return this.#connection.options;
  }

  /** How often each direction had new keys. */
  get rekeys(): { readonly [direction in Direction]: number } {
    return { ...this.#connection.rekeys };
  }

  /** The suite of its keys. */
  get suite(): CipherSuiteName {
    return this.#connection.halves.send.suite;
  }

  /** Sends one record. */
  async send(content: string | Uint8Array, type: number = applicationData): Promise<void> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    let rest: Bytes = this.#connection.halves.send.seal(type, bytes);
    while (rest.length > 0) {
      const count = sockets().send(this.#fd, rest, rest.length, Socket.dontWait | Socket.noSignal);
      if (count >= 0) rest = rest.subarray(count);
      else if (sockets().errno() === EAGAIN) await writable(this.#fd);
      else throw new SystemError("send", sockets().errno());
    }
  }

  /** The next record; undefined at the connection's end. Throws RekeyNeededError while a KeyUpdate waits for keys. */
  async receive(): Promise<ReceivedRecord | undefined> {
    const connection = this.#connection;
    if (connection.rekeyPending) throw new RekeyNeededError();
    if (!await this.#fill(HEADER)) return undefined;
    const length = HEADER + (connection.pending[3]! << 8 | connection.pending[4]!);
    await this.#fill(length);
    const half = connection.halves.receive;
    const record = half.cipher.open(connection.pending);
    half.records++;
    connection.pending = new Uint8Array(0);
    connection.rekeyPending = record.type === handshake && record.bytes[0] === keyUpdate;
    return record;
  }

  async #fill(length: number): Promise<boolean> {
    const connection = this.#connection;
    while (connection.pending.length < length) {
      const bytes = new Uint8Array(length - connection.pending.length);
      const count = sockets().recv(this.#fd, bytes, bytes.length, Socket.dontWait);
      if (count === 0 && connection.pending.length === 0) return false;
      if (count === 0) throw new TruncatedRecordError();
      if (count > 0) {
        const grown = new Uint8Array(connection.pending.length + count);
        grown.set(connection.pending);
        grown.set(bytes.subarray(0, count), connection.pending.length);
        connection.pending = grown;
      } else if (sockets().errno() === EAGAIN) await within("the peer sends a record", readable(this.#fd));
      else throw new SystemError("recv", sockets().errno());
    }
    return true;
  }

  /** Reads data until so many bytes of it have come; other records than data are an error. */
  async text(length: number): Promise<string> {
    let text = "";
    while (text.length < length) {
      const record = await this.receive();
      if (record?.type !== applicationData) {
        throw new Error(
          `${record === undefined ? "the end" : `a record of type ${record.type}`} came, not data`,
        );
      }
      text += new TextDecoder().decode(record.bytes);
    }
    return text;
  }

  /** Reads until a KeyUpdate: whether the peer wants one in return. What is before it must be session tickets. */
  async keyUpdate(): Promise<boolean> {
    for (;;) {
      const record = await this.receive();
      if (record?.type !== handshake) throw new Error("no KeyUpdate came");
      if (record.bytes[0] === keyUpdate) return record.bytes[4] === 1;
    }
  }
}

/** The record layer of a machine. */
export class UserRecords implements RecordLayer {
  readonly #connections = new Map<bigint, Connection>();
  #suites: readonly CipherSuiteName[];
  /** Calls so far, by name. */
  readonly calls: { [name: string]: number } = {};
  /** Is called before and after each step that changes something; may throw, as if the agent had been killed there. */
  onStep: (step: string) => void = () => {};
  /** Whether current keys can be read. */
  tells = true;
  /** How often the next KeyUpdates are told that there is no room to send. */
  full = 0;

  constructor(suites: readonly CipherSuiteName[] = ktlsSuites) {
    this.#suites = suites;
  }

  /** Changes what is there: modules come and go. */
  set suites(suites: readonly CipherSuiteName[]) {
    this.#suites = suites;
  }

  #count(call: string): void {
    this.calls[call] = (this.calls[call] ?? 0) + 1;
  }

  #connection(fd: number): Connection {
    const connection = this.#connections.get(cookieOf(fd));
    if (connection === undefined) throw new SystemError("setsockopt", 92);
    return connection;
  }

  /** The consumer's end of a connection that was armed. */
  of(fd: number): ConsumerEnd {
    return new ConsumerEnd(fd, this.#connection(fd));
  }

  /** Whether a connection was armed. */
  has(fd: number): boolean {
    return this.#connections.has(cookieOf(fd));
  }

  /** Forgets a connection, as the kernel does when it ends. */
  forget(fd: number): void {
    const connection = this.#connections.get(cookieOf(fd));
    connection?.halves.send.wipe();
    connection?.halves.receive.wipe();
    this.#connections.delete(cookieOf(fd));
  }

  support(): RecordLayerSupport {
    this.#count("support");
    return this.#suites.length > 0
      ? { suites: this.#suites }
      : { suites: [], missing: "this kernel has no TLS: modprobe tls" };
  }

  arm(fd: number, keys: BothKeys, options: ArmOptions): void {
    this.onStep("before arm");
    this.#count("arm");
    const cookie = cookieOf(fd);
    if (this.#connections.has(cookie)) throw new SystemError("setsockopt", EEXIST);
    this.#connections.set(cookie, new Connection(keys, options));
    this.onStep("after arm");
  }

  rekey(fd: number, direction: Direction, keys: TrafficKeys): void {
    this.onStep(`before rekey ${direction}`);
    this.#count(`rekey ${direction}`);
    const connection = this.#connection(fd);
    if (keys.suite !== connection.halves[direction].suite) throw new SystemError("setsockopt", EINVAL);
    connection.halves[direction].wipe();
    connection.halves[direction] = new Half(keys);
    connection.rekeys[direction]++;
    if (direction === "receive") connection.rekeyPending = false;
    this.onStep(`after rekey ${direction}`);
  }

  current(fd: number, direction: Direction): TrafficKeys | undefined {
    this.#count("current");
    return this.tells ? this.#connection(fd).halves[direction].current() : undefined;
  }

  flush(): boolean {
    // Every send of a consumer here is a record.
    return true;
  }

  sendHandshake(fd: number, message: Uint8Array): boolean {
    this.onStep("before KeyUpdate");
    this.#count("sendHandshake");
    if (this.full > 0) {
      this.full--;
      return false;
    }
    const record = this.#connection(fd).halves.send.seal(handshake, message);
    const count = sockets().send(fd, record, record.length, Socket.dontWait | Socket.noSignal);
    if (count !== record.length) throw new SystemError("sendmsg", count === -1 ? sockets().errno() : 5);
    this.onStep("after KeyUpdate");
    return true;
  }
}
