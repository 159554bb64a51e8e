#!/usr/bin/env bash
# Checks what the server says of itself (/openapi.json, /asyncapi.json) and whether it keeps to it:
# linters for both documents, then Schemathesis asks a real server thousands of valid and invalid
# questions. The program is $TAPEDECK_PROGRAM, or build/tapedeck; $VENV is a Python environment in
# which Schemathesis is, or is put (default build/venv). Node 20 or newer is expected on the PATH.
# Exit code 77: a package registry that is needed cannot be reached.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
program=$(realpath "${TAPEDECK_PROGRAM:-$root/build/tapedeck}")
venv=$(realpath -m "${VENV:-$root/build/venv}")
work=$(mktemp -d)
server=

say() { printf '%s\n' "$*"; }
die() {
  say "$*" >&2
  exit 1
}
finish() {
  if [ -n "$server" ]; then
    kill -KILL "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

[ -x "$program" ] || die "There is no program at $program: build it or set TAPEDECK_PROGRAM."
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"

# --- tools: only a registry that cannot be reached is no failure ---

if ! cmp -s "$here/package-lock.json" "$here/node_modules/.installed-lock"; then
  if ! (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then
    npm ping >/dev/null 2>&1 && die "npm ci failed."
    say "The npm registry cannot be reached."
    exit 77
  fi
  cp "$here/package-lock.json" "$here/node_modules/.installed-lock"
fi
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
wanted=$(sed -n 's/^schemathesis==//p' "$here/requirements.txt")
have=$("$venv/bin/python" -c \
  'import importlib.metadata as m; print(m.version("schemathesis"))' 2>/dev/null || true)
if [ "$have" != "$wanted" ] && ! pip install -r "$here/requirements.txt"; then
  pip download --no-deps --dest "$work" pip >/dev/null 2>&1 && die "pip install failed."
  say "The Python package index cannot be reached."
  exit 77
fi

# --- a server with a history, a trade and an alert rule in it ---

"$program" serve --listen 127.0.0.1:0 --data-dir "$work/data" >"$work/out" 2>"$work/err" &
server=$!
deadline=$((SECONDS + 20))
until url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$work/out" "$work/err" -h | head -n 1) &&
  curl -fsS "$url/readyz" >/dev/null 2>&1; do
  [ "$SECONDS" -lt "$deadline" ] || die "The server did not start: $(cat "$work/err")"
  sleep 0.1
done
curl -fsS -o /dev/null -H 'Content-Type: application/x-ndjson' --data-binary @"$here/seed.ndjson" \
  "$url/api/telemetry/events?ack=durable"
curl -fsS -o /dev/null -X PUT -d '{"when":{"event_type":"order_event"},"every":true}' \
  "$url/api/telemetry/alerts/rejected"
export TAPEDECK_EPOCH
TAPEDECK_EPOCH=$(curl -fsS "$url/api/telemetry/stats" | sed -E 's/.*"epoch":"([^"]*)".*/\1/')
curl -fsS "$url/openapi.json" >"$work/openapi.json"
curl -fsS "$url/asyncapi.json" >"$work/asyncapi.json"

# --- the documents ---

cd "$here"
bin=$here/node_modules/.bin
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
say "== OpenAPI: Redocly, recommended rules"
"$bin/redocly" lint --config redocly.yaml --format json "$work/openapi.json" \
  >"$work/redocly" 2>"$work/redocly-log" || true
"$venv/bin/python" - "$work/redocly" <<'EOF' || die "$(cat "$work/redocly" "$work/redocly-log")"
import json, sys
totals = json.load(open(sys.argv[1]))["totals"]
print(f"{totals['errors']} errors, {totals['warnings']} warnings, {totals['ignored']} ignored")
sys.exit(any(totals.values()))
EOF
for kind in openapi asyncapi; do
  say "== $kind: Spectral, recommended rules"
  "$bin/spectral" lint --ruleset "spectral-$kind.yaml" --fail-severity hint "$work/$kind.json"
done
say "== AsyncAPI: the specification's parser"
node check-asyncapi.mjs "$work/asyncapi.json"

# --- the server ---

say "== Schemathesis against $url"
cd "$work"  # what it leaves lying about goes with the rest
SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 \
  "$venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run \
  --checks all --max-failures 20 --request-timeout 20 "$url/openapi.json"

kill -0 "$server" 2>/dev/null || die "The server is gone: $(tail -n 20 "$work/err")"
kill -TERM "$server"
code=0
wait "$server" || code=$?
server=
[ "$code" = 0 ] || die "The server ended with $code: $(tail -n 20 "$work/err")"
say "The contract holds."
