/** Numbers of kernel TLS (linux/tls.h, linux/tcp.h, linux/socket.h). @module */

/** SOL_TLS: the level of its options and control messages. */
export const SOL_TLS = 282;
/** SOL_TCP, and TCP_ULP by which a socket gets kernel TLS. */
export const SOL_TCP = 6, TCP_ULP = 31;

/** SOL_SOCKET, and SO_ERROR by which an error that is pending is read and gone (asm-generic/socket.h). */
export const SOL_SOCKET = 1, SO_ERROR = 4;

/** Options of level SOL_TLS. */
export const TlsOption = {
  /** TLS_TX. */
  tx: 1,
  /** TLS_RX. */
  rx: 2,
  /** TLS_TX_ZEROCOPY_RO. */
  zeroCopyReadOnly: 3,
  /** TLS_RX_EXPECT_NO_PAD. */
  expectNoPad: 4,
  /** TLS_TX_MAX_PAYLOAD_LEN, of Linux 6.19. */
  maxPayload: 5,
} as const;

/** TLS_SET_RECORD_TYPE: the type of the record that sendmsg(2) makes. */
export const TLS_SET_RECORD_TYPE = 1;
/** TLS_GET_RECORD_TYPE: the type of the record that recvmsg(2) read. */
export const TLS_GET_RECORD_TYPE = 2;

/** TLS_1_3_VERSION. */
export const TLS_1_3_VERSION = 0x0304;

/** Error numbers that kernel TLS gives a meaning of its own. */
export const Errno = {
  /** Of a ULP that the kernel does not have. */
  noEntry: 2,
  /** Of recv and send on a nonblocking socket. */
  again: 11,
  /** A signal came first. */
  interrupted: 4,
  /** Of a record that is none, and of keys of another suite than before. */
  invalid: 22,
  /** Of a second TLS_TX or TLS_RX where the kernel cannot rekey. */
  busy: 16,
  /** Of a second TCP_ULP. */
  exists: 17,
  /** Of an option that the kernel does not know. */
  noOption: 92,
  /** A record did not decrypt. */
  badMessage: 74,
  /** A record is longer than allowed. */
  messageSize: 90,
  /** A connection ended before it was accepted. */
  connectionAborted: 103,
  /** The peer has ended the connection, in one way or the other. */
  brokenPipe: 32,
  /** Of a socket that is connected. */
  isConnected: 106,
  /** A connection is under way. */
  inProgress: 115,
  /** The same, of a second call. */
  already: 114,
  /** The peer has reset the connection. */
  connectionReset: 104,
  /** A KeyUpdate was received. */
  keyExpired: 127,
} as const;
