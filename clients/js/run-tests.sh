#!/usr/bin/env bash
# Installs, builds and tests the client with the node (20 or newer) on PATH against the real server:
# $TAPEDECK_PROGRAM, or ../../build/tapedeck. Arguments are test files to run instead of all, such as
# build/test/stream.test.js.
set -euo pipefail
if [ -n "${TAPEDECK_PROGRAM:-}" ]; then
  TAPEDECK_PROGRAM=$(realpath "$TAPEDECK_PROGRAM")
fi
cd "$(dirname "${BASH_SOURCE[0]}")"

major=$(node -p 'process.versions.node.split(".")[0]') || {
  echo "Node 20 or newer is needed: no node was found." >&2
  exit 1
}
[ "$major" -ge 20 ] || {
  echo "Node 20 or newer is needed, not $(node --version)." >&2
  exit 1
}
export TAPEDECK_PROGRAM=${TAPEDECK_PROGRAM:-$PWD/../../build/tapedeck}
[ -x "$TAPEDECK_PROGRAM" ] || {
  echo "There is no program at $TAPEDECK_PROGRAM: build it or set TAPEDECK_PROGRAM." >&2
  exit 1
}

# The mark is a copy of the lock file that was installed, so an unchanged one costs nothing.
mark=node_modules/.installed-lock
if ! cmp -s package-lock.json "$mark"; then
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json "$mark"
fi
if grep '"resolved"' package-lock.json | grep -v '"https://registry\.npmjs\.org/'; then
  echo "package-lock.json names another registry than npm's." >&2
  exit 1
fi

rm -rf dist build
node_modules/.bin/tsc -p tsconfig.json
node_modules/.bin/tsc -p tsconfig.test.json
node scripts/generate-types.mjs --check

files=("$@")
[ ${#files[@]} -gt 0 ] || files=(build/test/*.test.js)
exec node --test --test-reporter=spec --test-timeout=90000 "${files[@]}"
