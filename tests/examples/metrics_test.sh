#!/usr/bin/env bash
# What deploy/ has for Prometheus and Grafana, against a live server: the metrics as promtool judges
# them, the alert rules and their tests, and that every metric they and the dashboard name exists.
source "$(dirname "$0")/lib.sh"
if ! command -v promtool >/dev/null; then
  echo "SKIP: promtool is not installed (Debian package prometheus)"
  exit 77
fi
enter_own_network "$@"

promtool check rules "$root/deploy/prometheus/tapedeck.rules.yml" >"$work/out" 2>&1 ||
  fail "rules: $(cat "$work/out")"
promtool test rules "$root/tests/deploy/tapedeck.rules_test.yml" >"$work/out" 2>&1 ||
  fail "tests of the rules: $(cat "$work/out")"
promtool check config "$root/deploy/prometheus/prometheus.yml" >"$work/out" 2>&1 ||
  fail "prometheus.yml: $(cat "$work/out")"
for alert in $(sed -n 's/^ *- alert: //p' "$root/deploy/prometheus/tapedeck.rules.yml"); do
  grep -q "alertname: $alert\$" "$root/tests/deploy/tapedeck.rules_test.yml" ||
    fail "no test shows $alert firing"
done
passed "alert rules"

check_metrics() { # file
  promtool check metrics <"$1" >"$work/out" 2>&1 || fail "promtool: $(cat "$work/out")"
  [ ! -s "$work/out" ] || fail "promtool complains: $(cat "$work/out")"
}
start_server serve
curl -s http://localhost:9000/metrics >"$work/metrics"
check_metrics "$work/metrics"
stop_server

# A run with everything in use: engines, history, a stream, posts, a failure.
cat >"$work/tapedeck.toml" <<'TOML'
[alerts]
allow_addresses = ["127.0.0.1"]
[alerts.targets.desk]
url = "http://127.0.0.1:8099/hook"
TOML
start_server run --feed sim --speed 50 --config "$work/tapedeck.toml"
curl -sN http://localhost:9000/api/telemetry/stream >"$work/stream" &
stream_pid=$!
curl -sf -d '{"type":"demo","payload":{}}' http://localhost:9000/api/telemetry/events >/dev/null
curl -sf -d '{"type":"engine_health","payload":{"engine_name":"a \"b\"\\n\\\\","status":"active","metrics":{"events_lost":1}}}' \
  http://localhost:9000/api/telemetry/events >/dev/null
curl -s http://localhost:9000/no/such/path >/dev/null
deadline=$((SECONDS + 60))
until curl -s http://localhost:9000/metrics >"$work/metrics" &&
  grep -q '^tapedeck_engine_feed_age_seconds' "$work/metrics" &&
  grep -q '^tapedeck_engine_win_rate_ratio\|^tapedeck_engine_strategies' "$work/metrics" &&
  grep -q '^tapedeck_engine_open_orders' "$work/metrics" &&
  grep -q '^tapedeck_stream_delivery_seconds_count [1-9]' "$work/metrics"; do
  [ "$SECONDS" -lt "$deadline" ] || fail "metrics are missing: $(cat "$work/metrics")"
  read -r -t 0.1 <> <(:) || true
done
check_metrics "$work/metrics"
passed "promtool check metrics"

python3 - "$work/metrics" "$root/deploy/grafana/tapedeck.json" \
  "$root/deploy/prometheus/tapedeck.rules.yml" <<'PY' || fail "a metric that is named does not exist"
"""Every metric that the dashboard and the rules ask for is one the server has."""
import json
import re
import sys

scrape, dashboard_path, rules_path = sys.argv[1:]
exists = set()
for line in open(scrape, encoding="utf-8"):
    if not line.startswith("#"):
        exists.add(re.match(r"[a-zA-Z0-9_:]+", line).group())


def expressions(node):
    """All values of `expr` and of the variables' queries below a JSON node."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("expr", "definition") and isinstance(value, str):
                yield value
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)


dashboard = json.load(open(dashboard_path, encoding="utf-8"))
asked = list(expressions(dashboard))
asked.append(re.sub(r"(?m)^\s*(#|summary:|description:).*$", "", open(rules_path).read()))
named = set()
for text in asked:
    named |= set(re.findall(r"\b(?:tapedeck|process)_[a-z0-9_]+", text))
missing = sorted(named - exists)
ids = [panel["id"] for panel in dashboard["panels"]]
if len(ids) != len(set(ids)):
    missing.append("panel ids are not unique")
for panel in dashboard["panels"]:
    for target in panel.get("targets", []):
        if target["datasource"]["uid"] != "${datasource}":
            missing.append("a datasource that is not the variable: " + panel["title"])
print(f"{len(named)} metrics are named, missing: {missing}")
sys.exit(1 if missing or len(named) < 30 else 0)
PY
passed "every metric that the dashboard and the rules name exists"
stop_server
kill "$stream_pid" 2>/dev/null || true
wait "$stream_pid" 2>/dev/null || true
