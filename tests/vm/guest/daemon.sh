# The daemon beside its handshakes: --check, --status, signals, and the capabilities that docs/tynl-tlshd.service leaves.
. /payload/guest/nvme-lib.sh

program="deno run --no-config --no-lock --allow-all /payload/modules/cli/tlshd.js"
say() { $program "$@" --config /tmp/tlshd.conf; } # OPTION ...
checks_well() { say --check >/tmp/out/check && ! grep ^missing /tmp/out/check; }
tells() { grep -qE "$1" "/tmp/out/$2"; } # PATTERN FILE
answers() { say --status >/tmp/out/status && tells "$1" status; } # PATTERN

check "--check finds nothing missing on this machine" checks_well
check "it sees the family, the right to serve, and kernel TLS with its suites" eval \
  'tells "^ok +handshake family" check && tells "^ok +capability" check && tells "^ok +kernel TLS +TLS_AES_128_GCM" check'
check "it sees that no agent runs" tells '^note +agents +this one does not run' check
check "without CAP_NET_ADMIN it says what is missing" eval \
  '! setpriv --bounding-set=-net_admin $program --check --config /tmp/tlshd.conf >/tmp/out/check &&
    tells "^missing +capability .*CAP_NET_ADMIN" check'
check "without an agent, --status gives 1" refused say --status

check "an NVMe/TCP target that requires TLS 1.3 listens" start_target
check "with the unit's capabilities alone, the agent serves" start_agent agent \
  setpriv --bounding-set=-all,+net_admin --inh-caps=-all --no-new-privs "$program" --stderr --config /tmp/tlshd.conf
check "a key is made" add_key 1 1
check "a controller is connected, and a mebibyte is read as it was written" connected
check "--status counts the handshakes of admin and I/O queue at both ends" answers '^handshakes +4$'
check "nothing failed" answers '^failures +none$'
check "the status is for root alone" eval '[ "$(stat -c %a /run/tynl-tlshd /run/tynl-tlshd/status.sock | xargs)" = "700 700" ]'
check "--check sees that the agent runs, and takes no request from it" eval \
  'checks_well && tells "^ok +agents +this one runs" check && same_data'
check "each handshake has a line, with its key" eval \
  '[ "$(grep -c "info handshake succeeded .* result=ok auth=psk .* identity=\"NVMe1R01 " /tmp/out/agent.log)" = 4 ]'
check "SIGHUP makes it read its configuration anew" reload_agent
by_usr1() {
  local before
  before=$(reloads)
  kill -USR1 "${agents[agent]}"
  eventually eval "[ \$(reloads) -gt $before ]"
}
check "SIGUSR1 does too" by_usr1
check "and opens no debugger" eval '[ -z "$(ss -tlnH "sport = :9229")" ] && ! tells "[Dd]ebugger" agent.log'
check "it is disconnected" disconnected
check "the agent ends when it is told to" stop_agent
check "and takes its socket with it" refused test -e /run/tynl-tlshd/status.sock
check "no record was damaged" all_decrypted
