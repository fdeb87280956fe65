# More than the agent can be asked for at a time, more than one agent, and others who must not serve.
. /payload/guest/nvme-lib.sh
ulimit -n 8192
flood="deno run --no-config --no-lock --allow-all /payload/modules/tests/vm/flood.js"

as_nobody() {
  local result
  HOME=/tmp timeout 120 setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
    ${tynl/tlshd.conf/nobody.conf} >/tmp/out/nobody.log 2>&1
  result=$?
  [ $result -eq 1 ] && grep -qE 'EPERM|CAP_NET_ADMIN' /tmp/out/nobody.log
}
check "an NVMe/TCP target that requires TLS 1.3 listens" start_target
check "a key is made" add_key 1 1
{ cat /tmp/tlshd.conf; echo status_socket=/tmp/nobody.sock; } >/tmp/nobody.conf
chmod 644 /tmp/nobody.conf
check "an ordinary user cannot serve, and is told so" as_nobody

# Requests that nobody takes: the kernel keeps as many as it wants to, and refuses the others.
thousand() {
  kill -STOP "${agents[agent]}"
  coproc crowd { $flood connections 1000 4420; }
  crowd_pid=$crowd_PID
  read -r -t 300 line <&"${crowd[0]}" || return 1
  echo "$line"
  eventually refusals || return 1
  kill -CONT "${agents[agent]}"
  # Those that were kept, three at least, are accepted, and wait for a ClientHello that never comes.
  eventually eval '[ "$(descriptors)" -gt $((before + 2)) ]'
}
refusals() { dmesg | grep -q 'nvmet_tcp: failed to start TLS, err=-11'; } # EAGAIN
check "the agent serves" start_agent
check "a controller is connected" connected
check "and disconnected" disconnected
before=$(descriptors)
check "a thousand requests at once: the kernel keeps some, which are accepted, and refuses the rest" thousand
# As soon as the kernel's queue has room.
connected_soon() { eventually connect && eventually live_with_tls && same_data; }
check "a controller is connected meanwhile" connected_soon
check "and disconnected" disconnected
silence() { echo >&"${crowd[1]}" && wait "$crowd_pid"; }
check "the thousand go away" silence
check "the agent keeps no descriptor of theirs" eventually no_more_descriptors "$before"

# The kernel loses events that the agent does not read, and then tells the consumer that there is nobody to ask.
overrun() {
  kill -STOP "${agents[agent]}"
  $flood events 5000 || return 1
  eventually drops || return 1
  refused connect || return 1
  kill -CONT "${agents[agent]}"
  connected_soon
}
# The ninth column of /proc/net/netlink counts what a socket has dropped.
drops() { awk '$2 == 16 && $9 > 0 { found = 1 } END { exit !found }' /proc/net/netlink; }
check "an agent whose events were lost goes on, and serves what comes then" overrun
check "it is disconnected" disconnected

served() { grep -c 'handshake succeeded' "/tmp/out/$1.log"; } # NAME
two_agents() {
  local i first=$(served agent)
  for i in 1 2 3 4; do connected && disconnected || return 1; done
  # Four controllers of two queues, each with two ends.
  [ $(($(served agent) - first + $(served second))) -eq 16 ]
}
second_configuration
check "a second agent serves" start_agent second $second_tynl
check "with two agents each request is served, by one of them" two_agents
check "the first one ends" stop_agent
check "the other one serves all" eval 'connected && disconnected'
check "it ends, too" stop_agent TERM second

# Another network namespace has its own requests, and its own agents.
elsewhere() {
  withdraw "$subnqn" && make_peer || return 1
  TARGET=$in_peer ADDRESS=192.0.2.2
  echo "$ADDRESS" >"$config/ports/1/addr_traddr"
  offer "$subnqn"
}
check "the target is in another network namespace" elsewhere
check "an agent serves here" start_agent host $tynl
check "without one there, a controller is refused" refused connect
check "an agent serves there" start_agent target $TARGET $second_tynl
check "with one in each, it is connected" connected
# What each one served, by the roles in its log.
roles() { grep -o 'handshake succeeded.* role=[a-z]*' "/tmp/out/$1.log" | grep -o '[a-z]*$' | sort -u; } # NAME
check "each one serves its namespace alone" eval '[ "$(roles host)" = client ] && [ "$(roles target)" = server ]'
check "it is disconnected" disconnected
check "no record was damaged" all_decrypted
check "the agents end when they are told to" eval 'stop_agent TERM host && stop_agent TERM target'
