#!/usr/bin/env bash
# Alerts as docs/alerts.md has them: rules in the file and by the command line, webhooks whose
# signature its Python checks, kill -9 in between, a reload, a rule tried over the past.
source "$(dirname "$0")/lib.sh"
enter_own_network "$@"

# Writes a line for each webhook that comes: whether the signature is right, and the body.
python3 - "$root/docs/alerts.md" "$work/received" <<'EOF' &
import http.server
import re
import sys

manual = open(sys.argv[1], encoding="utf-8").read()
exec(re.search(r"```python\n(.*?)```", manual, re.S).group(1))


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        ours = is_ours(
            b"s3cret", self.headers["X-Tapedeck-Timestamp"], self.headers["X-Tapedeck-Signature"], body
        )
        with open(sys.argv[2], "a", encoding="utf-8") as file:
            file.write(f"{ours} {self.path} {body.decode()}\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", 8099), Receiver).serve_forever()
EOF
receiver=$!
trap 'kill "$receiver" 2>/dev/null || true; cleanup' EXIT

wait_for() { # pattern, command...
  local pattern=$1 deadline=$((SECONDS + 20))
  shift
  until "$@" 2>/dev/null | grep -q -- "$pattern"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$pattern did not come from $*: $("$@" 2>&1)"
    read -r -t 0.05 <> <(:) || true
  done
}
received() { cat "$work/received"; }
alerts() { "$tapedeck" alerts "$@"; }

cat >"$work/td.toml" <<'EOF'
[alerts]
allow_addresses = ["127.0.0.1"]
secret = "s3cret"
[alerts.targets.desk]
url = "http://127.0.0.1:8099/hook"
secret = "s3cret"
[alerts.heartbeat]
url = "http://127.0.0.1:8099/beat"
[alerts.rules.unknown]
when = { event_type = "order_event" }
threshold = 'last(payload.status == "unknown") > 0'
for = "100ms"
group_by = ["account", "order_id"]
severity = "critical"
message = "Outcome unknown: {{payload.side}} {{payload.qty}} {{payload.symbol}} ({{group.order_id}})"
notify = ["desk"]
EOF
"$tapedeck" check-config "$work/td.toml" | grep -q '1 alert rule' || fail "the configuration is refused"
"$tapedeck" serve --memory --alert-rules "$work/td.toml" --alert-rules "$work/td.toml" \
  >"$work/out" 2>&1 && fail "rules were taken twice"
grep -q 'td.toml' "$work/out" || fail "the file is not named: $(cat "$work/out")"
passed "check-config, and rules that are there twice"

wait_for '501' curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8099/  # it takes POST only
start_server serve --config "$work/td.toml" --alert-rules "$root/deploy/alerts.toml"
wait_for '^True /beat {"state":"alive"' received
passed "the heartbeat comes, signed"

echo '{"when":{"event_type":"my.event"},"count":3,"window":"1m","notify":"desk"}' | alerts put mine -
alerts rules | grep -q '^mine ' || fail "$(alerts rules)"
for _ in 1 2 3; do "$tapedeck" publish my.event symbol=NIFTY >/dev/null; done
wait_for '^True /hook .*"rule":"mine","state":"firing"' received
"$tapedeck" publish order_event order_id=A7 symbol=NIFTY side=BUY qty=50 status=unknown >/dev/null
wait_for 'Outcome unknown: BUY 50 NIFTY (A7)' received
wait_for '^firing .*mine' alerts
passed "what fires is sent, signed as the manual says, and listed"

kill -KILL "$server_pid"
wait "$server_pid" 2>/dev/null || true
start_server serve --config "$work/td.toml"
wait_for '^firing .*mine' alerts
wait_for '^firing .*unknown' alerts
[ "$(received | grep -c '"rule":"mine"')" = 1 ] || fail "told again after kill -9: $(received)"
"$tapedeck" publish order_event order_id=A7 symbol=NIFTY side=BUY qty=50 status=filled >/dev/null
wait_for '"rule":"unknown","state":"resolved"' received
passed "kill -9 loses neither rules nor what fires"

alerts ack mine --by anna
wait_for 'anna' alerts
alerts silence mine --for 1h --reason lunch
"$tapedeck" tail --last 2 --event-type alert_action --json --limit 2 2>/dev/null | grep -q lunch ||
  "$tapedeck" query --event-type alert_action --json | grep -q lunch || fail "the silence was not told"
alerts unsilence mine
passed "acknowledged, silenced"

alerts backtest mine --since -1h | grep -q NIFTY || alerts backtest mine --since -1h --json |
  grep -q '"firings":1' || fail "$(alerts backtest mine --since -1h)"
echo '{"when":{"event_type":"my.event"},"every":true}' >"$work/draft.json"
alerts backtest draft --file "$work/draft.json" --since -1h --json | grep -q '"firings":3' ||
  fail "$(alerts backtest draft --file "$work/draft.json" --since -1h --json)"
passed "rules are tried over the past"

alerts test mine
wait_for '"rule":"mine","state":"test"' received
sed -i 's/^for = "100ms"/for = "200ms"/; s/alerts.rules.unknown/alerts.rules.renamed/' "$work/td.toml"
kill -HUP "$server_pid"
wait_for '^renamed ' alerts rules
alerts rules | grep -q '^unknown ' && fail "the rule's old name is still there"
alerts delete mine
alerts rules | grep -q '^mine ' && fail "mine is still there"
passed "a reload, a test message, a rule deleted"

[ "$(stat -c %a "$XDG_DATA_HOME/tapedeck/alerts.db")" = 600 ] || fail "alerts.db is not its owner's alone"
grep -q s3cret "$work/server.err" "$work/server.out" && fail "a secret is in the log"
stop_server
passed "nothing secret was said"

# A simulation has a clock of its own: what it says is news, also with options to its feed.
cat >"$work/sim.toml" <<'EOF'
[alerts.rules.phases]
when = { event_type = "session_event" }
every = true
EOF
start_server run --feed "sim?sessions=1" --speed 600 --memory --alert-rules "$work/sim.toml"
wait_for '"firings_total":[1-9]' alerts rules --json
stop_server
passed "rules fire on a simulation's clock"
