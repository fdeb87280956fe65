/**
 * For tests of programs that use netlink: a fake kernel behind the same sockets as the real one. For handshake agents
 * there is one that has the whole queue of the `handshake` family, with real sockets: {@linkcode handshakeKernel}.
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
 * @example Events, and some that were lost
 * ```ts
 * import assert from "node:assert/strict";
 * import { open, OverrunError } from "@tynl/tynl";
 * import { netdev } from "@tynl/tynl/netdev";
 * import { fakeKernel } from "@tynl/tynl/testing";
 *
 * const kernel = fakeKernel([netdev], () => []);
 * await using nd = await open(netdev, { transport: kernel });
 * using events = nd.subscribe("mgmt");
 * kernel.notify("mgmt", kernel.event(netdev, "dev-add-ntf", { ifindex: 7 }), new OverrunError());
 * assert.deepEqual((await events.next()).value, { name: "dev-add-ntf", message: { ifindex: 7 } });
 * assert.deepEqual((await events.next()).value, { name: "overrun" });
 * ```
 *
 * @module
 */
export type { DescriptorState } from "./descriptors.ts";
export * from "./fake_kernel.ts";
export * from "./handshake_kernel.ts";
export { HandshakeRequest } from "./handshake_request.ts";
export type {
  HandshakeOutcome,
  HandshakeReport,
  HandshakeSubmission,
  RequestQueue,
} from "./handshake_request.ts";
export * from "./messages.ts";
