#!/usr/bin/env bash
# A server under load is told to stop: two hundred streams, one client that never reads, an upload
# under way. It ends with 0 within its bound, everybody else got a goodbye, what was accepted is
# stored. A second signal does not wait.
source "$(dirname "$0")/lib.sh"
enter_own_network "$@"
python3 "$(dirname "$0")/drain_clients.py" "$tapedeck" "$work" || fail "see above"
passed "drain"
