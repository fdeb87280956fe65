// What the running kernel takes when the rings of a device are set: each attribute with its limits, and what is nested
// inside. `tynl policy FAMILY OPERATION` shows the same for any operation.
//
//     deno run --allow-ffi examples/policy_explorer.ts
import { describePolicy, type KernelPolicy, open } from "@tynl/tynl";
import { ethtool } from "@tynl/tynl/ethtool";

await using et = await open(ethtool);
const policy = await et.ringsSet.policy("do");
if (policy === undefined) console.log("This kernel has no policy for that.");
else show(policy, "", []);

function show(policy: KernelPolicy, indent: string, outer: readonly KernelPolicy[]): void {
  for (const [key, accepted] of Object.entries(policy.attributes)) {
    if (accepted === undefined) continue;
    console.log(`${indent}${accepted.name ?? key}: ${describePolicy(accepted)}`);
    // A policy may be nested in itself.
    const { nested } = accepted;
    if (nested !== undefined && !outer.includes(nested)) show(nested, `${indent}  `, [...outer, policy]);
  }
}
