/** Configurations as hosts have them; the keys are those of tlshd.conf(5) of ktls-utils 1.4.0, the texts our own. @module */

/** A host where the package was installed and nobody has changed anything: the shape of what packages ship. */
export const untouched = `#
# Certificates and keys of the kernel's TLS handshakes; see tlshd.conf(5).
#

[debug]
loglevel=0
tls=0
nl=0

[authenticate]
#keyrings= <keyring>;<keyring>;<keyring>

[authenticate.client]
#x509.truststore= <pathname>
#x509.crl= <pathname>
#x509.certificate= <pathname>
#x509.private_key= <pathname>
#x509.pq.certificate= <pathname>
#x509.pq.private_key= <pathname>

[authenticate.server]
#x509.truststore= <pathname>
#x509.crl= <pathname>
#x509.certificate= <pathname>
#x509.private_key= <pathname>
`;

/** A host with NVMe/TCP and PSKs. */
export const nvmeHost = `# NVMe/TCP, keys by nvme gen-tls-key --insert
[debug]
loglevel=0
tls=0
nl=0

[authenticate]
keyrings=.nvme;storage;

[authenticate.client]

[authenticate.server]
`;

/** A host that exports and mounts NFS with certificates. */
export function nfsHost(folder: string): string {
  return `[debug]
loglevel=1
tls=0
nl=0

[authenticate]
#keyrings=

[authenticate.client]
x509.truststore = ${folder}/ca.pem
x509.certificate = ${folder}/client.pem
x509.private_key = ${folder}/client.key

[authenticate.server]
x509.truststore = ${folder}/ca.pem
x509.crl = ${folder}/crl.pem
x509.certificate = ${folder}/server.pem
x509.private_key = ${folder}/server.key
`;
}

/** Every key that tlshd 1.4.0 and its sources know. */
export const everyKey = `[debug]
loglevel=1
tls=2
nl=3
delay_done=4
[authenticate]
keyrings=one;two
[authenticate.client]
x509.truststore=/etc/a.pem
x509.crl=/etc/b.pem
x509.certificate=/etc/c.pem
x509.private_key=/etc/d.pem
x509.pq.certificate=/etc/e.pem
x509.pq.private_key=/etc/f.pem
[authenticate.server]
x509.truststore=/etc/g.pem
x509.crl=/etc/h.pem
x509.certificate=/etc/i.pem
x509.private_key=/etc/j.pem
x509.pq.certificate=/etc/k.pem
x509.pq.private_key=/etc/l.pem
x509.client_auth=0
`;
