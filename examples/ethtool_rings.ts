// Ring sizes and channels of every device that has any.
//
//     deno run --allow-ffi examples/ethtool_rings.ts
import { open } from "@tynl/tynl";
import { ethtool } from "@tynl/tynl/ethtool";

await using client = await open(ethtool);
for (const { header, rx, rxMax, tx, txMax } of await client.ringsGet.dump().all()) {
  console.log(`${header?.devName}: rx ${rx} of ${rxMax}, tx ${tx} of ${txMax}`);
}
for (const { header, combinedCount, rxCount, txCount } of await client.channelsGet.dump().all()) {
  console.log(
    `${header?.devName}: channels ${combinedCount ?? 0} combined, ${rxCount ?? 0} rx, ${txCount ?? 0} tx`,
  );
}
