/** Errors of calls on keys. @module */
import { errnoName, errnoText } from "../posix/mod.ts";

/**
 * What the kernel most often says about keys (keyctl(2), errors):
 * `ENOKEY` there is none, or it is not linked to where we may look; `EKEYEXPIRED` its timeout has passed;
 * `EKEYREVOKED` it was revoked; `EKEYREJECTED` it was made to fail; `EACCES` its permissions do not let us;
 * `EDQUOT` the quota of its owner is used up; `ENODEV` no such type of key; `EOPNOTSUPP` the type cannot do that;
 * `ENOSYS` a kernel without keys.
 */
export type KeyErrorCode =
  | "ENOKEY"
  | "EKEYEXPIRED"
  | "EKEYREVOKED"
  | "EKEYREJECTED"
  | "EACCES"
  | "EDQUOT"
  | "ENODEV"
  | "EOPNOTSUPP"
  | "ENOSYS"
  // Any other, and the names above still complete.
  | (string & Record<never, never>);

/** A call on a key that failed. The message names the key, never its payload. */
export class KeyError extends Error {
  /** Always `KeyError`. */
  override readonly name = "KeyError";
  /** Error number, such as 126. */
  readonly errno: number;
  /** Its name, such as `ENOKEY`. */
  readonly code: KeyErrorCode;
  /** What was to be done, such as `read`. */
  readonly operation: string;

  /** Creates the error of an operation on `target`, a serial or a type with a description. */
  constructor(operation: string, target: string | number, errno: number) {
    super(`key ${operation} ${target}: ${errnoName(errno)}: ${errnoText(errno)}`);
    this.operation = operation;
    this.errno = errno;
    this.code = errnoName(errno);
  }
}
