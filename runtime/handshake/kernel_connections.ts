/**
 * The running kernel's TCP connections, by sock_diag(7).
 *
 * Sockets that the kernel opened for itself without a hold on their network namespace end untold (`sk_net_refcnt` in
 * net/core/sock.c): for them there is the list alone.
 *
 * @module
 */
import {
  inetDiag,
  type InetDiagEvents,
  type InetDiagMsg,
  type InetDiagReqV2,
  TcpStates,
} from "../../generated/inet-diag/mod.ts";
import { NetlinkError, open, type OpenOptions } from "../netlink/mod.ts";
import type { Connections } from "./connections.ts";

const AF_INET = 2, AF_INET6 = 10, IPPROTO_TCP = 6, ENOENT = 2;
/** Every state but those of sockets that nobody can use any more, or yet. */
const states = TcpStates.established | TcpStates.synSent | TcpStates.synRecv | TcpStates.finWait1 |
  TcpStates.finWait2 | TcpStates.close | TcpStates.closeWait | TcpStates.lastAck | TcpStates.listen |
  TcpStates.closing | TcpStates.boundInactive;
/** `idiag_timer` of what is left of a socket in TIME_WAIT, also where it shows FIN_WAIT2 as its state. */
const timeWaitTimer = 3;
/** Both halves of a cookie in a request that is about all sockets. */
const anyCookie = 0xffff_ffff;
/** Bytes that the kernel may keep of events: some thousand sockets may end at once. */
const receiveBuffer = 1 << 20;

function cookieOf({ id }: InetDiagMsg): bigint {
  return BigInt(id.cookieHigh) << 32n | BigInt(id.cookieLow);
}

function everything(family: number): InetDiagReqV2 {
  const address = new Uint8Array(16);
  const id = {
    sport: 0,
    dport: 0,
    src: address,
    dst: address,
    if: 0,
    cookieLow: anyCookie,
    cookieHigh: anyCookie,
  };
  return { family, protocol: IPPROTO_TCP, ext: 0, states, id };
}

/** TCP connections of the running kernel, IPv4 and IPv6, in one network namespace. */
export function kernelConnections(options: Pick<OpenOptions, "transport" | "netns"> = {}): Connections {
  return {
    async list() {
      await using client = await open(inetDiag, options);
      const cookies = new Set<bigint>();
      for (const family of [AF_INET, AF_INET6]) {
        try {
          const sockets = client.sockDiagByFamily.dump({ header: everything(family) });
          // The kernel answers with what the spec has as an event.
          for (const { header } of await sockets.all() as InetDiagEvents["sock-destroyed"][]) {
            if (header.timer !== timeWaitTimer) cookies.add(cookieOf(header));
          }
        } catch (error) {
          // A kernel without IPv6 has no such sockets.
          if (!(family === AF_INET6 && error instanceof NetlinkError && error.errno === ENOENT)) throw error;
        }
      }
      return cookies;
    },
    async watch(ended, lost, signal) {
      if (signal.aborted) return;
      await using client = await open(inetDiag, options);
      const events = client.subscribe(["sknlgrp-inet-tcp-destroy", "sknlgrp-inet6-tcp-destroy"], {
        receiveBuffer,
      });
      const stop = () => events.close();
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      else lost();
      try {
        for await (const event of events) {
          if (event.name === "sock-destroyed") ended(cookieOf(event.message.header));
          else lost();
        }
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
  };
}
