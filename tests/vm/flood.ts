/**
 * Floods of the queue between the kernel and its agents, for scripts of the machine:
 *
 *   flood.ts connections COUNT PORT   opens so many connections to a port, which the listener's agent has to serve, and
 *                                     holds them until a line or the end of the input comes
 *   flood.ts events COUNT             sends so many READY events to the group of agents, as only root may
 */
import { HandlerClass, handshake } from "../../generated/handshake/mod.ts";
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { open } from "../../mod.ts";
import { checked, sockets } from "../../runtime/posix/mod.ts";

async function connections(count: number, port: number): Promise<void> {
  const open: Deno.TcpConn[] = [];
  for (let i = 0; i < count; i++) open.push(await Deno.connect({ hostname: "127.0.0.1", port }));
  console.log(`${count} connections are open`);
  await Deno.stdin.read(new Uint8Array(1));
  for (const connection of open) connection.close();
}

/** Number of the group that agents are in, and of the family. */
async function tlshdGroup(): Promise<{ readonly family: number; readonly group: number }> {
  await using control = await open(nlctrl);
  const { familyId, mcastGroups = [] } = await control.getfamily({ familyName: handshake.name });
  return { family: familyId!, group: mcastGroups.find(({ name }) => name === "tlshd")!.id! };
}

/** READY with its attribute, as include/uapi/linux/handshake.h has them. */
function ready(family: number): Uint8Array<ArrayBuffer> {
  const event = new Uint8Array(28);
  const view = new DataView(event.buffer);
  view.setUint32(0, event.length, true);
  view.setUint16(4, family, true);
  event.set([1, 1], 16); // HANDSHAKE_CMD_READY, version 1
  view.setUint16(20, 8, true);
  view.setUint16(22, 2, true); // HANDSHAKE_A_ACCEPT_HANDLER_CLASS
  view.setUint32(24, HandlerClass.tlshd, true);
  return event;
}

async function events(count: number): Promise<void> {
  const { family, group } = await tlshdGroup();
  const calls = sockets();
  const fd = checked("socket", calls.socket(16, 3, 16)); // AF_NETLINK, SOCK_RAW, NETLINK_GENERIC
  // struct sockaddr_nl: family, pad, port 0 for the kernel, groups as bits.
  const address = new Uint8Array(12);
  new DataView(address.buffer).setUint16(0, 16, true);
  new DataView(address.buffer).setUint32(8, 2 ** (group - 1), true);
  checked("connect", calls.connect(fd, address, address.length));
  const event = ready(family);
  // The kernel takes them as requests, too, and refuses those: nobody reads what it says of it.
  for (let i = 0; i < count; i++) calls.send(fd, event, event.length, 0x40);
  calls.close(fd);
  console.log(`${count} events are sent`);
}

const [what, count, port] = Deno.args;
if (what === "connections") await connections(Number(count), Number(port));
else await events(Number(count));
