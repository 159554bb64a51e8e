#!/usr/bin/env bash
# The server under load: SSE fan-out, latency, CPU a delivery, ingest, REST, idle cost, memory of an
# idle connection. Beside it nchan (Debian's libnginx-mod-nchan) under the same load where it applies.
#   bench/server_bench.sh SSEBENCH [FILE]
# SSEBENCH is the load tool (ssebench: prints one line of JSON a run); FILE gets the results as JSON
# lines. Everything stays on loopback and ends by itself.
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
ssebench=$1
results=${2:-/dev/null}
: >"$results"
work=$(mktemp -d)
port=19000
api=http://127.0.0.1:$port/api/telemetry
nchan_port=19100
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
ulimit -n "$(ulimit -H -n)"

wait_until_up() {
  for _ in $(seq 100); do
    curl -s -o /dev/null "$1" && return
    sleep 0.05
  done
  die "nothing answers at $1"
}

start_tapedeck() { # arguments of the program
  "$root/build/tapedeck" "$@" --data-dir "$work/history" --listen "127.0.0.1:$port" --log-level off >/dev/null &
  server=$!
  pids+=("$server")
  wait_until_up "http://127.0.0.1:$port/readyz"
}
stop_tapedeck() {
  kill -TERM "$server"
  wait "$server" || true
}

start_nchan() { # workers
  cat >"$work/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
worker_processes $1;
worker_rlimit_nofile 65536;
daemon off;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 30000; }
http {
  access_log off;
  client_body_temp_path $work/body;
  proxy_temp_path $work/proxy; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  nchan_shared_memory_size 512M;
  server {
    listen 127.0.0.1:$nchan_port;
    location = /pub { nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 5000; }
    location = /sub { nchan_subscriber eventsource; nchan_channel_id bench; nchan_subscriber_first_message newest; }
  }
}
CONF
  nginx -p "$work" -c "$work/nginx.conf" 2>/dev/null &
  nchan=$!
  pids+=("$nchan")
  sleep 0.5
}
stop_nchan() {
  kill -TERM "$nchan" || die "nginx is not running: $(cat "$work/error.log")"
  wait "$nchan" || true
}

# Prints one row and keeps the whole result.
row() { # name, json
  printf '%s\n' "$2" | jq -c --arg name "$1" '. + {name: $name}' >>"$results"
  printf '%s\n' "$2" | jq -r --arg name "$1" '
    def ms: if . == null then "-" else (. / 10 | round / 100 | tostring) + " ms" end;
    [$name, (.deliveries_per_s | round | tostring), (.lost | tostring),
     (.latency_us.p50 | ms), (.latency_us.p99 | ms),
     (if .deliveries > 0 then (.server.cpu_s * 1e8 / .deliveries | round / 100 | tostring) + " us" else "-" end)]
    | @tsv' | awk -F'\t' '{printf "%-44s %12s/s %8s lost  p50 %10s  p99 %10s  cpu %9s\n", $1, $2, $3, $4, $5, $6}'
}
load() { # name, ssebench arguments
  local name=$1
  shift
  row "$name" "$("$ssebench" --server-pid "$server" --publish-url "$api/events" "$@" 2>/dev/null | tail -n 1)"
}
nchan_load() {
  local name=$1
  shift
  row "$name" "$("$ssebench" --server-pid "$nchan" --url "http://127.0.0.1:$nchan_port/sub" \
    --publish-url "http://127.0.0.1:$nchan_port/pub" "$@" 2>/dev/null | tail -n 1)"
}

echo "-- SSE (deliveries a second, loss, publish to receive, server CPU a delivery)"
start_tapedeck serve
stream=$api/stream
load "tapedeck    1 x 1000/s" --url "$stream" --conns 1 --rate 1000 --seconds 5
load "tapedeck  100 x 1000/s" --url "$stream" --conns 100 --rate 1000 --seconds 5
load "tapedeck  100 x 1000/s coalesce_ms=5" --url "$stream?coalesce_ms=5" --conns 100 --rate 1000 --seconds 5
load "tapedeck 1000 x  100/s" --url "$stream" --conns 1000 --rate 100 --seconds 5 --threads 2
load "tapedeck 1000 x 1500/s" --url "$stream" --conns 1000 --rate 1500 --seconds 5 --threads 2 --batch 5
load "tapedeck 1000 x 3000/s pushed" --url "$stream" --conns 1000 --rate 3000 --seconds 5 --threads 2 --batch 20
load "tapedeck 1000 x 4000/s pushed" --url "$stream" --conns 1000 --rate 4000 --seconds 5 --threads 2 --batch 40
if command -v nginx >/dev/null && [ -e /usr/lib/nginx/modules/ngx_nchan_module.so ]; then
  start_nchan 1
  nchan_load "nchan       1 x 1000/s" --conns 1 --rate 1000 --seconds 5
  nchan_load "nchan     100 x 1000/s" --conns 100 --rate 1000 --seconds 5
  nchan_load "nchan    1000 x  100/s" --conns 1000 --rate 100 --seconds 5 --threads 2
  nchan_load "nchan    1000 x 1500/s (1 worker)" --conns 1000 --rate 1500 --seconds 5 --threads 2 --pub-conns 4
  stop_nchan
  start_nchan 2
  nchan_load "nchan    1000 x 1500/s (2 workers)" --conns 1000 --rate 1500 --seconds 5 --threads 2 --pub-conns 4
  stop_nchan
else
  echo "nchan is not installed: its rows are left out (apt-get install nginx libnginx-mod-nchan)"
fi

echo "-- ingest (events accepted a second by POST)"
ingest() { # name, arguments
  local name=$1 json
  shift
  json=$("$ssebench" --server-pid "$server" --publish-url "$api/events" --rate 0 --seconds 4 --settle 0 \
    --drain 0.1 "$@" 2>/dev/null | tail -n 1)
  printf '%s\n' "$json" | jq -c --arg name "$name" '. + {name: $name}' >>"$results"
  printf '%-44s %12.0f/s\n' "$name" "$(printf '%s' "$json" | jq '.publish.acked / .publish.elapsed_s')"
}
ingest "tapedeck POST single, 4 connections" --pub-conns 4
ingest "tapedeck POST single, 4 connections, pipelined" --pub-conns 4 --pipeline 16
ingest "tapedeck POST NDJSON of 1000, 4 connections" --pub-conns 4 --batch 1000

echo "-- REST, full buffer (wrk -t2 -c32)"
jq -nc 'range(5000) | {type: "signal_event", payload: {symbol: "NIFTY", strategy_name: "momentum", signal: "BUY", confidence: 0.85, reason: "RSI oversold + EMA crossover", timeframe: "5m"}}' |
  "$root/build/tapedeck" publish --url "http://127.0.0.1:$port" >/dev/null
for path in "events?limit=100" stats; do
  rate=$(wrk -t2 -c32 -d4s "$api/$path" | awk '/Requests\/sec/ {print $2}')
  printf '%-44s %12.0f/s\n' "tapedeck GET /$path" "$rate"
  jq -nc --arg name "GET /$path" --argjson rate "$rate" '{name: $name, requests_per_s: $rate}' >>"$results"
done
stop_tapedeck

echo "-- idle"
start_tapedeck serve
before=$(awk '/^Rss/ {print $2}' "/proc/$server/smaps_rollup")
"$ssebench" --url "$stream" --conns 10000 --seconds 6 --ramp 1 >/dev/null 2>&1 &
tool=$!
sleep 4
open=$(curl -s "$api/stats" | jq .subscribers)
after=$(awk '/^Rss/ {print $2}' "/proc/$server/smaps_rollup")
printf '%-44s %12.1f KB (%s connections)\n' "memory of an idle SSE connection" \
  "$(awk -v a="$after" -v b="$before" -v n="$open" 'BEGIN {print (a - b) / n}')" "$open"
wait "$tool" || true
stop_tapedeck
start_tapedeck run --speed 1
"$ssebench" --url "$stream" --conns 100 --seconds 22 >/dev/null 2>&1 &
tool=$!
sleep 6
cpu_ticks() { awk '{print $14 + $15}' "/proc/$server/stat"; }
from=$(cpu_ticks)
sleep 15
to=$(cpu_ticks)
printf '%-44s %11.2f %% of a core\n' "four engines, 100 SSE clients, speed 1" \
  "$(awk -v t="$((to - from))" -v hz="$(getconf CLK_TCK)" 'BEGIN {print 100 * t / hz / 15}')"
wait "$tool" || true
stop_tapedeck
