/** `--dbg-small-recv`: tells what is received, into a buffer of a chosen size. @module */
import type { Connector } from "../../runtime/netlink/mod.ts";
import { LibcTransport } from "../../runtime/netlink/socket.ts";
import { Messages } from "../../runtime/wire/mod.ts";
import type { Io } from "../io.ts";

/** The running kernel; each datagram from it is told on standard error. */
export function tellingKernel(readSize: number, io: Io): Connector {
  class TellingTransport extends LibcTransport {
    override receive(): number {
      const length = super.receive();
      if (length < 0) return length;
      const lines: string[] = [];
      const messages = new Messages(this.buffer, length);
      while (messages.next()) {
        const { start, end, type, flags, sequence } = messages;
        lines.push(
          `  length ${end - start}, type ${type}, flags 0x${flags.toString(16)}, sequence ${sequence}`,
        );
      }
      io.err(`received ${length} bytes, ${lines.length} messages`);
      for (const line of lines) io.err(line);
      return length;
    }
  }
  return { connect: (protocol, options) => new TellingTransport(protocol, { readSize }, options) };
}
