// A server and a client whose records the kernel protects (this process, where the kernel has no TLS), and which change
// their keys while they talk. Nobody has to care for that: answers to KeyUpdates go out by themselves.
//
//     deno run --allow-ffi examples/ktls_echo.ts
import { acceptKtls, connectKtls, type KtlsOptions, listenTcp } from "@tynl/tynl/ktls";

const psk = { identity: "host-7", key: crypto.getRandomValues(new Uint8Array(32)) };
const options: KtlsOptions = { records: "auto", handshakeTimeout: 60_000 };
using listener = listenTcp({ hostname: "127.0.0.1" });

async function server(): Promise<void> {
  const fd = await listener.accept();
  await using socket = await acceptKtls(fd, { findPsk: () => psk }, options);
  for await (const data of socket) await socket.send(data);
}

async function client(): Promise<void> {
  await using socket = await connectKtls(
    { hostname: "127.0.0.1", port: listener.port },
    { psks: [psk] },
    options,
  );
  for (const word of ["before", "between", "after"]) {
    await socket.send(new TextEncoder().encode(word));
    console.log(new TextDecoder().decode(await socket.receive()));
    await socket.updateKeys({ requestPeer: true });
  }
  const updates = `${socket.generation("send")} KeyUpdates sent, ${socket.generation("receive")} received`;
  console.log(`${socket.session.suite}: ${updates}`);
}

await Promise.all([server(), client()]);
