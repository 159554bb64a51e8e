#!/usr/bin/env bash
# testssl.sh against the server's own TLS: no finding of level LOW or worse but what a throw-away
# certificate brings. Exit code 77: testssl.sh is not installed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tapedeck=${TAPEDECK_PROGRAM:-$root/build/tapedeck}
testssl=$(command -v testssl || command -v testssl.sh) || { echo "testssl.sh is not installed"; exit 77; }
work=$(mktemp -d)
pid=
cleanup() {
  [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext extendedKeyUsage=serverAuth \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
"$tapedeck" serve --memory --listen 127.0.0.1:0 --tls-cert "$work/cert.pem" --tls-key "$work/key.pem" \
  --hsts-seconds 31536000 >"$work/out" 2>"$work/err" </dev/null &
pid=$!
deadline=$((SECONDS + 30))
until grep -q 'https://' "$work/out"; do
  [ "$SECONDS" -lt "$deadline" ] || { cat "$work/err"; exit 1; }
  read -r -t 0.05 <> <(:) || true
done
address=$(grep -oE '127\.0\.0\.1:[0-9]+' "$work/out")

"$testssl" --quiet --color 0 --warnings off --ip one --jsonfile "$work/found.json" \
  --severity LOW "$address" >"$work/report" 2>&1 </dev/null || true
[ -s "$work/found.json" ] || { cat "$work/report"; exit 1; }
# What a throw-away certificate cannot have. And BREACH: compressed is a page that is the same for
# everybody, and answers that hold no secrets.
allowed='^(cert_chain_of_trust|cert_revocation|DNS_CAArecord|BREACH)$'
bad=$(jq -r --arg allowed "$allowed" '.[] | select(.severity | IN("LOW","MEDIUM","HIGH","CRITICAL"))
  | select(.id | test($allowed) | not) | "\(.severity) \(.id): \(.finding)"' "$work/found.json")
if [ -n "$bad" ]; then
  echo "testssl.sh complains:"
  echo "$bad"
  exit 1
fi
echo "testssl.sh: nothing of level LOW or worse but $(jq length "$work/found.json") lines about the certificate"
