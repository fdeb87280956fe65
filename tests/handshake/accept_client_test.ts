/** What a request may say to an agent as client: every way to authenticate, attributes there or not. */
import { Auth } from "../../generated/handshake/mod.ts";
import type { ServerOptions } from "../../runtime/tls/mod.ts";
import { failing, inKeys, makeKey, type Row, testRows } from "./accept_row.ts";
import { bothEquipped, certificates, equipped, revocation, serverName, serverPeer, trusting } from "./pki.ts";
import { errno, psk256, psk384 } from "./rig.ts";

const sameKey: ServerOptions = {
  findPsk: (identity) => [psk256, psk384].find((psk) => psk.identity === new TextDecoder().decode(identity)),
};
const psk = Auth.psk, unauth = Auth.unauth, x509 = Auth.x509;

const clients: Row[] = [
  {
    name: "a PSK",
    server: sameKey,
    attributes: ({ serials }) => ({ authMode: psk, peerIdentity: [serials.psk256], keyring: serials.nvme }),
    remoteAuth: ({ serials }) => [serials.psk256],
    suite: "TLS_AES_128_GCM_SHA256",
  },
  {
    name: "a PSK of SHA-384, and no keyring",
    server: sameKey,
    attributes: ({ serials }) => ({ authMode: psk, peerIdentity: [serials.psk384] }),
    remoteAuth: ({ serials }) => [serials.psk384],
    suite: "TLS_AES_256_GCM_SHA384",
  },
  {
    name: "several PSKs, of which the server knows the last",
    server: {
      findPsk: (identity) => psk384.identity === new TextDecoder().decode(identity) ? psk384 : undefined,
    },
    attributes: ({ serials }) => ({ authMode: psk, peerIdentity: [serials.psk256, serials.psk384] }),
    remoteAuth: ({ serials }) => [serials.psk384],
  },
  {
    name: "a PSK that has expired and another one",
    server: sameKey,
    attributes: (rig) => ({ authMode: psk, peerIdentity: [failing(rig, 127), rig.serials.psk256] }),
    remoteAuth: ({ serials }) => [serials.psk256],
  },
  { name: "no PSK", attributes: { authMode: psk }, status: errno.ENOKEY },
  { name: "the PSK 0", attributes: { authMode: psk, peerIdentity: [0] }, status: errno.ENOKEY },
  {
    name: "a PSK that does not exist",
    attributes: { authMode: psk, peerIdentity: [0x3fffffff] },
    status: errno.ENOKEY,
  },
  {
    name: "a PSK that is a key of another type",
    attributes: (rig) => ({
      authMode: psk,
      peerIdentity: [makeKey(rig, "NVMe0R01 a b", new Uint8Array(32), "user")],
    }),
    status: errno.ENOKEY,
  },
  {
    name: "a PSK that has expired",
    attributes: (rig) => ({ authMode: psk, peerIdentity: [failing(rig, 127)] }),
    status: errno.EKEYEXPIRED,
  },
  {
    name: "a PSK that was revoked",
    attributes: (rig) => ({ authMode: psk, peerIdentity: [failing(rig, 128)] }),
    status: errno.EKEYREVOKED,
  },
  {
    name: "a PSK that may not be read",
    attributes: (rig) => ({ authMode: psk, peerIdentity: [failing(rig, 13)] }),
    status: errno.EACCES,
  },
  {
    name: "a PSK of 15 bytes",
    attributes: (rig) => ({
      authMode: psk,
      peerIdentity: [makeKey(rig, "NVMe0R01 c d", new Uint8Array(15))],
    }),
    status: errno.EKEYREJECTED,
  },
  {
    name: "a PSK for whose hash there is no suite",
    policy: { suites: ["TLS_AES_256_GCM_SHA384"] },
    attributes: ({ serials }) => ({ authMode: psk, peerIdentity: [serials.psk256] }),
    status: errno.EOPNOTSUPP,
  },
  {
    name: "a PSK that the server does not know",
    server: { findPsk: () => undefined },
    attributes: ({ serials }) => ({ authMode: psk, peerIdentity: [serials.psk256] }),
    status: errno.EKEYREJECTED,
  },
  {
    name: "a PSK that is another one to the server",
    server: { findPsk: () => ({ ...psk256, key: new Uint8Array(32) }) },
    attributes: ({ serials }) => ({ authMode: psk, peerIdentity: [serials.psk256] }),
    status: errno.EKEYREJECTED,
  },
  {
    name: "a server's certificate for its name",
    server: serverPeer(certificates.named),
    policy: { client: trusting },
    attributes: { authMode: unauth, peername: serverName },
  },
  {
    name: "a server's certificate for its address, where no name is given",
    server: serverPeer(certificates.addressed),
    policy: { client: trusting },
    attributes: { authMode: unauth },
  },
  {
    name: "a server's certificate for the address's name, where no name is given",
    server: serverPeer(certificates.named),
    policy: {
      client: trusting,
      resolveName: (address) => Promise.resolve(address === "127.0.0.1" ? serverName : ""),
    },
    attributes: { authMode: unauth },
  },
  {
    name: "a server's certificate for another name",
    server: serverPeer(certificates.named),
    policy: { client: trusting },
    attributes: { authMode: unauth, peername: "other.example.com" },
    status: errno.EACCES,
    alert: "bad_certificate",
  },
  {
    name: "a server's certificate of an authority that is not trusted",
    server: serverPeer(certificates.strange),
    policy: { client: trusting },
    attributes: { authMode: unauth, peername: serverName },
    status: errno.EACCES,
    alert: "unknown_ca",
  },
  {
    name: "a server's certificate that has expired",
    server: serverPeer(certificates.named),
    policy: { client: trusting },
    late: true,
    attributes: { authMode: unauth, peername: serverName },
    status: errno.EKEYEXPIRED,
    alert: "certificate_expired",
  },
  {
    name: "a server's certificate that was revoked",
    server: serverPeer(certificates.named),
    policy: { client: { ...trusting, crls: [revocation] } },
    attributes: { authMode: unauth, peername: serverName },
    status: errno.EKEYREVOKED,
    alert: "certificate_revoked",
  },
  {
    name: "a name that is none",
    policy: { client: trusting },
    attributes: { authMode: unauth, peername: "not a name" },
    status: errno.EINVAL,
  },
  {
    name: "a server's certificate, and nothing to trust it by",
    attributes: { authMode: unauth, peername: serverName },
    status: errno.ENOKEY,
  },
  {
    name: "certificates of both, ours of the policy",
    server: serverPeer(certificates.named, "require"),
    policy: { client: equipped },
    attributes: { authMode: x509, peername: serverName },
    remoteAuth: () => 2,
  },
  ...(["pkcs8", "sec1", "pem"] as const).map((form): Row => ({
    name: `certificates of both, ours of the request in ${form}`,
    server: {
      ...serverPeer(certificates.named, "require"),
      // A key of the kernel may hold the leaf alone.
      ...form === "pem" ? {} : { verifyPeer: () => {} },
    },
    policy: { client: trusting },
    attributes: (rig) => ({ authMode: x509, peername: serverName, certificate: inKeys(rig, form) }),
    remoteAuth: () => 2,
  })),
  {
    name: "certificates of both, and none of ours",
    policy: { client: trusting },
    attributes: { authMode: x509, peername: serverName },
    status: errno.ENOKEY,
  },
  {
    name: "certificates of both, and ours of the request is none",
    policy: { client: trusting },
    attributes: (rig) => {
      const cert = makeKey(rig, "nothing", new Uint8Array(7), "user");
      return { authMode: x509, peername: serverName, certificate: [{ cert, privkey: cert }] };
    },
    status: errno.EKEYREJECTED,
  },
  {
    name: "certificates of both, and the key of ours is gone",
    policy: { client: trusting },
    attributes: (rig) => {
      const [pair] = inKeys(rig, "pkcs8");
      return {
        authMode: x509,
        peername: serverName,
        certificate: [{ cert: pair!.cert!, privkey: 0x3fffffff }],
      };
    },
    status: errno.ENOKEY,
  },
  { name: "no way to authenticate", policy: bothEquipped, attributes: {}, status: errno.EOPNOTSUPP },
  {
    name: "a way to authenticate that is unspecified",
    policy: bothEquipped,
    attributes: { authMode: 0, peername: serverName },
    status: errno.EOPNOTSUPP,
  },
  {
    name: "a way to authenticate that is not known",
    policy: bothEquipped,
    attributes: { authMode: 9, peername: serverName },
    status: errno.EOPNOTSUPP,
  },
];

testRows("client", clients);
