/** How keys are named. @module */

/**
 * Serial number of a key: 1 to 2^31 - 1. Numbers from outside become one by {@linkcode keySerial}, because negative
 * ones name the keyrings of this process, which a stranger must not choose.
 */
export type KeySerial = number & { readonly "key serial": true };

/** Keyrings that every process has, under the names of keyrings(7) (linux/keyctl.h, KEY_SPEC_*). */
export const SpecialKeyring = {
  /** Of this thread alone: KEY_SPEC_THREAD_KEYRING, `@t`. */
  thread: -1,
  /** Of all threads of this process: KEY_SPEC_PROCESS_KEYRING, `@p`. */
  process: -2,
  /** Inherited by the processes that this one starts: KEY_SPEC_SESSION_KEYRING, `@s`. */
  session: -3,
  /** Of all processes of this user id; it outlives them: KEY_SPEC_USER_KEYRING, `@u`. */
  user: -4,
  /** The session keyring of those who have none: KEY_SPEC_USER_SESSION_KEYRING, `@us`. */
  userSession: -5,
} as const;

/** One of {@linkcode SpecialKeyring}. */
export type SpecialKeyring = (typeof SpecialKeyring)[keyof typeof SpecialKeyring];

/** A key by its serial, or a keyring of this process. */
export type KeyId = KeySerial | SpecialKeyring;

/** Whether a number can be the serial of a key. */
export function isKeySerial(number: number): number is KeySerial {
  return Number.isInteger(number) && number > 0 && number < 2 ** 31;
}

/** A number as a serial. Throws a RangeError if it cannot be one. */
export function keySerial(number: number): KeySerial {
  if (!isKeySerial(number)) throw new RangeError(`${number} is no serial of a key: 1 to 2147483647`);
  return number;
}
