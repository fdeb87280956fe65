/** Names in specs, as properties of objects. @module */

/** `message-type` -> `messageType`, `SOCK_FD` -> `sockFd`. */
export function camelCase(name: string): string {
  return name.split(/[^0-9A-Za-z]+/).filter((word) => word !== "").map((word, i) => {
    const plain = /[a-z]/.test(word) ? word : word.toLowerCase();
    return i === 0 ? plain[0]!.toLowerCase() + plain.slice(1) : plain[0]!.toUpperCase() + plain.slice(1);
  }).join("");
}
