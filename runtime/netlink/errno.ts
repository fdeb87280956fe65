/** Error numbers of Linux: their names, and what they mean in a few words. @module */

/**
 * Numbers from include/uapi/asm-generic/errno-base.h and errno.h, which x86-64 and aarch64 share, as
 * `number name meaning`. Only what netlink, sockets and TLS can say is listed with a meaning of its own.
 */
const TABLE = `
1 EPERM operation not permitted
2 ENOENT no such object
3 ESRCH no such process or route
4 EINTR interrupted
5 EIO input or output error
6 ENXIO no such device or address
7 E2BIG argument too long
9 EBADF bad descriptor
11 EAGAIN nothing there now, try again
12 ENOMEM out of memory
13 EACCES access denied
14 EFAULT bad address
16 EBUSY busy
17 EEXIST exists already
18 EXDEV across devices
19 ENODEV no such device
20 ENOTDIR not a directory
21 EISDIR is a directory
22 EINVAL invalid argument
23 ENFILE too many open files in the system
24 EMFILE too many open files
25 ENOTTY not supported by this device
27 EFBIG too large
28 ENOSPC no space left
30 EROFS read-only
31 EMLINK too many links
32 EPIPE the other end is closed
33 EDOM outside of the domain
34 ERANGE out of range
35 EDEADLK would deadlock
36 ENAMETOOLONG name too long
38 ENOSYS not implemented
39 ENOTEMPTY not empty
40 ELOOP a loop
42 ENOMSG no such message
61 ENODATA no data
62 ETIME timer expired
67 ENOLINK link severed
71 EPROTO protocol error
74 EBADMSG bad message
75 EOVERFLOW value too large
76 ENOTUNIQ not unique
77 EBADFD descriptor in a bad state
84 EILSEQ invalid sequence of bytes
85 ERESTART restart the call
87 EUSERS too many users
88 ENOTSOCK not a socket
89 EDESTADDRREQ destination needed
90 EMSGSIZE message too long
91 EPROTOTYPE wrong protocol type
92 ENOPROTOOPT no such option
93 EPROTONOSUPPORT protocol not supported
94 ESOCKTNOSUPPORT socket type not supported
95 EOPNOTSUPP operation not supported
96 EPFNOSUPPORT protocol family not supported
97 EAFNOSUPPORT address family not supported
98 EADDRINUSE address in use
99 EADDRNOTAVAIL address not available
100 ENETDOWN network is down
101 ENETUNREACH network unreachable
103 ECONNABORTED connection aborted
104 ECONNRESET connection reset
105 ENOBUFS no buffer space: messages were lost
106 EISCONN connected already
107 ENOTCONN not connected
108 ESHUTDOWN shut down
110 ETIMEDOUT timed out
111 ECONNREFUSED connection refused
112 EHOSTDOWN host is down
113 EHOSTUNREACH host unreachable
114 EALREADY in progress already
115 EINPROGRESS in progress
116 ESTALE stale handle
121 EREMOTEIO remote input or output error
122 EDQUOT quota exceeded
124 EMEDIUMTYPE wrong medium type
125 ECANCELED canceled
126 ENOKEY no such key
127 EKEYEXPIRED key expired
128 EKEYREVOKED key revoked
129 EKEYREJECTED key rejected
524 ENOTSUPP not supported
`;

const names = new Map<number, string>();
const meanings = new Map<number, string>();
for (const line of TABLE.trim().split("\n")) {
  const [number, name = "", ...meaning] = line.split(" ");
  names.set(Number(number), name);
  meanings.set(Number(number), meaning.join(" "));
}

/** Name of an error number, such as `EINVAL` for 22; `errno 4000` for one without a name. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/** What an error number means, in a few words; empty for one that is not known. */
export function errnoText(errno: number): string {
  return meanings.get(errno) ?? "";
}
