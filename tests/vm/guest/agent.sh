# The agent under test, which serves the kernel's handshakes. A suite sets AGENT to the command that runs it.
agent_pid=

start_agent() {
  $AGENT >>/tmp/out/agent.log 2>&1 &
  agent_pid=$!
  # It listens as soon as it is in the group of the family: no one else here is in a generic netlink group.
  eventually listens "$agent_pid"
}

# /proc/net/netlink: protocol 16 is generic netlink, the fourth column has the groups that a socket is in.
listens() { # PID
  kill -0 "$1" && awk '$2 == 16 && $4 != "00000000" { found = 1 } END { exit !found }' /proc/net/netlink
}

stop_agent() {
  kill "$agent_pid"
  wait "$agent_pid"
}

# Whether at least so many sockets are, or were, under kTLS in software, in each direction.
tls_sockets() { # COUNT
  awk -v count="$1" '$1 == "TlsTxSw" && $2 >= count { tx = 1 } $1 == "TlsRxSw" && $2 >= count { rx = 1 }
    END { exit !(tx && rx) }' /proc/net/tls_stat
}

# The kernel's C agent, for the mixed suites and to prove these scripts.
tlshd_configuration() { # KEYRINGS
  cat >/tmp/tlshd.conf <<C
[debug]
loglevel=3
[authenticate]
keyrings=$1
[authenticate.client]
x509.truststore=/payload/pki/ca.pem
x509.certificate=/payload/pki/client.pem
x509.private_key=/payload/pki/client.key
[authenticate.server]
x509.truststore=/payload/pki/ca.pem
x509.certificate=/payload/pki/server.pem
x509.private_key=/payload/pki/server.key
C
}
