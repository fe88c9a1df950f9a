#!/usr/bin/env bash
# Sets up a checkout for use and development: system libraries, a virtual environment, the packages.
# Safe to repeat; the second time it only checks a stamp. `make demo`, `make test` and others call it.
#
#   PYTHON=python3.12 packaging/setup.sh    uses another Python
#   VENV=folder       packaging/setup.sh    makes the environment elsewhere
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=${VENV:-.venv}
STAMP="$VENV/.installed"

say() { printf '%s\n' "$*" >&2; }

# The environment holds what these three describe; a change in any of them installs anew.
fingerprint() { cat pyproject.toml constraints.txt packaging/setup.sh | cksum; pwd -P; }

# Debian's package, and the library that shows whether it is there. Without the first group Qt
# does not load at all; the second one is needed for a window under X11.
ALWAYS="libegl1:libEGL.so.1 libgl1:libGL.so.1 libxkbcommon0:libxkbcommon.so.0 libdbus-1-3:libdbus-1.so.3
libfontconfig1:libfontconfig.so.1 libglib2.0-0:libglib-2.0.so.0"
WINDOW="libxkbcommon-x11-0:libxkbcommon-x11.so.0 libx11-xcb1:libX11-xcb.so.1 libxcb-cursor0:libxcb-cursor.so.0
libxcb-icccm4:libxcb-icccm.so.4 libxcb-image0:libxcb-image.so.0 libxcb-keysyms1:libxcb-keysyms.so.1
libxcb-randr0:libxcb-randr.so.0 libxcb-render-util0:libxcb-render-util.so.0 libxcb-shape0:libxcb-shape.so.0
libxcb-sync1:libxcb-sync.so.1 libxcb-xfixes0:libxcb-xfixes.so.0 libxcb-xinerama0:libxcb-xinerama.so.0
libxcb-xkb1:libxcb-xkb.so.1"

libraries() { PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true; }

# missing LIST: the packages of the list whose library is not there.
missing() {
  local known pair
  known=$(libraries)
  for pair in $1; do
    grep -qF "${pair#*:} " <<<"$known" || printf '%s ' "${pair%%:*}"
  done
}

# As the administrator, if that is possible without a question.
AS_ROOT=""
may_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null && sudo -n true 2>/dev/null && AS_ROOT="sudo -n"
}

apt_install() {
  say "Installing: $*"
  $AS_ROOT env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null || say "The list of packages could not be brought up to date."
  $AS_ROOT env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The one command to type, for those who may not install by themselves.
tell() {
  if command -v apt-get >/dev/null; then
    say "    sudo apt-get install -y $*"
  else
    say "    (with your system's package manager; these are Debian's names) $*"
  fi
}

system_packages() {
  [ "$(uname -s)" = Linux ] || return 0
  local needed wanted
  needed=$(missing "$ALWAYS")
  wanted=$(missing "$WINDOW")
  command -v Xvfb >/dev/null || wanted="$wanted xvfb"
  command -v fc-list >/dev/null || wanted="$wanted fontconfig"
  [ -z "${needed// /}${wanted// /}" ] && return 0
  # shellcheck disable=SC2086 # lists of words
  if may_install && apt_install $needed $wanted; then
    return 0
  fi
  if [ -n "${needed// /}" ]; then
    say "Qt needs system libraries that are missing. Type this, then try again:"
    # shellcheck disable=SC2086
    tell $needed $wanted
    exit 1
  fi
  say "A window needs system libraries that are missing; everything else works without. To get them, type:"
  # shellcheck disable=SC2086
  tell $wanted
}

find_python() {
  local name
  for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s' "$name"
      return 0
    fi
  done
  say "Python 3.11 or newer is needed and was not found. Install it, then try again:"
  tell python3 python3-venv
  exit 1
}

make_venv() {
  local python=$1 version
  [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -m pip --version >/dev/null 2>&1 && return 0
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print(f"{sys.version_info.major}.{sys.version_info.minor}")')
    # shellcheck disable=SC2086
    if ! { may_install && apt_install "python$version-venv"; }; then
      say "Python's venv module is missing. Type this, then try again:"
      tell "python$version-venv"
      exit 1
    fi
  fi
  say "Making the virtual environment $VENV with $("$python" --version)"
  "$python" -m venv --clear "$VENV"
}

main() {
  local python quiet
  if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$(fingerprint)" ] && [ -x "$VENV/bin/python" ]; then
    return 0
  fi
  system_packages
  python=$(find_python)
  make_venv "$python"
  say "Installing packages; the first time this takes some minutes (PyTorch is large)"
  quiet=--quiet
  if [ -t 2 ]; then quiet=--progress-bar=on; fi
  "$VENV/bin/python" -m pip install "$quiet" --disable-pip-version-check -c constraints.txt -e '.[dev]'
  fingerprint >"$STAMP"
  say "Ready. Try “make demo”."
}

main
