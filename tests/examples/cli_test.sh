#!/usr/bin/env bash
# The command line as people and scripts use it: help, exit codes, publish, stats, tail, signals.
source "$(dirname "$0")/lib.sh"
enter_own_network "$@"

expect_code() { # code, command...
  local want=$1 got=0
  shift
  "$@" >"$work/out" 2>"$work/err" || got=$?
  [ "$got" = "$want" ] || fail "$* ended with $got instead of $want: $(cat "$work/err")"
}
wait_for() { # pattern, file
  local deadline=$((SECONDS + 20))
  until grep -q -- "$1" "$2"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$1 did not come in $2: $(cat "$2")"
    read -r -t 0.05 <> <(:) || true
  done
}

expect_code 0 "$tapedeck" --version
grep -q '^tapedeck [0-9]' "$work/out" || fail "version"
expect_code 0 "$tapedeck" --help
for command in serve run tail query latest aggregates trades export publish stats kill resume; do
  grep -q "  $command" "$work/out" || fail "$command is not in the help"
  "$tapedeck" "$command" --help >"$work/help" || fail "$command --help"
  grep -q -- '--' "$work/help" || fail "$command --help: $(cat "$work/help")"
done
expect_code 2 "$tapedeck"
expect_code 2 "$tapedeck" dance
expect_code 2 "$tapedeck" serve --no-such-option
expect_code 2 "$tapedeck" serve --listen nonsense
expect_code 2 "$tapedeck" serve --listen 127.0.0.1:70000
expect_code 2 "$tapedeck" serve --listen 0.0.0.0:9000
grep -q 'credentials' "$work/err" || fail "the refusal does not say why"
expect_code 2 "$tapedeck" run --feed nonsense:x
expect_code 2 "$tapedeck" run --feed replay:/no/such/file --exit-at-end
grep -q '/no/such/file' "$work/err" || fail "the missing file is not named"
expect_code 2 "$tapedeck" run --feed push --listen 127.0.0.1:0
expect_code 1 "$tapedeck" stats
[ "$(wc -l <"$work/err")" = 1 ] || fail "an error is one sentence: $(cat "$work/err")"
passed "help and exit codes"

start_server serve
grep -q 'http://127.0.0.1:9000/' "$work/server.out" || fail "the address is not printed"
expect_code 1 "$tapedeck" serve --memory
grep -q '9000' "$work/err" || fail "the port in use is not named"
expect_code 1 "$tapedeck" serve --listen 127.0.0.1:0
grep -q "in use by another Tapedeck (process $server_pid)" "$work/err" ||
  fail "the folder in use is not named: $(cat "$work/err")"
passed "a port and a folder in use"

expect_code 0 "$tapedeck" publish signal_event symbol=NIFTY strategy_name=demo signal=BUY confidence=0.85
expect_code 0 "$tapedeck" publish custom --payload '{"a":[1,2]}' --timestamp 2025-11-18T13:25:41+05:30
expect_code 1 "$tapedeck" publish signal_event symbol=NIFTY
grep -q 'strategy_name' "$work/err" || fail "the missing field is not named"
expect_code 2 "$tapedeck" publish signal_event notafield
curl -s 'http://localhost:9000/api/telemetry/events' >"$work/events"
jq -e '.events[0].payload.confidence == 0.85 and .events[1].timestamp == "2025-11-18T07:55:41.000000Z"' \
  "$work/events" >/dev/null || fail "published events: $(cat "$work/events")"
seq 1 5000 | jq -c '{type: "tick", payload: {n: .}}' >"$work/lines"
expect_code 0 "$tapedeck" publish <"$work/lines"
grep -q '^5000 events accepted$' "$work/out" || fail "NDJSON: $(cat "$work/out")"
echo '{"type":"x"' >"$work/bad"
expect_code 1 "$tapedeck" publish <"$work/bad"
passed "publish"

expect_code 0 "$tapedeck" stats
grep -q 'tick  *[0-9]' "$work/out" || fail "stats table: $(cat "$work/out")"
expect_code 0 "$tapedeck" stats --json
jq -e .ok "$work/out" >/dev/null || fail "stats --json"
passed "stats"

"$tapedeck" tail --json --symbol INFY --last 0 >"$work/tail" 2>"$work/tail.err" &
tail_pid=$!
deadline=$((SECONDS + 20))
until grep -q INFY "$work/tail"; do
  [ "$SECONDS" -lt "$deadline" ] || fail "tail shows nothing: $(cat "$work/tail.err")"
  "$tapedeck" publish signal_event symbol=INFY strategy_name=demo signal=SELL >/dev/null
  "$tapedeck" publish signal_event symbol=TCS strategy_name=demo signal=SELL >/dev/null
done
jq -es 'all(.payload.symbol == "INFY")' "$work/tail" >/dev/null || fail "tail's filter"

# The server goes and comes back: tail says so and goes on.
stop_server
wait_for 'connecting again' "$work/tail.err"
start_server serve
deadline=$((SECONDS + 20))
until grep -q '"AFTER"' "$work/tail"; do
  [ "$SECONDS" -lt "$deadline" ] || fail "tail did not come back"
  "$tapedeck" publish signal_event symbol=INFY strategy_name=demo signal=BUY reason=AFTER >/dev/null
  read -r -t 0.1 <> <(:) || true
done
kill -INT "$tail_pid"
wait "$tail_pid" || fail "tail ended with $?"
"$tapedeck" tail --last 3 | head -n 1 | grep -q 'signal_event' || fail "tail into head"
expect_code 1 "$tapedeck" tail --since nonsense
passed "tail"

# SIGTERM under load: what was accepted before is streamed, then goodbye; exit code 0.
: >"$work/stream"
curl -sN http://localhost:9000/api/telemetry/stream >"$work/stream" &
curl_pid=$!
wait_for connection "$work/stream"
(while "$tapedeck" publish <"$work/lines" >/dev/null 2>&1; do :; done) &
load_pid=$!
wait_for '"type":"tick"' "$work/stream"
kill -TERM "$server_pid"
wait "$server_pid" || fail "SIGTERM: exit code $?"
server_pid=
wait "$curl_pid" || true
wait "$load_pid" || true
tail -n 2 "$work/stream" | grep -q '"type":"shutdown"' || fail "no goodbye: $(tail -c 300 "$work/stream")"
passed "SIGTERM under load"

# The configuration file; flags and variables win over it; SIGHUP reads it again.
printf 'buffer_size = 7\n[serve]\nlog-level = "warn"\n' >"$work/td.toml"
start_server serve --config "$work/td.toml"
curl -s http://localhost:9000/api/telemetry/stats | jq -e '.buffer_size == 7' >/dev/null || fail "config"
printf 'buffer_size = 7\n[serve]\nlog-level = "info"\n' >"$work/td.toml"
kill -HUP "$server_pid"
wait_for 'configuration read again' "$work/server.err"
stop_server
TAPEDECK_BUFFER_SIZE=8 start_server serve --config "$work/td.toml"
curl -s http://localhost:9000/api/telemetry/stats | jq -e '.buffer_size == 8' >/dev/null || fail "variable"
stop_server
TAPEDECK_BUFFER_SIZE=8 start_server serve --config "$work/td.toml" --buffer-size 9
curl -s http://localhost:9000/api/telemetry/stats | jq -e '.buffer_size == 9' >/dev/null || fail "flag"
stop_server
printf 'bufer_size = 7\n' >"$work/td.toml"
expect_code 1 "$tapedeck" serve --config "$work/td.toml"
grep -q 'td.toml:1: bufer_size' "$work/err" || fail "the line is not named: $(cat "$work/err")"
passed "configuration"

# The kill switch, by signal and through the server; first with nobody to kill.
expect_code 1 "$tapedeck" kill
grep -q 'no such run' "$work/err" || fail "kill without a run: $(cat "$work/err")"
expect_code 1 "$tapedeck" kill --command flatten
start_server run --feed sim --speed 100
expect_code 0 "$tapedeck" kill
grep -q "^kill: process $server_pid .*: done$" "$work/out" || fail "kill: $(cat "$work/out")"
curl -s 'http://localhost:9000/api/telemetry/events?event_type=command_event' |
  jq -e '[.events[].payload | select(.command == "kill" and .state == "done" and .by == "signal")] | length == 2' \
    >/dev/null || fail "the engines did not tell of the kill"
expect_code 0 "$tapedeck" resume
expect_code 0 "$tapedeck" kill --url http://localhost:9000 --reason enough
grep -q 'paper-execution: done' "$work/out" || fail "kill --url: $(cat "$work/out")"
expect_code 0 "$tapedeck" kill --url http://localhost:9000 --command flatten
expect_code 1 "$tapedeck" kill --url http://localhost:9000 --target nobody --timeout-ms 100
grep -q 'no engine has answered' "$work/err" || fail "kill --target: $(cat "$work/err")"
# A server that answers nothing any more: the signal still does.
expect_code 0 "$tapedeck" resume
kill -USR1 "$server_pid"
wait_for 'kill by signal' "$work/server.err"
stop_server
passed "kill switch"

# The instrument dump: a good one is kept, a bad one is refused, a run uses what is kept.
cat >"$work/dump.csv" <<'CSV'
instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange
2953217,11536,TCS,TATA CONSULTANCY SERV LT,0,,0,0.1,1,EQ,NSE,NSE
408065,1594,INFY,INFOSYS,0,,0,0.1,1,EQ,NSE,NSE
nonsense,1,BAD,BAD,0,,0,0.05,1,EQ,NSE,NSE
CSV
expect_code 1 "$tapedeck" universe refresh --dump "$work/dump.csv" --out "$work/kept.csv.gz"
grep -q 'line 4' "$work/err" "$work/out" || fail "the bad row is not named: $(cat "$work/err" "$work/out")"
sed -i '/nonsense/d' "$work/dump.csv"
expect_code 0 "$tapedeck" universe refresh --dump "$work/dump.csv" --out "$work/kept.csv.gz" --json
jq -e . "$work/out" >/dev/null || fail "universe refresh --json: $(cat "$work/out")"
head -c 20 "$work/dump.csv" >"$work/cut.csv"
expect_code 1 "$tapedeck" universe refresh --dump "$work/cut.csv" --out "$work/kept.csv.gz"
zcat "$work/kept.csv.gz" | grep -q INFY || fail "a bad dump replaced the good one"
expect_code 2 "$tapedeck" universe
passed "universe refresh"

# Strategies and their parameters, from flags and from the file.
expect_code 0 "$tapedeck" run --list-strategies
grep -q 'stop_atr = 2.5' "$work/out" || fail "list of strategies: $(cat "$work/out")"
printf '[strategies.momentum]\nstop_atr = 3.5\nnonsense = 1\n' >"$work/td.toml"
expect_code 2 "$tapedeck" run --config "$work/td.toml" --listen 127.0.0.1:0
grep -q "no parameter 'nonsense'" "$work/err" || fail "parameter of the file: $(cat "$work/err")"
expect_code 2 "$tapedeck" run --strategy-set momentum.stop_atr=-1 --listen 127.0.0.1:0
expect_code 2 "$tapedeck" run --strikes NIFTY --listen 127.0.0.1:0
passed "strategies"

# A replay that ends.
printf 'timestamp,symbol,price,volume\n' >"$work/ticks.csv"
for minute in $(seq 15 40); do
  printf '2025-11-18 09:%02d:05,TCS,%s,10\n' "$minute" "$((3000 + minute % 7))" >>"$work/ticks.csv"
done
echo 'garbage' >>"$work/ticks.csv"
printf '[strategies.momentum]\nstop_atr = 3.5\n' >"$work/td.toml"
expect_code 0 "$tapedeck" run --config "$work/td.toml" --listen 127.0.0.1:0 --feed "replay:$work/ticks.csv" \
  --speed 0 --exit-at-end --strategy-set momentum.target_atr=6 --instruments "$work/kept.csv.gz" \
  --engine-state "$work/state.db" --candle-cache "$work/candles.db"
[ "$(stat -c %a "$work/state.db" "$work/candles.db" | sort -u)" = 600 ] || fail "modes of the files"
grep -q '1 bad row' "$work/err" || fail "the bad row is not reported: $(cat "$work/err")"
passed "a replay that ends"
