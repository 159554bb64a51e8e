#!/usr/bin/env bash
# WebSocket under load: deliveries a second with and without batches and compression, latency, idle
# connections; beside it a broadcast server on npm's ws under the same load, when there is one.
#   bench/ws_bench.sh [FILE]
# WS_MODULES names a node_modules folder that has ws (npm install ws). FILE gets the JSON lines.
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
bench=$root/build/bench/ws_bench
results=${1:-/dev/null}
: >"$results"
seconds=${WS_SECONDS:-5}
work=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
ulimit -n "$(ulimit -H -n)"
mkfifo "$work/input"
exec 9<>"$work/input" # never says anything, and ends with this script

start() { # command of a server that prints its port
  : >"$work/port"
  "$@" >"$work/port" 2>"$work/log" <&9 &
  server=$!
  pids+=("$server")
  for _ in $(seq 200); do
    [ -s "$work/port" ] && break
    sleep 0.05
  done
  [ -s "$work/port" ] || die "the server did not start: $(cat "$work/log")"
  port=$(cat "$work/port")
}
stop() {
  kill -TERM "$server"
  wait "$server" 2>/dev/null || true
}
load() { # name, arguments of ws_bench
  local name=$1 line
  shift
  line=$(timeout -k 1 60 "$bench" --port "$port" --pid "$server" --seconds "$seconds" "$@" </dev/null)
  printf '%s\n' "$line" | jq -c --arg name "$name" '. + {name: $name}' >>"$results"
  printf '%s\n' "$line" | jq -r --arg name "$name" '
    if .idle then [$name, (.open | tostring) + " open", (.kb_each | tostring) + " KB each"]
    else [$name, (.deliveries_per_s | tostring) + "/s", (.delivered * 100 | round | tostring) + " %",
          (.lost | tostring) + " lost", "p50 " + (.p50_us | tostring) + " us",
          "p99 " + (.p99_us | tostring) + " us", (.server_cpu_us_per_delivery | tostring) + " us cpu"]
    end | @tsv' | awk -F'\t' '{printf "%-46s", $1; for (i = 2; i <= NF; ++i) printf " %14s", $i; print ""}'
}
rows() { # name
  load "$1    1 x 1000/s" --clients 1 --rate 1000
  load "$1  100 x 1000/s" --clients 100 --rate 1000
  load "$1  100 x 1000/s, groups of 10, batch" --clients 100 --rate 1000 --group 10 --batch
  load "$1  100 x 1000/s, groups of 10, batch, deflate" --clients 100 --rate 1000 --group 10 --batch --deflate
  load "$1 1000 x  200/s" --clients 1000 --rate 200 --group 10
  load "$1 1000 x 1000/s, groups of 50, batch" --clients 1000 --rate 1000 --group 50 --batch
  load "$1 1000 x 2000/s, groups of 100, batch" --clients 1000 --rate 2000 --group 100 --batch
}

start "$bench" --serve
rows tapedeck
stop
start "$bench" --serve
load "tapedeck 10000 idle" --clients 10000 --idle
stop
if [ -d "${WS_MODULES:-}/ws" ]; then
  mkdir -p "$work/node_modules"
  ln -s "$(realpath "$WS_MODULES/ws")" "$work/node_modules/ws"
  cp "$root/bench/ws_rival.mjs" "$work/"
  start node "$work/ws_rival.mjs"
  rows "npm ws  "
  stop
  start node "$work/ws_rival.mjs"
  load "npm ws   10000 idle" --clients 10000 --idle
  stop
else
  echo "npm's ws is not there: its rows are left out (WS_MODULES)"
fi
