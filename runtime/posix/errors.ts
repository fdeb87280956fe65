/** Errors of system calls. @module */
export { errnoName, errnoText } from "../netlink/errno.ts";
export { SystemError, UnsupportedError } from "../netlink/errors.ts";
