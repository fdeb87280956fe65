/** A TCP connection of this process with itself. @module */
import { checked, Socket, sockets } from "../posix/mod.ts";
import { emptyAddress, portOf, socketAddress } from "./address.ts";

/** Two ends of a TCP connection over 127.0.0.1, both blocking. Throws `SystemError`. */
export function loopbackPair(): [number, number] {
  const calls = sockets();
  const type = Socket.stream | Socket.closeOnExec;
  const listener = checked("socket", calls.socket(Socket.inet, type, 0));
  let client = -1;
  try {
    const any = socketAddress("127.0.0.1", 0)!;
    checked("bind", calls.bind(listener, any, any.length));
    checked("listen", calls.listen(listener, 1));
    const address = socketAddress("127.0.0.1", portAt("getsockname", listener)!)!;
    client = checked("socket", calls.socket(Socket.inet, type, 0));
    checked("connect", calls.connect(client, address, address.length));
    const port = portAt("getsockname", client);
    for (;;) {
      const server = checked("accept4", calls.accept4(listener, null, null, Socket.closeOnExec));
      // Anybody on this machine may have connected first.
      if (portAt("getpeername", server) === port) return [client, server];
      calls.close(server);
    }
  } catch (error) {
    if (client !== -1) calls.close(client);
    throw error;
  } finally {
    calls.close(listener);
  }
}

/** The port of one end; undefined if it is gone already. */
function portAt(call: "getsockname" | "getpeername", fd: number): number | undefined {
  const address = emptyAddress();
  const result = sockets()[call](fd, address, Uint32Array.of(address.length));
  return result === 0 ? portOf(address) : undefined;
}
