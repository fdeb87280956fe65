# Kernel TLS itself. Ciphers are not loaded on demand everywhere.
modprobe -a tls gcm aesni-intel chacha20poly1305 >&2
modprobe -a chacha >&2 # part of another module by now
deno_tests
