# Shared by the example tests: a server of our own on port 9000, as the examples have it, in a network
# namespace of its own where the machine allows one.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tapedeck=${TAPEDECK_PROGRAM:-$root/build/tapedeck}
work=$(mktemp -d)
export XDG_DATA_HOME=$work/data  # the history of a test is its own
export XDG_RUNTIME_DIR=$work  # tapedeck kill must not find runs that are not the test's

# Starts the script again inside a fresh network namespace, so that port 9000 is free there.
enter_own_network() {
  if [ -n "${TAPEDECK_OWN_NETWORK:-}" ]; then
    ip link set lo up
    return
  fi
  for flags in "--net" "--user --map-root-user --net"; do
    # shellcheck disable=SC2086
    if command -v ip >/dev/null && unshare $flags ip link set lo up 2>/dev/null; then
      TAPEDECK_OWN_NETWORK=1 exec unshare $flags "$0" "$@"
    fi
  done
  if curl -s -o /dev/null http://localhost:9000/healthz; then
    echo "SKIP: port 9000 is taken and this machine allows no network namespace"
    exit 77
  fi
}

server_pid=
start_server() {
  "$tapedeck" "$@" >"$work/server.out" 2>"$work/server.err" &
  server_pid=$!
  for _ in $(seq 200); do
    curl -s -o /dev/null http://localhost:9000/readyz && return
    kill -0 "$server_pid" 2>/dev/null || break
    read -r -t 0.05 <> <(:) || true
  done
  cat "$work/server.err" >&2
  echo "FAIL: the server did not start" >&2
  exit 1
}
stop_server() {
  [ -n "$server_pid" ] || return 0
  kill -INT "$server_pid" 2>/dev/null || true
  wait "$server_pid" || { echo "FAIL: the server ended with $?"; cat "$work/server.err"; exit 1; }
  server_pid=
}
cleanup() {
  [ -z "$server_pid" ] || kill -KILL "$server_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "FAIL: $*" >&2
  exit 1
}
passed() { echo "ok: $*"; }
