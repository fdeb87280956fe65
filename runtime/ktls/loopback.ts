/** A TCP connection of this process with itself. @module */
import { checked, Socket, sockets } from "../posix/mod.ts";

/** Bytes of `struct sockaddr_in`. */
const ADDRESS_SIZE = 16;

/** Two ends of a TCP connection over 127.0.0.1, both blocking. Throws `SystemError`. */
export function loopbackPair(): [number, number] {
  const calls = sockets();
  const type = Socket.stream | Socket.closeOnExec;
  const open: number[] = [];
  const keep = (call: string, fd: number) => {
    open.push(checked(call, fd));
    return fd;
  };
  const address = Uint8Array.of(Socket.inet, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  try {
    const listener = keep("socket", calls.socket(Socket.inet, type, 0));
    checked("bind", calls.bind(listener, address, ADDRESS_SIZE));
    checked("listen", calls.listen(listener, 1));
    checked("getsockname", calls.getsockname(listener, address, Uint32Array.of(ADDRESS_SIZE)));
    const client = keep("socket", calls.socket(Socket.inet, type, 0));
    checked("connect", calls.connect(client, address, ADDRESS_SIZE));
    const server = keep("accept4", calls.accept4(listener, null, null, Socket.closeOnExec));
    calls.close(listener);
    return [client, server];
  } catch (error) {
    for (const fd of open) calls.close(fd);
    throw error;
  }
}
