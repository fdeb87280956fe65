/** What a request may say to an agent as server: every way to authenticate, attributes there or not. */
import assert from "node:assert/strict";
import { Auth } from "../../generated/handshake/mod.ts";
import { failing, failingIdentity, inKeys, type Row, testRows } from "./accept_row.ts";
import { bothEquipped, certificates, clientPeer, equipped } from "./pki.ts";
import { errno, psk256, psk384 } from "./rig.ts";

const psk = Auth.psk, unauth = Auth.unauth, x509 = Auth.x509;

const servers: Row[] = [
  {
    name: "a PSK in a keyring of the policy",
    client: { psks: [psk256] },
    attributes: { authMode: psk, peerIdentity: [0] },
    remoteAuth: ({ serials }) => [serials.psk256],
  },
  {
    name: "a PSK in the request's keyring alone",
    client: { psks: [psk384] },
    policy: { keyrings: [] },
    attributes: ({ serials }) => ({ authMode: psk, peerIdentity: [0], keyring: serials.nvme }),
    remoteAuth: ({ serials }) => [serials.psk384],
    suite: "TLS_AES_256_GCM_SHA384",
  },
  {
    name: "a PSK in a keyring that the policy names by serial, beside one that does not exist",
    client: { psks: [{ ...psk256, identity: "elsewhere" }] },
    policy: (keys) => {
      const keyring = keys.keyring("elsewhere");
      keys.put(keyring, "psk", "elsewhere", psk256.key);
      return { keyrings: [".nothing", keyring] };
    },
    attributes: { authMode: psk },
    remoteAuth: () => 1,
  },
  {
    name: "the second of a client's PSKs",
    client: { psks: [{ ...psk256, identity: "unknown here" }, psk256] },
    attributes: { authMode: psk },
    remoteAuth: ({ serials }) => [serials.psk256],
  },
  {
    name: "a PSK that is not in any keyring",
    client: { psks: [{ ...psk256, identity: "unknown here" }] },
    attributes: { authMode: psk },
    status: errno.EKEYREJECTED,
    alert: "unknown_psk_identity",
  },
  {
    name: "a PSK identity that a longer one begins with",
    client: { psks: [{ ...psk256, identity: (psk256.identity as string).slice(0, -1) }] },
    attributes: { authMode: psk },
    status: errno.EKEYREJECTED,
    alert: "unknown_psk_identity",
  },
  {
    name: "a PSK, and no keyring at all",
    client: { psks: [psk256] },
    policy: { keyrings: [".nothing"] },
    attributes: { authMode: psk },
    status: errno.EKEYREJECTED,
    alert: "unknown_psk_identity",
  },
  {
    name: "a PSK that is another one to the client",
    client: { psks: [{ ...psk256, key: new Uint8Array(32) }] },
    attributes: { authMode: psk },
    status: errno.EKEYREJECTED,
    alert: "decrypt_error",
  },
  {
    name: "a PSK that has expired",
    client: { psks: [{ ...psk256, identity: failingIdentity }] },
    attributes: (rig) => (failing(rig, 127), { authMode: psk }),
    status: errno.EKEYREJECTED,
    alert: "unknown_psk_identity",
  },
  {
    name: "a PSK identity that is no text",
    client: { psks: [{ key: psk256.key, identity: Uint8Array.of(0xff, 0, 0xfe) }] },
    attributes: { authMode: psk },
    status: errno.EKEYREJECTED,
    alert: "unknown_psk_identity",
  },
  {
    name: "its certificate of the policy",
    client: clientPeer(),
    policy: { server: equipped },
    attributes: { authMode: unauth },
  },
  {
    name: "its certificate of the request",
    client: clientPeer(),
    attributes: (rig) => ({ authMode: unauth, certificate: inKeys(rig, "pem") }),
  },
  { name: "a certificate that it does not have", attributes: { authMode: unauth }, status: errno.ENOKEY },
  {
    name: "a client's certificate",
    client: clientPeer(certificates.named),
    policy: { server: equipped },
    attributes: { authMode: x509 },
    remoteAuth: () => 2,
  },
  {
    name: "a client without a certificate, which is asked for",
    client: clientPeer(),
    policy: { server: equipped },
    attributes: { authMode: x509 },
  },
  {
    name: "a client without a certificate, which must have one",
    client: clientPeer(),
    policy: { server: { ...equipped, clientCertificate: "require" } },
    attributes: { authMode: x509 },
    status: errno.EACCES,
    alert: "certificate_required",
  },
  {
    name: "a client's certificate of an authority that is not trusted",
    client: clientPeer(certificates.strange),
    policy: { server: equipped },
    attributes: { authMode: x509 },
    status: errno.EACCES,
    alert: "unknown_ca",
  },
  {
    name: "a client that does not trust our certificate",
    client: { verifyPeer: () => assert.fail() },
    policy: { server: equipped },
    attributes: { authMode: x509 },
    status: errno.EACCES,
  },
  {
    name: "a certificate that it does not have, and a client's",
    attributes: { authMode: x509 },
    status: errno.ENOKEY,
  },
  { name: "no way to authenticate", policy: bothEquipped, attributes: {}, status: errno.EOPNOTSUPP },
  {
    name: "a way to authenticate that is not known",
    policy: bothEquipped,
    attributes: { authMode: 9 },
    status: errno.EOPNOTSUPP,
  },
];

testRows("server", servers);
