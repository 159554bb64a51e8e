#!/usr/bin/env bash
# Runs the dashboard's tests: the real program (TAPEDECK_PROGRAM) in Debian's Chromium. Arguments go
# to Playwright. TAPEDECK_SCREENSHOTS=FOLDER also saves what the page looks like.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
stamp=node_modules/.installed
if ! cmp -s package-lock.json "$stamp"; then
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi
exec node_modules/.bin/playwright test "$@"
