# shellcheck shell=bash
# shellcheck disable=SC2034
# Shared by the scripts in this folder: where the project is, which Debian packages it needs, how it is
# configured and built. Sourced, not run; expects bash.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(
  g++ cmake ninja-build ccache libboost1.81-dev libboost-url1.81-dev libsimdjson-dev libfmt-dev
  libspdlog-dev libtomlplusplus-dev libcli11-dev libcurl4-openssl-dev zlib1g-dev
  libsqlite3-dev libre2-dev libzstd-dev libssl-dev
)
bench_packages=(libconcurrentqueue-dev)
test_packages=(
  libgtest-dev libgmock-dev nlohmann-json3-dev jq curl iproute2 util-linux python3 chromium
  chromium-driver clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 dpkg-dev fish man-db
  mandoc openssl zsh
)
# Programs of packages that start services once they are installed: only unpacked (need_unpacked).
test_programs=(caddy:usr/bin/caddy nginx:usr/sbin/nginx prometheus:usr/bin/promtool
  prometheus-alertmanager:usr/bin/prometheus-alertmanager)

# Python: what the module is built with, and what its tests need. In a virtual environment, since
# Debian's own pip refuses.
build_wheels=("nanobind>=2.4,<4")
test_wheels=("scikit-build-core>=0.10,<2" pytest mypy ruff httpx httpx-sse aiohttp aiohttp-sse-client2 numpy matplotlib websockets)
python_packages=(python3-dev python3-venv)

say() { printf '%s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# Installs those of the named packages that are missing.
need_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "Installing ${missing[*]}"
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

as_root() { # command...
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "This needs root, and there is no sudo: $*"
    sudo=(sudo)
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "$@"
}

# need_unpacked <package:path...>: has the programs of these packages in build/tools, which is put on
# the PATH. Nothing of the machine is changed.
need_unpacked() {
  local tools=$root/build/tools item package
  mkdir -p "$tools"
  for item in "$@"; do
    package=${item%%:*}
    [ ! -x "$tools/${item#*:}" ] || continue
    say "Unpacking $package"
    (
      cd "$tools"
      apt-get download -qq "$package" 2>/dev/null || {
        as_root apt-get update -qq
        apt-get download -qq "$package" 2>/dev/null
      }
      dpkg-deb -x "$package"_*.deb .
      rm -f "$package"_*.deb
    )
  done
  export PATH=$tools/usr/bin:$tools/usr/sbin:$PATH
}

# need_wheels <wheel...>: has them in the virtual environment build/venv, which is made of the
# `python3` on the PATH, as the user would run it.
need_wheels() {
  local venv=$root/build/venv have wanted
  if [ "$(command -v python3 || echo /usr/bin/python3)" = /usr/bin/python3 ]; then
    need_packages "${python_packages[@]}"
  fi
  have=$("$venv/bin/python" -V 2>/dev/null || true)
  if [ "$have" != "$(python3 -V)" ]; then
    rm -rf "$venv"
    mkdir -p "$root/build"
    python3 -m venv "$venv"
  fi
  wanted=$(printf '%s\n' "$@" | sha256sum | cut -c 1-16)
  [ ! -f "$venv/has-$wanted" ] || return 0
  say "Installing Python packages: $*"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
  touch "$venv/has-$wanted"
}

# Puts a Node that Vite and the tests take (20.19 or newer, or 22.12), with an npm, on the PATH: the
# one that is there, or the one need_node has installed. Fails when there is none.
find_node() {
  local installed=$root/build/node/node_modules/.bin
  has_node && return 0
  [ -x "$installed/node" ] || return 1
  export PATH=$installed:$PATH
  has_node
}

has_node() {
  command -v node >/dev/null && command -v npm >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    const fits = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
    process.exit(fits ? 0 : 1);' 2>/dev/null
}

# Like find_node; where there is none it installs one from npm's own package `node`, since Debian 12
# has an older one.
need_node() {
  local folder=$root/build/node
  ! find_node || return 0
  command -v npm >/dev/null || need_packages nodejs npm
  say "Installing Node 22"
  npm install --prefix "$folder" --no-audit --no-fund --loglevel=error node@22 npm@11 >&2
  find_node || die "The Node that npm has installed into $folder does not run."
}

# Jobs that fit the processors and the memory (a large unit takes up to 1.5 GB).
build_jobs() {
  local cores by_memory
  cores=$(nproc)
  by_memory=$(awk '/MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
  [ "$by_memory" -ge 1 ] || by_memory=1
  echo "${TAPEDECK_JOBS:-$((cores < by_memory ? cores : by_memory))}"
}

# build_preset <preset> [target...]: configures when needed, then builds.
build_preset() {
  local preset=$1 folder=$root/build options=()
  shift
  if [ "$preset" = release ]; then
    need_wheels "${build_wheels[@]}"
    options=(-DTAPEDECK_BUILD_PYTHON=ON "-DPython_EXECUTABLE=$root/build/venv/bin/python")
  else
    folder=$root/build/$preset
  fi
  if [ ! -f "$folder/build.ninja" ] || [ "$root/CMakePresets.json" -nt "$folder/build.ninja" ] ||
    [ "$root/scripts/lib.sh" -nt "$folder/build.ninja" ]; then
    (cd "$root" && cmake --preset "$preset" "${options[@]}" >"$folder.configure.log" 2>&1) || {
      cat "$folder.configure.log" >&2
      die "cmake --preset $preset failed"
    }
    rm -f "$folder.configure.log"
  fi
  "$root/scripts/dashboard" # before CMake asks for it, which installs no Node
  local targets=()
  [ $# = 0 ] || targets=(--target "$@")
  cmake --build "$folder" --parallel "$(build_jobs)" "${targets[@]}" >&2
}
