/**
 * System calls for the rest of the runtime: the C library through Deno's FFI, sockets by descriptor, one epoll(7) for
 * all that waits. Not a face of the package.
 *
 * @module
 */
export * from "./errors.ts";
export * from "./libc.ts";
export * from "./message.ts";
export * from "./process.ts";
export * from "./reactor.ts";
export * from "./sockets.ts";
export * from "./turn.ts";
