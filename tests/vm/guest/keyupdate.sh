# KeyUpdates by the agent on the kernel's TLS. The keyring .nvme comes with a module.
modprobe -a tls nvme-keyring inet_diag tcp_diag chacha20poly1305 >&2
deno_tests
