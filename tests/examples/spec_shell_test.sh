#!/usr/bin/env bash
# Every shell example of the user's document, verbatim, against a running system.
source "$(dirname "$0")/lib.sh"
enter_own_network "$@"
start_server run --speed 60 --seed 7

# curl's progress meter is not what is tested; the commands below stay as they are written.
echo silent >"$work/.curlrc"
export CURL_HOME=$work

publish() {
  curl -s -H 'Content-Type: application/json' -d "$1" http://localhost:9000/api/telemetry/events
}
# Text that breaks naive pipelines: quotes, backslashes, control characters, UTF-8.
awkward='{"type":"signal_event","payload":{"symbol":"M&M","strategy_name":"say \"buy\" \\ now","signal":"BUY","reason":"tab\t newline\n ₹ café \u0001 -n -e $HOME `id` * ","confidence":0.5}}'
order='{"type":"order_event","payload":{"order_id":"O-1","symbol":"NIFTY","side":"BUY","status":"filled"}}'
publish "$awkward" >/dev/null
publish "$order" >/dev/null

# --- Get telemetry statistics
curl http://localhost:9000/api/telemetry/stats >"$work/out"
jq -e '.ok and .total_events >= 2 and (.event_types | index("order_event"))' "$work/out" >/dev/null ||
  fail "stats: $(cat "$work/out")"
passed "statistics"

# --- Get recent events
curl "http://localhost:9000/api/telemetry/events?limit=50" >"$work/out"
jq -e '.ok and (.events | length) == .count and .count >= 2' "$work/out" >/dev/null || fail "events"
passed "recent events"

# --- Filter by event type
curl "http://localhost:9000/api/telemetry/events?event_type=order_event&limit=20" >"$work/out"
jq -e '.count >= 1 and ([.events[].type] | unique) == ["order_event"]' "$work/out" >/dev/null || fail "filter"
passed "filter by event type"

# Streams do not end: each is read until what it must show has come.
run_stream() { # name, pattern to wait for, command
  local deadline=$((SECONDS + 30))
  : >"$work/out"
  : >"$work/err"
  setsid bash -c "$3" >"$work/out" 2>"$work/err" &
  local pid=$!
  until grep -q "$2" "$work/out"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$1: $2 did not come; got $(head -c 2000 "$work/out")"
    publish "$awkward" >/dev/null
    publish "$order" >/dev/null
    read -r -t 0.05 <> <(:) || true
  done
  kill -- "-$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  [ ! -s "$work/err" ] || fail "$1: on standard error: $(head -c 2000 "$work/err")"
  passed "$1"
}

run_stream "stream of all events" '"symbol":"M&M"' \
  'curl -N "http://localhost:9000/api/telemetry/stream"'
run_stream "stream of one event type" '"type":"order_event"' \
  'curl -N "http://localhost:9000/api/telemetry/stream?event_type=order_event"'
! grep -q signal_event "$work/out" || fail "the filtered stream carries other types"
run_stream "watch all events" '"symbol":"M&M"' \
  'curl -N http://localhost:9000/api/telemetry/stream'
run_stream "pretty print with jq" '"symbol": "M&M"' "$(cat <<'PIPELINE'
curl -N http://localhost:9000/api/telemetry/stream | \
  while read line; do
    echo "$line" | sed 's/^data: //' | jq '.'
  done
PIPELINE
)"

stop_server
passed "clean stop"
