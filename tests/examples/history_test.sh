#!/usr/bin/env bash
# The history as people use it: ask for what was, aggregate, follow one trade, export, play back, and
# find all of it again after a restart and after a crash.
source "$(dirname "$0")/lib.sh"
enter_own_network "$@"

expect_code() { # code, command...
  local want=$1 got=0
  shift
  "$@" >"$work/out" 2>"$work/err" || got=$?
  [ "$got" = "$want" ] || fail "$* ended with $got instead of $want: $(cat "$work/err")"
}
has() { # pattern, file
  grep -qE -- "$1" "$2" || fail "$1 is not in: $(cat "$2")"
}
line_count() { # number, file
  [ "$(wc -l <"$2")" = "$1" ] || fail "$(wc -l <"$2") lines instead of $1: $(tail -n 3 "$2")"
}
crash_server() {
  kill -KILL "$server_pid"
  wait "$server_pid" 2>/dev/null || true
  server_pid=
}

start_server serve

# Two decisions of 18 November 2025, 09:15 IST: one is filled in 40 ms, one is vetoed.
cat >"$work/day" <<'NDJSON'
{"type":"decision_trace","timestamp":"2025-11-18T09:15:00+05:30","payload":{"strategy_name":"momentum","symbol":"INFY","exchange":"NSE","decision":"BUY","trace_data":{"reason":"crossed","close_price":1500.0},"correlation_id":"C1"}}
{"type":"signal_event","timestamp":"2025-11-18T09:15:00.001+05:30","payload":{"symbol":"INFY","strategy_name":"momentum","signal":"BUY","price":1500.0,"correlation_id":"C1"}}
{"type":"order_event","timestamp":"2025-11-18T09:15:00.002+05:30","payload":{"order_id":"O-1","symbol":"INFY","side":"BUY","status":"submitted","qty":10,"strategy":"momentum","correlation_id":"C1"}}
{"type":"order_event","timestamp":"2025-11-18T09:15:00.020+05:30","payload":{"order_id":"O-1","symbol":"INFY","side":"BUY","status":"acknowledged","qty":10,"strategy":"momentum","correlation_id":"C1"}}
{"type":"order_event","timestamp":"2025-11-18T09:15:00.040+05:30","payload":{"order_id":"O-1","symbol":"INFY","side":"BUY","status":"filled","qty":10,"filled_qty":10,"avg_price":1500.5,"fill_qty":10,"fill_price":1500.5,"strategy":"momentum","correlation_id":"C1"}}
{"type":"position_event","timestamp":"2025-11-18T09:15:00.041+05:30","payload":{"symbol":"INFY","position_size":10,"entry_price":1500.5,"realized_pnl":0.0,"charges":2.5,"strategy":"momentum","correlation_id":"C1"}}
{"type":"decision_trace","timestamp":"2025-11-18T09:16:00+05:30","payload":{"strategy_name":"momentum","symbol":"TCS","exchange":"NSE","decision":"VETO","trace_data":{"reason":"4 positions are open","close_price":3000.0,"veto_by":"limits","veto_code":"max_positions","wanted":"SELL"},"correlation_id":"C2"}}
NDJSON
expect_code 0 "$tapedeck" publish <"$work/day"
seq 1 2500 | jq -c '{type: "tick", timestamp: "2025-11-18T09:20:00+05:30", payload: {symbol: "INFY", price: .}}' \
  >"$work/ticks"
expect_code 0 "$tapedeck" publish <"$work/ticks"

# --- query
ask_for_the_day() {
  expect_code 0 "$tapedeck" query --since "2025-11-18 09:15" --until "2025-11-18 09:16:00"
  line_count 8 "$work/out"
  [ "$(head -n 1 "$work/out")" = "-- 2025-11-18 IST --" ] || fail "the day: $(cat "$work/out")"
  has '^09:15:00.000 decision_trace +INFY momentum BUY' "$work/out"
  tail -n 1 "$work/out" | grep -q '^09:16:00.000 decision_trace     TCS momentum VETO' || fail "newest last"
  expect_code 0 "$tapedeck" query --event-type order_event --json --limit 2
  jq -es 'map(.payload.status) == ["acknowledged", "filled"]' "$work/out" >/dev/null || fail "--limit"
  has 'older ones: --cursor ' "$work/err"
  expect_code 0 "$tapedeck" query --event-type tick --limit 2200 --json
  jq -es 'map(.payload.price) == [range(301; 2501)]' "$work/out" >/dev/null || fail "--limit beyond a page"
  local cursor
  cursor=$(sed 's/.*--cursor //' "$work/err")
  expect_code 0 "$tapedeck" query --event-type tick --limit 2200 --json --cursor "$cursor"
  jq -es 'map(.payload.price) == [range(1; 301)]' "$work/out" >/dev/null || fail "--cursor"
  [ ! -s "$work/err" ] || fail "there are no older ones: $(cat "$work/err")"
  expect_code 0 "$tapedeck" query --all --json --event-type tick
  jq -es 'map(.payload.price) == [range(1; 2501)]' "$work/out" >/dev/null || fail "--all"
}
ask_for_the_day
stop_server
start_server serve --buffer-size 10
ask_for_the_day
expect_code 0 "$tapedeck" query --in buffer --json --limit 1000
line_count 0 "$work/out"
has 'no event matches' "$work/err"
expect_code 0 "$tapedeck" query --in store --json --symbol TCS
line_count 1 "$work/out"
expect_code 1 "$tapedeck" query --since nonsense
has 'since=nonsense' "$work/err"
expect_code 2 "$tapedeck" query --limit 0
expect_code 2 "$tapedeck" query --all --limit 5
"$tapedeck" query --all | head -n 1 | grep -q . || fail "query into head"
for arguments in "query --limit 1000" "query --all" "trades --json" "aggregates --since 2025-11-18 --interval 1d"; do
  # shellcheck disable=SC2086
  if "$tapedeck" $arguments >/dev/full 2>"$work/err"; then fail "$arguments took a full disk for success"; fi
  has 'is the disk full' "$work/err"
done
passed "query, also after a restart"

# --- words for times
expect_code 0 "$tapedeck" publish now.event symbol=NOW
for since in -5m today "$(TZ=Asia/Kolkata date -d '2 minutes ago' '+%F %H:%M')"; do
  expect_code 0 "$tapedeck" query --symbol NOW --json --since "$since"
  line_count 1 "$work/out"
done
expect_code 0 "$tapedeck" query --symbol NOW --json --until yesterday
line_count 0 "$work/out"
passed "words for times"

# --- latest
expect_code 0 "$tapedeck" latest --event-type order_event --by order_id --at "2025-11-18 09:15:00" --json
line_count 0 "$work/out"
expect_code 0 "$tapedeck" latest --event-type order_event --by order_id --at 2025-11-18T09:15:00.020+05:30
has ' acknowledged ' "$work/out"
expect_code 0 "$tapedeck" latest --event-type order_event --by order_id --json
jq -es 'length == 1 and .[0].payload.status == "filled"' "$work/out" >/dev/null || fail "latest"
passed "latest"

# --- aggregates
day=(--since "2025-11-18 09:15" --until "2025-11-18 09:20")
expect_code 0 "$tapedeck" aggregates --group-by type "${day[@]}"
has '^from \(IST\) +decision_trace  order_event  position_event  signal_event   tick$' "$work/out"
has '^2025-11-18 09:15:00 +1 +3 +1 +1$' "$work/out"
has '^2025-11-18 09:20:00 +2,500$' "$work/out"
expect_code 0 "$tapedeck" aggregates --metric max --field price --group-by symbol,type "${day[@]}" --event-type tick
has '^2025-11-18 09:20:00  INFY    tick +2500.00  2,500$' "$work/out"
expect_code 0 "$tapedeck" aggregates --metric rate --interval 5m "${day[@]}" --json
jq -e '.source == "rollup" and (.buckets | length) == 2' "$work/out" >/dev/null || fail "$(cat "$work/out")"
expect_code 1 "$tapedeck" aggregates --metric median
has 'metric=median' "$work/err"
expect_code 1 "$tapedeck" aggregates --metric avg
passed "aggregates"

# --- trades
follow_the_trades() {
  expect_code 0 "$tapedeck" trades
  line_count 3 "$work/out"
  has '^2025-11-18 09:15:00  C1  momentum  INFY    BUY   filled    10  1500.50     \+0.50 .* 40.0 ms$' "$work/out"
  tail -n 1 "$work/out" | grep -q 'C2 .* SELL  vetoed .* limits: max_positions, 4 positions are open$' ||
    fail "the veto: $(cat "$work/out")"
  expect_code 0 "$tapedeck" trades C1
  has '^ +\+0 us  09:15:00.000 decision_trace' "$work/out"
  has '^ +\+40.0 ms  09:15:00.040 order_event +INFY momentum BUY filled' "$work/out"
  has '^latency     decision to sent 2.0 ms, to acknowledged 18.0 ms, to first fill 20.0 ms' "$work/out"
  cp "$work/out" "$work/chain"
  expect_code 0 "$tapedeck" trades O-1
  cmp -s "$work/chain" "$work/out" || fail "by its order: $(cat "$work/out")"
  expect_code 0 "$tapedeck" trades C2
  has '^outcome     vetoed by limits: max_positions, 4 positions are open \(wanted SELL\)$' "$work/out"
}
follow_the_trades
expect_code 0 "$tapedeck" trades --outcome vetoed --side SELL --json
jq -e '.count == 1 and .trades[0].correlation_id == "C2"' "$work/out" >/dev/null || fail "--outcome"
expect_code 0 "$tapedeck" trades --limit 1
has 'C2' "$work/out"
expect_code 0 "$tapedeck" trades --limit 1 --cursor "$(sed "s/.*--cursor '\(.*\)'/\1/" "$work/err")"
has 'C1' "$work/out"
expect_code 1 "$tapedeck" trades nothing-like-it
has 'nothing-like-it' "$work/err"
expect_code 2 "$tapedeck" trades C1 --limit 3
passed "trades"

# --- export
expect_code 0 "$tapedeck" export --symbol INFY --event-type order_event --output "$work/orders.csv" \
  --columns timestamp,order_id,status,avg_price
printf '%s\r\n' timestamp,order_id,status,avg_price 2025-11-18T03:45:00.002000Z,O-1,submitted, \
  2025-11-18T03:45:00.020000Z,O-1,acknowledged, 2025-11-18T03:45:00.040000Z,O-1,filled,1500.5 >"$work/expected"
cmp "$work/expected" "$work/orders.csv" || fail "CSV"
has '^tapedeck: 3 events \(.*\) written to .*/orders.csv$' "$work/err"
expect_code 0 "$tapedeck" export --output "$work/all.ndjson.gz"
zcat "$work/all.ndjson.gz" | jq -es 'length == 2508 and .[0].type == "decision_trace"' >/dev/null || fail "gzip"
"$tapedeck" export --event-type tick --gzip | zcat | wc -l | grep -qx 2500 || fail "gzip into a pipe"
"$tapedeck" export 2>"$work/err" | head -n 1 | grep -q decision_trace || fail "export into head"
[ ! -s "$work/err" ] || fail "export into head: $(cat "$work/err")"
expect_code 1 "$tapedeck" export --output /dev/full
has 'No space left on device' "$work/err"
expect_code 1 "$tapedeck" export --output "$work/no/such/folder"
expect_code 1 "$tapedeck" export --filter '((' --output "$work/refused.ndjson"
! compgen -G "$work/refused*" || fail "a refused export left a file"
expect_code 1 "$tapedeck" export --columns a
expect_code 2 "$tapedeck" export --format xml
passed "export"

# --- play-back
expect_code 0 timeout 30 "$tapedeck" tail --since "2025-11-18 09:15" --speed 0 --json --correlation-id C1
jq -es 'map(.type) == ["decision_trace", "signal_event", "order_event", "order_event", "order_event", "position_event"]' \
  "$work/out" >/dev/null || fail "play-back: $(cat "$work/out")"
expect_code 0 timeout 30 "$tapedeck" tail --since "2025-11-18 09:15" --speed 1000 --correlation-id C1,C2
line_count 8 "$work/out"
expect_code 0 timeout 30 "$tapedeck" tail --since "2025-11-18 09:15" --until "2025-11-18 09:15:00" --json
line_count 1 "$work/out"
expect_code 2 "$tapedeck" tail --speed 1
expect_code 1 "$tapedeck" tail --since today --speed -1
passed "play-back"

# --- stats
expect_code 0 "$tapedeck" stats
has '^history: 2,508 events in 1 file, [0-9.]+ kB for [0-9.]+ kB of JSON \([0-9]+ %\), 0 events behind$' "$work/out"
curl -s localhost:9000/metrics | grep -q '^tapedeck_store_events 2508$' || fail "metrics"
passed "stats"

# --- an export that is cut short: by its user, then by a crash of the server
seq 1 100000 | jq -c '{type: "load", payload: {n: ., text: ("x" * 200)}}' >"$work/load"
expect_code 0 "$tapedeck" publish <"$work/load"
mkfifo "$work/pipe" "$work/other_pipe"
exec 7<>"$work/pipe" 8<>"$work/other_pipe"
"$tapedeck" export --event-type load --output "$work/pipe" 2>"$work/err" &
export_pid=$!
head -c 1 <&7 >/dev/null  # it has begun, and a pipe does not hold it all
kill -INT "$export_pid"
code=0
wait "$export_pid" || code=$?
[ "$code" = 1 ] || fail "an interrupted export ended with $code"
has '^tapedeck: interrupted: the export is not whole; [0-9,]+ events had come' "$work/err"
curl -sf 'http://localhost:9000/api/telemetry/events?ack=durable' -H 'Idempotency-Key: order-7' \
  -d '{"type":"order_event","payload":{"order_id":"O-7","symbol":"TCS","side":"SELL","status":"new"}}' >"$work/durable"
jq -e '.accepted == 1' "$work/durable" >/dev/null || fail "ack=durable: $(cat "$work/durable")"
"$tapedeck" export --event-type load --output "$work/other_pipe" 2>"$work/err" &
export_pid=$!
head -c 1 <&8 >/dev/null
crash_server
cat <&8 >/dev/null &
cat_pid=$!
code=0
wait "$export_pid" || code=$?
kill "$cat_pid"
[ "$code" = 1 ] || fail "an export whose server has died ended with $code"
has 'the server ended the answer early: the export is not whole' "$work/err"
passed "exports that are cut short"

# --- after the crash
start_server serve
expect_code 0 "$tapedeck" query --order-id O-7 --json
jq -es --slurpfile answer "$work/durable" 'length == 1 and .[0].id == $answer[0].first_id' "$work/out" >/dev/null ||
  fail "the durable event: $(cat "$work/out")"
curl -sif 'http://localhost:9000/api/telemetry/events?ack=durable' -H 'Idempotency-Key: order-7' \
  -d '{"type":"order_event","payload":{"order_id":"O-7","symbol":"TCS","side":"SELL","status":"new"}}' >"$work/again"
has '^Idempotency-Replayed: true' "$work/again"
grep -qF "$(jq -r .first_id "$work/durable")" "$work/again" || fail "another answer: $(cat "$work/again")"
expect_code 0 "$tapedeck" query --order-id O-7 --json
line_count 1 "$work/out"
expect_code 0 "$tapedeck" query --all --event-type load --json
line_count 100000 "$work/out"
follow_the_trades
passed "after a crash"

stop_server
start_server serve --memory
expect_code 0 "$tapedeck" stats
has '^history: none' "$work/out"
expect_code 1 "$tapedeck" query --in store
has 'in memory only' "$work/err"
passed "without a history"
