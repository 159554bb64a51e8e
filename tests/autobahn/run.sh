#!/usr/bin/env bash
# Autobahn's WebSocket cases against the codec and the plumbing of this server; see run_cases.py.
#   tests/autobahn/run.sh [--quick] [PYTHON]
# --quick leaves out the cases 9.*, which measure large messages, and sends 20 messages instead of
# 1000 in each of the cases 12.* and 13.*. PYTHON is 3.9 to 3.12 (default: python3); the suite is put
# into a folder under build/ by its pip. Needs build/tests/autobahn/ws_echo_server (or ECHO_SERVER).
# Exit code 77: the suite cannot be fetched here.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
options=()
if [ "${1:-}" = --quick ]; then
  options=(--skip 9. --messages 20)
  shift
fi
python=${1:-python3}
server=${ECHO_SERVER:-$root/build/tests/autobahn/ws_echo_server}
suite=$root/build/autobahntestsuite
work=$(mktemp -d)
pid=
cleanup() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

[ -x "$server" ] || { echo "there is no $server: build the target ws_echo_server" >&2; exit 1; }
if ! [ -d "$suite/autobahntestsuite/case" ]; then
  "$python" -m pip install --quiet --no-deps --target "$suite" 'autobahntestsuite==25.10.1' ||
    { echo "autobahntestsuite cannot be fetched" >&2; exit 77; }
fi

"$server" >"$work/port" </dev/null &
pid=$!
for _ in $(seq 100); do
  [ -s "$work/port" ] && break
  sleep 0.05
done
timeout -k 1 "${AUTOBAHN_TIMEOUT:-3600}" "$python" "$root/tests/autobahn/run_cases.py" \
  "$suite/autobahntestsuite" "$(cat "$work/port")" "${options[@]}"
