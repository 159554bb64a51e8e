#!/usr/bin/env bash
# The proxies' configurations as they are shipped, with the real programs: only names, ports and
# certificates are changed. Skipped (77) when neither nginx nor Caddy is installed; `proxy_test.sh
# nginx` or `caddy` tries one of them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tapedeck=${TAPEDECK_PROGRAM:-$root/build/tapedeck}
work=$(mktemp -d)
chmod 755 "$work"  # nginx's workers are another user
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
fail() {
  echo "FAIL: $*" >&2
  for log in "$work"/*.err "$work"/*.log; do [ ! -s "$log" ] || { echo "-- $log" && tail -n 20 "$log"; } >&2; done
  exit 1
}
passed() { echo "ok: $*"; }
pause() { read -r -t 0.05 <> <(:) || true; }
wait_for() { # pattern, file
  local deadline=$((SECONDS + 30))
  until grep -q -- "$1" "$2" 2>/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$1 did not come in $2: $(tail -n 5 "$2" 2>/dev/null)"
    pause
  done
}
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

programs=() bases=()
for program in "${@:-nginx caddy}"; do
  for name in $program; do
    command -v "$name" >/dev/null && programs+=("$name")
  done
done
[ ${#programs[@]} -gt 0 ] || { echo "SKIP: neither nginx nor caddy is installed"; exit 77; }
for tool in openssl jq python3 ss; do
  command -v "$tool" >/dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done
curl --version | grep -q HTTP2 || { echo "SKIP: this curl speaks no HTTP/2"; exit 77; }

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 \
  -subj /CN=tapedeck.example.com -addext subjectAltName=DNS:tapedeck.example.com \
  -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
chmod 644 "$work/tls.key"

"$tapedeck" serve --memory --listen 127.0.0.1:0 --heartbeat 1 --buffer-size 100000 \
  --allowed-host tapedeck.example.com >"$work/server.out" 2>"$work/server.err" </dev/null &
pids+=($!)
wait_for 'http://' "$work/server.out"
backend=$(grep -oE '127\.0\.0\.1:[0-9]+' "$work/server.out")

start_nginx() { # https port, http port
  local conf=$work/nginx.conf
  {
    echo "daemon off; error_log $work/nginx-main.err; pid $work/nginx.pid;"
    echo "events { worker_connections 512; }"
    echo "http {"
    for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $work/$kind;"; done
    sed -e "s/listen 443/listen 127.0.0.1:$1/; s/listen 80/listen 127.0.0.1:$2/; /listen \[::\]/d" \
      -e "s#/etc/nginx/tls/tapedeck#$work/tls#; s#/var/log/nginx/tapedeck#$work/nginx#" \
      -e "s/server 127.0.0.1:9000/server $backend/" "$root/deploy/nginx/tapedeck.conf"
    echo "}"
  } >"$conf"
  nginx -t -q -c "$conf" 2>"$work/nginx-check.err" || fail "nginx refuses its configuration"
  nginx -c "$conf" 2>>"$work/nginx-main.err" </dev/null &
  pids+=($!)
}
start_caddy() { # https port, http port
  local conf=$work/Caddyfile
  sed -e "0,/^{/s//{\n\tadmin off\n\tauto_https disable_redirects\n\thttp_port $2\n\thttps_port $1/" \
    -e "s#^tapedeck.example.com {#&\n\ttls $work/tls.crt $work/tls.key#" \
    -e "s#/var/log/caddy/tapedeck.log#$work/caddy.log#; s/127.0.0.1:9000/$backend/" \
    "$root/deploy/caddy/Caddyfile" >"$conf"
  XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work caddy run --adapter caddyfile --config "$conf" \
    >"$work/caddy.out" 2>"$work/caddy.err" </dev/null &
  pids+=($!)
}

for name in "${programs[@]}"; do
  port=$(free_port)
  log=$work/$name.log
  "start_$name" "$port" "$(free_port)"
  base=https://tapedeck.example.com:$port
  bases+=("$base")
  call=(curl -sS --http2 --max-time 60 --cacert "$work/tls.crt" --resolve "tapedeck.example.com:$port:127.0.0.1")
  deadline=$((SECONDS + 30))
  until "${call[@]}" -o /dev/null "$base/readyz" 2>"$work/curl.err"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$name does not answer: $(cat "$work/curl.err")"
    pause
  done

  "${call[@]}" -D "$work/head" -o "$work/stats" "$base/api/telemetry/stats"
  grep -qi '^HTTP/2 200' "$work/head" || fail "$name: no HTTP/2: $(cat "$work/head")"
  grep -qi '^strict-transport-security' "$work/head" || fail "$name: no HSTS"
  jq -e .ok "$work/stats" >/dev/null || fail "$name: stats"
  passed "$name: REST over HTTP/2"

  # The first frame and every event must come while the stream is open and nothing else follows:
  # the heartbeat is far away, so a proxy that waits for more would show nothing.
  : >"$work/stream"
  "${call[@]}" --max-time 0 -N -D "$work/stream.head" -H 'Accept: text/event-stream' \
    "$base/api/telemetry/stream?heartbeat=60&event_type=probe_$name" >"$work/stream" &
  stream=$!
  pids+=("$stream")
  wait_for '^event: connection' "$work/stream"
  grep -qi '^content-type: text/event-stream' "$work/stream.head" || fail "$name: not a stream"
  for n in 1 2 3; do
    "${call[@]}" -o "$work/answer" -H 'Content-Type: application/json' \
      -d "{\"type\":\"probe_$name\",\"payload\":{\"n\":$n}}" "$base/api/telemetry/events"
    jq -e '.accepted == 1' "$work/answer" >/dev/null || fail "$name: publish: $(cat "$work/answer")"
    wait_for "\"n\":$n" "$work/stream"
  done
  kill "$stream" && wait "$stream" 2>/dev/null || true
  passed "$name: the first frame at once, then each event alone"

  # A stream that is quiet but for heartbeats stays open, and is told of the end.
  "${call[@]}" --max-time 4 -N -H 'Accept: text/event-stream' \
    "$base/api/telemetry/stream?event_type=never" >"$work/quiet" 2>/dev/null || true
  [ "$(grep -c '^event: heartbeat' "$work/quiet")" -ge 2 ] || fail "$name: heartbeats: $(cat "$work/quiet")"
  passed "$name: heartbeats pass"

  # 10 MB there and back, the body close to the limit and one beyond it.
  seq 1 20000 | jq -c --arg t "bulk_$name" '{type: $t, payload: {n: ., text: ("x" * 480)}}' >"$work/bulk"
  [ "$(stat -c %s "$work/bulk")" -gt 10000000 ] || fail "the body is too small to tell"
  "${call[@]}" -o "$work/answer" -H 'Content-Type: application/x-ndjson' \
    --data-binary @"$work/bulk" "$base/api/telemetry/events"
  jq -e '.accepted == 20000' "$work/answer" >/dev/null || fail "$name: 10 MB: $(head -c 300 "$work/answer")"
  "${call[@]}" -o "$work/export" "$base/api/telemetry/export?format=ndjson&event_type=bulk_$name"
  [ "$(wc -l <"$work/export")" = 20000 ] || fail "$name: export has $(wc -l <"$work/export") lines"
  head -c 17000000 /dev/zero >"$work/huge"
  code=$("${call[@]}" -o /dev/null -w '%{http_code}' -H 'Expect:' --data-binary @"$work/huge" \
    "$base/api/telemetry/events" 2>/dev/null || true)
  [ "$code" = 413 ] || fail "$name: a body of 17 MB is answered with $code"
  passed "$name: 10 MB in and out, 17 MB refused"

  # A page of another host and a host of another name are still refused behind the proxy.
  code=$("${call[@]}" -o /dev/null -w '%{http_code}' -H 'Origin: https://evil.example' "$base/api/telemetry/stats")
  [ "$code" = 403 ] || fail "$name: a foreign origin got $code"
  code=$("${call[@]}" -o /dev/null -w '%{http_code}' -H "Origin: https://tapedeck.example.com:$port" "$base/api/telemetry/stats")
  [ "$code" = 200 ] || fail "$name: its own origin got $code"
  passed "$name: Host and Origin are checked behind it"

  # Many short requests share connections to Tapedeck.
  seq -f "$base/api/telemetry/stats?_=%g" 30 | xargs -n 1 -P 1 "${call[@]}" -o /dev/null
  kept=$(ss -Htn state established "dst $backend" | wc -l)
  gone=$(ss -Htn state time-wait "dst $backend" | wc -l)
  [ "$kept" -ge 1 ] && [ "$gone" -lt 10 ] ||
    fail "$name: of 30 requests' connections to Tapedeck $kept are open and $gone have been closed"
  passed "$name: connections to Tapedeck are kept alive"

  "${call[@]}" -o /dev/null "$base/no/such/page?access_token=s3cr3t" -H 'Authorization: Bearer s3cr3t' \
    -H 'X-API-Key: s3cr3t' -H 'Cookie: tapedeck=s3cr3t' -H 'Referer: https://x/?access_token=s3cr3t'
  wait_for '/no/such/page' "$log"
  ! grep -r s3cr3t "$work" --include='*.log' --include='*.err' >&2 || fail "$name logs a secret"
  passed "$name: no secret in its logs"

done

# X-Accel-Buffering alone, for an nginx that buffers by default.
case " ${programs[*]} " in *" nginx "*)
  port=$(free_port)
  sed -e '/proxy_buffering off/d' -e "s/listen 127.0.0.1:[0-9]* ssl/listen 127.0.0.1:$port ssl/" \
    -e "s/listen 127.0.0.1:[0-9]*;/listen 127.0.0.1:$(free_port);/" \
    -e "s#$work/nginx.pid#$work/buffering.pid#" "$work/nginx.conf" >"$work/buffering.conf"
  nginx -c "$work/buffering.conf" 2>>"$work/nginx-main.err" </dev/null &
  pids+=($!)
  call=(curl -sS --http2 --cacert "$work/tls.crt" --resolve "tapedeck.example.com:$port:127.0.0.1")
  deadline=$((SECONDS + 30))
  until "${call[@]}" -o /dev/null "https://tapedeck.example.com:$port/readyz" 2>/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || fail "the second nginx does not answer"
    pause
  done
  "${call[@]}" -N -H 'Accept: text/event-stream' \
    "https://tapedeck.example.com:$port/api/telemetry/stream?heartbeat=60&event_type=probe_last" >"$work/stream" &
  pids+=($!)
  wait_for '^event: connection' "$work/stream"
  curl -s -o /dev/null -d '{"type":"probe_last","payload":{"n":7}}' -H 'Content-Type: application/json' \
    "http://$backend/api/telemetry/events"
  wait_for '"n":7' "$work/stream"
  passed "nginx: X-Accel-Buffering is enough where buffering is on"
  ;;
esac

# Tapedeck away: an answer, and still no secret in what the proxies say of it.
kill -TERM "${pids[0]}"
wait "${pids[0]}" || fail "the server ended with $?"
for i in "${!programs[@]}"; do
  name=${programs[i]} base=${bases[i]}
  port=${base##*:}
  code=$(curl -s --http2 --max-time 30 --cacert "$work/tls.crt" -o /dev/null -w '%{http_code}' \
    --resolve "tapedeck.example.com:$port:127.0.0.1" "$base/gone?access_token=s3cr3t")
  [ "$code" = 502 ] || fail "$name: without Tapedeck the answer is $code"
  wait_for '/gone' "$work/$name.log"
  ! grep -r s3cr3t "$work" --include='*.log' --include='*.err' >&2 || fail "$name logs a secret when Tapedeck is away"
  passed "$name: 502 when Tapedeck is away, and no secret told"
done
