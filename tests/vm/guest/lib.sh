# What scripts of suites share. Standard output is TAP (testanything.org), everything else goes to standard error.
status=0
checks=0

# COMMAND ...: one test, which passes if the command does. NAME says what is shown by it.
check() { # NAME COMMAND ...
  local name=$1 result
  shift
  checks=$((checks + 1))
  echo "## $name" >&2
  "$@" >&2
  result=$?
  if [ $result -eq 0 ]; then
    echo "ok $checks - $name"
  else
    echo "not ok $checks - $name"
    echo "# $* gave $result; see stderr.log"
    status=1
  fi
}

refused() { ! "$@"; } # COMMAND ...: passes if the command fails

# Waits until a command succeeds, for two minutes; under emulation everything takes long.
eventually() { # COMMAND ...
  local end=$((SECONDS + 120))
  while [ $SECONDS -lt $end ]; do
    "$@" && return 0
    sleep 0.1
  done 2>/dev/null
  return 1
}

# The bundled test files of the suite, in one Deno process.
deno_tests() { # [DENO OPTION ...]
  cd /payload/repository || return 1
  xargs deno test --no-check --no-config --allow-all --reporter=tap "$@" <../tests.txt || status=1
  cd /payload || return 1
}

finish() {
  if [ "$checks" -gt 0 ]; then echo "1..$checks"; fi
  exit "$status"
}
