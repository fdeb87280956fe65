# Agents under test, which serve the kernel's handshakes.
tynl="deno run --no-config --no-lock --allow-all /payload/modules/cli/tlshd.js -s -c /tmp/tlshd.conf"
tlshd="tlshd -s -c /tmp/tlshd.conf"
: "${AGENT:=$tynl}"
declare -A agents # process ids by name

# Its log is NAME.log. More than one is for machines of more than one network namespace.
start_agent() { # [NAME COMMAND ...]
  local name=${1:-agent}
  [ $# -le 1 ] || AGENT="${*:2}"
  $AGENT >>"/tmp/out/$name.log" 2>&1 &
  agents[$name]=$!
  eventually listens "${agents[$name]}"
}

# A socket of a process is in a group of generic netlink. /proc/PID/net/netlink: protocol 16 is generic netlink, the
# fourth column has the groups that a socket is in, the last one its inode.
listens() { # PID
  local inodes
  inodes=$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l ') || return 1
  awk -v inodes="$inodes" '$2 == 16 && $4 != "00000000" && index(inodes, "[" $NF "]") { found = 1 }
    END { exit !found }' "/proc/$1/net/netlink"
}

# By a signal: TERM, after which it must end well, or KILL.
stop_agent() { # [SIGNAL [NAME]]
  local signal=${1:-TERM} pid=${agents[${2:-agent}]} result
  kill "-$signal" "$pid" || return 1
  wait "$pid"
  result=$?
  # tlshd dies of the signal.
  [ "$signal" = KILL ] || [ $result -eq 0 ] || [ $result -eq 143 ]
}

# Makes it read its configuration anew, and waits until it has. tlshd does not say when.
reload_agent() {
  local before
  before=$(reloads)
  kill -HUP "${agents[agent]}"
  case $AGENT in
    tlshd*) sleep 2 ;;
    *) eventually eval "[ \$(reloads) -gt $before ]" ;;
  esac
}

reloads() { grep -c 'the configuration is in force' /tmp/out/agent.log; }

# Whether the agent has no more descriptors than it had: COUNT, from `descriptors` before.
descriptors() { ls "/proc/${agents[agent]}/fd" | wc -l; }
no_more_descriptors() { [ "$(descriptors)" -le "$1" ]; }

# A counter of kernel TLS.
tls_stat() { # NAME
  awk -v name="$1" '$1 == name { print $2 }' /proc/net/tls_stat
}

# Whether at least so many sockets are, or were, under kTLS in software, in each direction.
tls_sockets() { # COUNT
  [ "$(tls_stat TlsTxSw)" -ge "$1" ] && [ "$(tls_stat TlsRxSw)" -ge "$1" ]
}

# Whether no record was damaged on the way, or made with a wrong key.
all_decrypted() { [ "$(tls_stat TlsDecryptError)" = 0 ]; }

# Another network namespace, named peer, which is reached at 192.0.2.2 and reaches us at 192.0.2.1.
in_peer="nsenter --net=/run/netns/peer"
make_peer() {
  ip netns add peer && ip link add us0 type veth peer name peer0 netns peer || return 1
  ip addr add 192.0.2.1/24 dev us0 && ip link set us0 up
  ip -n peer addr add 192.0.2.2/24 dev peer0 && ip -n peer link set peer0 up && ip -n peer link set lo up
}

# The configuration of a second agent, whose status is elsewhere.
second_configuration() { sed 's,^deadline=.*,&\nstatus_socket=/tmp/second.sock,' /tmp/tlshd.conf >/tmp/second.conf; }
second_tynl=${tynl/tlshd.conf/second.conf}
