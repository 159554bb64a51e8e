#!/usr/bin/env bash
# The Debian packages: built from the release build, installed, used, upgraded, removed and purged, in
# a copy of this machine's file system that is gone afterwards. Needs root and overlay mounts; else
# it is skipped (77).
#   tests/package/package_test.sh [BUILD FOLDER]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fail() {
  echo "FAIL: $*" >&2
  exit 1
}
passed() { echo "ok: $*"; }
skip() {
  echo "SKIP: $*"
  exit 77
}

# --- inside the copy ---
wait_until() { # command...
  local deadline=$((SECONDS + 30))
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    read -r -t 0.05 <> <(:) || true
  done
}
is_gone() { [ ! -e "$1" ]; }

check_pages() {
  local page
  for page in man1/tapedeck.1 man5/tapedeck.toml.5; do
    man --warnings -E UTF-8 -Tutf8 -Z -l "/usr/share/man/$page.gz" >/tmp/page 2>/tmp/page.err ||
      fail "man cannot read $page: $(cat /tmp/page.err)"
    [ ! -s /tmp/page.err ] || fail "man warns of $page: $(cat /tmp/page.err)"
    if command -v mandoc >/dev/null; then
      zcat "/usr/share/man/$page.gz" >/tmp/page
      mandoc -Tlint -Wwarning /tmp/page >/tmp/page.err || fail "mandoc warns of $page: $(cat /tmp/page.err)"
    fi
  done
  MANWIDTH=100 man -l /usr/share/man/man1/tapedeck.1.gz >/tmp/page
  for word in 'tapedeck serve' '--listen' 'TAPEDECK_LISTEN' '127.0.0.1:9000' 'balanced|low_latency|economy'; do
    grep -qF -- "$word" /tmp/page || fail "tapedeck(1) does not say $word"
  done
  ! grep -qE '/root|/home/user' /tmp/page || fail "tapedeck(1) tells of the builder's home"
  MANWIDTH=100 man -l /usr/share/man/man5/tapedeck.toml.5.gz >/tmp/page
  grep -q 'buffer_size (integer)' /tmp/page || fail "tapedeck.toml(5) does not have buffer_size"
  passed "the manual pages, without a warning"
}

check_alerts() {
  tapedeck check-config /usr/share/tapedeck/alerts.toml >/tmp/alerts 2>&1 ||
    fail "the starter set of alerts is refused: $(cat /tmp/alerts)"
  grep -q '26 alert rules' /tmp/alerts || fail "the starter set of alerts: $(cat /tmp/alerts)"
  passed "the starter set of alerts"
}

check_completion() {
  [ "$(bash -c 'source /usr/share/bash-completion/completions/tapedeck
    COMP_WORDS=(tapedeck serve --collector "") COMP_CWORD=3
    _tapedeck 2>/dev/null
    echo "${COMPREPLY[*]}"')" = "balanced low_latency economy" ] || fail "completion of a choice"
  bash -c 'source /usr/share/bash-completion/completions/tapedeck
    COMP_WORDS=(tapedeck "") COMP_CWORD=1
    _tapedeck 2>/dev/null
    printf "%s\n" "${COMPREPLY[@]}"' >/tmp/commands
  tapedeck --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | sort >/tmp/helped
  sort /tmp/commands | diff - /tmp/helped || fail "completion of the commands"
  [ -s /usr/share/zsh/vendor-completions/_tapedeck ] && [ -s /usr/share/fish/vendor_completions.d/tapedeck.fish ] ||
    fail "completions of zsh and fish"
  passed "completions"
}

check_units() {
  if ! command -v systemd-analyze >/dev/null; then
    echo "systemd-analyze is not installed: the units are not checked"
    return
  fi
  systemd-analyze verify /lib/systemd/system/tapedeck.{service,socket} >/tmp/units 2>&1 ||
    fail "the units: $(cat /tmp/units)"
  [ ! -s /tmp/units ] || fail "systemd warns of the units: $(cat /tmp/units)"
  install -D -m 0644 /usr/share/doc/tapedeck/examples/network.conf \
    /etc/systemd/system/tapedeck.service.d/network.conf
  systemd-analyze verify /lib/systemd/system/tapedeck.service >/tmp/units 2>&1 && [ ! -s /tmp/units ] ||
    fail "network.conf: $(cat /tmp/units)"
  rm -r /etc/systemd/system/tapedeck.service.d
  # In tenths: 1.0 of 10 is what it is; a setting that is lost would raise it.
  systemd-analyze security --offline=true --threshold=10 /lib/systemd/system/tapedeck.service \
    >/tmp/units 2>&1 || fail "the unit is exposed: $(grep -v '✓' /tmp/units)"
  passed "the units; $(tail -n 1 /tmp/units)"
}

# What the unit says, as systemd would run it.
start_service() {
  local command
  command=$(sed -n 's/^ExecStart=//p' /lib/systemd/system/tapedeck.service)
  install -d -o tapedeck -g tapedeck -m 0700 /var/lib/tapedeck
  # shellcheck disable=SC2086
  (umask 0077 && cd / && exec setpriv --reuid=tapedeck --regid=tapedeck --clear-groups --no-new-privs \
    --bounding-set=-all env -i PATH=/usr/bin:/bin $command) >/tmp/service.out 2>/tmp/service.err </dev/null &
  service=$!
  wait_until curl -sf http://127.0.0.1:9000/readyz || fail "the service does not answer: $(cat /tmp/service.err)"
}
stop_service() {
  kill -TERM "$service"
  wait "$service" || fail "the service ended with $?: $(cat /tmp/service.err)"
}

inside() {
  local packages=("$@")
  export DEBIAN_FRONTEND=noninteractive HOME=/root LC_ALL=C.UTF-8
  # Documentation may be left out by a container's settings; here it is what is tested.
  rm -f /etc/dpkg/dpkg.cfg.d/excludes /etc/dpkg/dpkg.cfg.d/docker*
  # The machine's own package, if there is one, is not this test's.
  dpkg -P tapedeck-dev tapedeck >/dev/null 2>&1 || true
  ip link set lo up

  dpkg -i "${packages[@]}" >/tmp/dpkg.out 2>&1 || fail "dpkg -i: $(cat /tmp/dpkg.out)"
  tapedeck --version | grep -q '^tapedeck [0-9]' || fail "--version"
  getent passwd tapedeck | grep -q '/var/lib/tapedeck:/usr/sbin/nologin$' || fail "the user: $(getent passwd tapedeck)"
  ! find /etc/systemd -name 'tapedeck*' | grep -q . || fail "something was enabled"
  passed "installed, with its user, nothing enabled"
  check_pages
  check_completion
  check_alerts
  check_units
  printf '#include <tapedeck/bus.hpp>\nint main() { return 0; }\n' >/tmp/consumer.cpp
  g++ -std=c++20 -fsyntax-only /tmp/consumer.cpp || fail "the headers of tapedeck-dev"
  passed "headers of tapedeck-dev"

  start_service
  tapedeck publish signal_event symbol=NIFTY strategy_name=demo signal=BUY >/dev/null
  stop_service
  [ "$(stat -c '%U %a' /var/lib/tapedeck)" = "tapedeck 700" ] || fail "the folder: $(stat -c '%U %a' /var/lib/tapedeck)"
  ls /var/lib/tapedeck/events-*.db >/dev/null || fail "no history"
  passed "the unit's command serves as the user tapedeck"

  sed -i 's/^#buffer_size.*/buffer_size = 7000/' /etc/tapedeck/tapedeck.toml
  dpkg -i "${packages[@]}" >/tmp/dpkg.out 2>&1 || fail "upgrade: $(cat /tmp/dpkg.out)"
  grep -q '^buffer_size = 7000' /etc/tapedeck/tapedeck.toml || fail "an upgrade lost the edited configuration"
  start_service
  curl -s http://127.0.0.1:9000/api/telemetry/stats | grep -q '"buffer_size":7000' || fail "the edited configuration is not used"
  curl -s 'http://127.0.0.1:9000/api/telemetry/events' | grep -q NIFTY || fail "an upgrade lost the history"
  stop_service
  passed "an upgrade keeps configuration and history"

  dpkg -r tapedeck-dev tapedeck >/tmp/dpkg.out 2>&1 || fail "remove: $(cat /tmp/dpkg.out)"
  is_gone /usr/bin/tapedeck || fail "the program is still there"
  [ -e /etc/tapedeck/tapedeck.toml ] && ls /var/lib/tapedeck/events-*.db >/dev/null && getent passwd tapedeck >/dev/null ||
    fail "remove took more than the program"
  passed "remove keeps configuration, history and user"

  dpkg -P tapedeck-dev tapedeck >/tmp/dpkg.out 2>&1 || fail "purge: $(cat /tmp/dpkg.out)"
  is_gone /etc/tapedeck || fail "the configuration is still there"
  is_gone /var/lib/tapedeck || fail "the history is still there"
  ! getent passwd tapedeck >/dev/null || fail "the user is still there"
  # man keeps what it has formatted; it tidies up by itself.
  ! find /usr /etc /var /lib -xdev -iname '*tapedeck*' ! -path '/var/cache/man/*' | grep . || fail "something is left"
  passed "purge leaves nothing"
}
if [ "${1:-}" = --inside ]; then
  shift
  inside "$@"
  exit
fi

# --- outside ---
[ "$(id -u)" = 0 ] || skip "only root can install packages"
build=${1:-$root/build}
[ -x "$build/tapedeck" ] || skip "no release build in $build"
for tool in dpkg-deb dpkg-shlibdeps man setpriv unshare curl ip; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A machine of its own in that folder: what is written there goes to memory, and ends with the namespace.
make_machine() {
  mount -t tmpfs -o size=2G none "$1"
  mkdir "$1/upper" "$1/work" "$1/root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
  mount --rbind /proc "$1/root/proc"
  mount --rbind /dev "$1/root/dev"
  mount -t tmpfs none "$1/root/tmp"
  mount -t tmpfs none "$1/root/run"
}
export -f make_machine
mkdir "$work/trial"
unshare --mount --net bash -ec 'make_machine "$1"' _ "$work/trial" 2>"$work/err" ||
  skip "no overlay mounts here: $(cat "$work/err")"

"$root/deploy/build-deb" --build "$build" --out "$work/packages" >"$work/list" 2>"$work/build.log" ||
  fail "the packages cannot be built: $(tail -n 20 "$work/build.log")"
mapfile -t packages <"$work/list"
[ ${#packages[@]} = 2 ] || fail "not two packages: ${packages[*]}"
passed "built $(basename -a "${packages[@]}" | tr '\n' ' ')"
if command -v lintian >/dev/null; then
  lintian --tag-display-limit 0 --fail-on error "${packages[@]}" >"$work/lintian" 2>&1 ||
    fail "lintian: $(cat "$work/lintian")"
  passed "lintian has no errors, and $(grep -c '^W:' "$work/lintian" || true) warnings"
  grep '^W:' "$work/lintian" || true
fi

mkdir "$work/machine"
unshare --mount --net bash -ec '
  machine=$1 test=$2
  shift 2
  make_machine "$machine"
  cp "$test" "$@" "$machine/root/tmp/"
  inside=()
  for package in "$@"; do inside+=("/tmp/$(basename "$package")"); done
  exec chroot "$machine/root" bash "/tmp/$(basename "$test")" --inside "${inside[@]}"
' _ "$work/machine" "$root/tests/package/package_test.sh" "${packages[@]}"
