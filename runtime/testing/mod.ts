/**
 * For tests of programs that use netlink: a fake kernel behind the same sockets as the real one.
 *
 * @example A kernel that refuses
 * ```ts
 * import assert from "node:assert/strict";
 * import { open } from "@tynl/tynl";
 * import { netdev } from "@tynl/tynl/netdev";
 * import { acknowledgement, fakeKernel } from "@tynl/tynl/testing";
 *
 * const kernel = fakeKernel([netdev], (request) => [acknowledgement(request, 1)]);
 * await using nd = await open(netdev, { transport: kernel });
 * await assert.rejects(nd.devGet({ ifindex: 1 }), { name: "NetlinkError", code: "EPERM" });
 * ```
 *
 * @module
 */
export * from "./fake_kernel.ts";
export * from "./messages.ts";
