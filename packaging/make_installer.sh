#!/usr/bin/env bash
# Makes what people install, in dist/: the wheel, the source package, the .deb and the .tar.xz for Linux.
# Works in build/installer, in an environment of its own with locked versions; needs no administrator.
#
#   PYTHON=python3.11 packaging/make_installer.sh    uses another Python; it goes into the bundle
set -euo pipefail
cd "$(dirname "$0")/.."

WORK=build/installer
VENV=$WORK/venv
LOCK=packaging/bundle/requirements.txt

say() { printf '%s\n' "$*" >&2; }

# Tools, and libraries that the bundle's plugins were linked with: dpkg-shlibdeps looks up whose they are.
check_tools() {
  local missing="" pair
  for pair in dpkg-deb:dpkg dpkg-shlibdeps:dpkg-dev objdump:binutils xz:xz-utils; do
    command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
  done
  for pair in libcups.so.2:libcups2 libpulse.so.0:libpulse0 libgtk-3.so.0:libgtk-3-0 libXrandr.so.2:libxrandr2 \
    libxcb-cursor.so.0:libxcb-cursor0 libxkbcommon-x11.so.0:libxkbcommon-x11-0 libwayland-cursor.so.0:libwayland-cursor0; do
    ldconfig -p | grep -qF "${pair%%:*} " || missing="$missing ${pair##*:}"
  done
  [ -z "$missing" ] && return 0
  say "To make the packages, these are missing. Type this, then try again:"
  say "    sudo apt-get install -y$missing"
  exit 1
}

# Debian's own comes first: it has no paths of a machine in it, and it is the one that its libraries fit.
find_python() {
  local name
  for name in ${PYTHON:-} /usr/bin/python3 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" - <<'PY' 2>/dev/null
import sys, sysconfig, venv, ensurepip
shared, flags = sysconfig.get_config_var("Py_ENABLE_SHARED"), sysconfig.get_config_var("LDFLAGS")
sys.exit(not (sys.version_info >= (3, 11) and shared and "rpath" not in flags))
PY
    then
      printf '%s' "$name"
      return 0
    fi
  done
  say "A Python 3.11 or newer is needed, with a shared library, venv, and no library path built in. On Debian:"
  say "    sudo apt-get install -y python3-venv libpython3-dev"
  exit 1
}

make_environment() {
  local python stamp
  python=$(find_python)
  stamp="$(cksum <"$LOCK") $("$python" --version) $(pwd -P)"
  [ "$(cat "$VENV/.stamp" 2>/dev/null)" = "$stamp" ] && return 0
  say "Making $VENV with $("$python" --version)"
  rm -rf "$VENV"
  "$python" -m venv "$VENV"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: -r "$LOCK"
  printf '%s\n' "$stamp" >"$VENV/.stamp"
}

main() {
  check_tools
  mkdir -p "$WORK" dist
  make_environment
  say "Making the wheel and the source package"
  rm -rf "$WORK/wheel" build/lib build/bdist.*
  SOURCE_DATE_EPOCH=$(PYTHONPATH=packaging "$VENV/bin/python" -c 'from installers.definitions import epoch; print(epoch())')
  export SOURCE_DATE_EPOCH
  "$VENV/bin/python" -m build --no-isolation --outdir dist . >"$WORK/build.log" 2>&1 || { cat "$WORK/build.log" >&2; exit 1; }
  mkdir "$WORK/wheel"
  cp dist/deskclassify-"$(PYTHONPATH=packaging "$VENV/bin/python" -c 'from installers.definitions import version; print(version())')"-py3-none-any.whl "$WORK/wheel/"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-index --force-reinstall "$WORK"/wheel/*.whl
  cd "$WORK" # a checkout in the working folder would be taken for the package
  PYTHONPATH=../../packaging venv/bin/python -m installers
}

main
