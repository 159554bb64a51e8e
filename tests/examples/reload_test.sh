#!/usr/bin/env bash
# SIGHUP, the diagnostic log, check-config and how a process ends, with real processes.
source "$(dirname "$0")/lib.sh"
enter_own_network "$@"

wait_for() { # pattern, file
  local deadline=$((SECONDS + 20))
  until grep -q -- "$1" "$2" 2>/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$1 did not come in $2: $(cat "$2")"
    read -r -t 0.05 <> <(:) || true
  done
}
status() { curl -s -o /dev/null -w '%{http_code}' "$@" http://localhost:9000/healthz; }
await_status() { # code, curl arguments...
  local wanted=$1 deadline=$((SECONDS + 20))
  shift
  until [ "$(status "$@")" = "$wanted" ]; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$* is answered $(status "$@") instead of $wanted"
  done
}
check() { # code, arguments...
  local want=$1 got=0
  shift
  "$tapedeck" check-config "$@" >"$work/out" 2>"$work/err" || got=$?
  [ "$got" = "$want" ] || fail "check-config $* ended with $got instead of $want: $(cat "$work/err")"
}
config=$work/td.toml

printf 'buffer_size = 7\n[serve]\nlog-level = "warn"\nallowed-host = ["deck.example"]\n[tail]\nx = 1\n' >"$config"
check 0 "$config"
TAPEDECK_LISTEN=127.0.0.1:1 check 0 "$config"
check_line() { # line, what is named, file's text
  printf '%b' "$3" >"$config"
  check 1 "$config"
  grep -q "td.toml:$1: .*$2" "$work/err" || fail "line $1 and $2 are not named: $(cat "$work/err")"
  [ "$(wc -l <"$work/err")" = 1 ] || fail "an error is one sentence: $(cat "$work/err")"
}
check_line 2 bufer_size '\nbufer_size = 7\n'
check_line 1 buffer_size 'buffer_size = 0\n'
check_line 2 log-level '[serve]\nlog-level = "loud"\n'
check_line 1 '' 'buffer_size = [\n'
check_line 3 drain-ms '\n\ndrain-ms = -1\n'
check_line 1 dance '[dance]\nx = 1\n'
printf 'listen = "127.0.0.1:70000"\n' >"$config"
TAPEDECK_LISTEN=127.0.0.1:9000 check 1 "$config" # the variable would hide it
grep -q 70000 "$work/err" || fail "the value is not named: $(cat "$work/err")"
printf 'allowed-origin = "https://desk.example/path"\n' >"$config"
check 1 "$config"
grep -q 'td.toml: allowed-origin https://desk.example/path' "$work/err" || fail "$(cat "$work/err")"
printf 'symbols = "INFY"\n' >"$config"
check 1 "$config"
check 0 "$config" --command run
check 2 "$work/no-such-file"
check 2
passed "check-config"

printf '[serve]\nlog-file = "%s"\nlog-format = "text"\n' "$work/log" >"$config"
start_server serve --memory --config "$config"
reload() { # what the log says then
  kill -HUP "$server_pid"
  wait_for "$1" "$work/log"
}
[ "$(status -H 'Host: deck.example')" = 403 ] || fail "a foreign host is served"
cat >"$config" <<TOML
buffer-size = 99
log-file = "$work/log"
log-format = "json"
access-log = true
allowed-host = ["deck.example"]
allowed-origin = "https://desk.example"
max-body-bytes = 100
listen = "127.0.0.1:9001"
TOML
mv "$work/log" "$work/log.1"
reload 'configuration read again'
jq -es 'any(.message | startswith("configuration read again") and contains("allowed-host") and
  contains("max-body-bytes") and contains("log-format"))' "$work/log" \
  >/dev/null || fail "what changed is not told: $(cat "$work/log")"
wait_for 'only after a restart: .*buffer-size' "$work/log"
grep 'only after a restart' "$work/log" | grep -q listen || fail "listen is not named: $(cat "$work/log")"
await_status 200 -H 'Host: deck.example'
await_status 200 -H 'Origin: https://desk.example'
await_status 403 -H 'Origin: https://other.example'
await_status 413 -d "$(printf '%0200d' 0)"
curl -s http://localhost:9000/api/telemetry/stats | jq -e '.buffer_size == 5000' >/dev/null ||
  fail "the buffer's size changed without a restart"
passed "what can be reloaded is, and what cannot is named"

cp "$work/log" "$work/log.before"
sed -i 's/deck.example"]/other.example"]/; s/^buffer-size.*/max-body-bites = 1/' "$config"
reload 'td.toml:1: max-body-bites: there is no such option'
grep -q 'stays as it was' "$work/log" || fail "$(cat "$work/log")"
[ "$(status -H 'Host: deck.example')" = 200 ] || fail "a bad file changed the hosts"
[ "$(status -H 'Host: other.example')" = 403 ] || fail "a bad file changed the hosts"
sed -i '1d; s/"https:\/\/desk.example"/"desk.example"/' "$config"
reload 'allowed-origin desk.example'
[ "$(status -H 'Host: other.example')" = 403 ] || fail "a bad origin changed the hosts"
sed -i "s/\"desk.example\"/\"https:\/\/desk.example\"/; s|^log-file.*|log-file = \"$work/no/folder/log\"|" "$config"
reload 'cannot open the log file .*/no/folder/log: No such file'
[ "$(status -H 'Host: other.example')" = 403 ] || fail "a log that cannot be opened changed the hosts"
rm "$config"
reload 'td.toml'
[ "$(status -H 'Host: deck.example')" = 200 ] || fail "a missing file changed the hosts"
passed "a bad file changes nothing, and the log says which line"

# The access log: what happened, never what was in the query or a header.
secret=tdk_0badcafe_c2VjcmV0c2VjcmV0c2VjcmV0
curl -s -o /dev/null -H "X-Request-ID: mine-1" "http://localhost:9000/api/telemetry/events?access_token=$secret"
curl -s -o /dev/null -H "Authorization: Bearer $secret" -H "X-API-Key: $secret" -b "tapedeck_session=$secret" \
  http://localhost:9000/api/telemetry/stats
curl -s -o /dev/null -A $'x\r\n{"level":"info","message":"forged"}' "http://localhost:9000/%0a%22forged%22?$secret" || true
wait_for '"route":"/api/telemetry/stats"' "$work/log"
jq -es 'any(.request_id == "mine-1" and .status == 400 and .route == "/api/telemetry/events" and
  .method == "GET" and .address == "127.0.0.1" and .grant == "everybody" and .duration_ms >= 0 and .level == "info")' \
  "$work/log" >/dev/null || fail "the access log: $(grep mine-1 "$work/log")"
jq -e . "$work/log" >/dev/null || fail "a line is no JSON"
! grep -q 'c2VjcmV0\|forged' "$work/log" || fail "a secret is in the log: $(grep 'c2VjcmV0\|forged' "$work/log")"
[ "$(stat -c %a "$work/log")" = 600 ] || fail "others may read the log"
stop_server
passed "access log"

expect=0
"$tapedeck" serve --memory --log-file "$work/no/folder/log" 2>"$work/err" || expect=$?
[ "$expect" = 1 ] || fail "a log that cannot be opened: exit code $expect"
grep -q 'cannot open the log file' "$work/err" || fail "$(cat "$work/err")"
passed "a log that cannot be opened is an error at start"
