// Queues of every network device, with the NAPI instance that serves each.
//
//     deno run --allow-ffi examples/netdev_queues.ts
import { open } from "@tynl/tynl";
import { netdev, QueueType } from "@tynl/tynl/netdev";

await using client = await open(netdev);
for (const { ifindex } of await client.devGet.dump().all()) {
  if (ifindex === undefined) continue;
  for await (const { id, type, napiId } of client.queueGet.dump({ ifindex })) {
    console.log(
      `device ${ifindex}: ${type === QueueType.rx ? "rx" : "tx"} queue ${id}, NAPI ${napiId ?? "none"}`,
    );
  }
}
