/**
 * For tests of programs that use netlink: a fake kernel behind the same sockets as the real one.
 *
 * @example A kernel that refuses
 * ```ts ignore
 * import { open } from "@tynl/tynl";
 * import { netdev } from "@tynl/tynl/netdev";
 * import { acknowledgement, fakeKernel } from "@tynl/tynl/testing";
 *
 * const kernel = fakeKernel([netdev], (request) => [acknowledgement(request, 1)]);
 * await using nd = await open(netdev, { transport: kernel });
 * await nd.devGet({ ifindex: 1 }); // throws NetlinkError: netdev dev-get: EPERM: …
 * ```
 *
 * @module
 */
export * from "./fake_kernel.ts";
export * from "./messages.ts";
