#!/usr/bin/env bash
# Installs the .deb on a clean Debian 12 and uses it as a person would: starts the window, drops a picture, reads the
# answer, installs the training engine from a folder of wheels, trains the sample, and removes all of it again.
#
# Two roots are made by debootstrap. The first gets the package and nothing else, so that it shows what the package
# forgot to depend on. The second holds the hands and eyes: an X server, a drag source, a reader of the accessibility
# tree. All mounts and processes live in namespaces of their own and end with this script.
#
#   MODEL=file.onnx PICTURE=file.jpg packaging/installer_test.sh    uses those instead of a newly trained sample
#   WHEELS=folder                    takes the engine's wheels from there instead of downloading them
#   SKIP_ENGINE=1                    leaves the training engine out
set -euo pipefail
cd "$(dirname "$0")/.."

WORK=$PWD/build/installer-test
CLEAN=$WORK/clean   # what the package is installed on
TOOLS=$WORK/tools   # what looks at it
SHARED=$WORK/shared # /tmp of both: the X server's socket, the message bus
MIRROR=${MIRROR:-http://deb.debian.org/debian}
USER_ID=1000

say() { printf '%s\n' "$*" >&2; }
fail() { say "FAILED: $*"; exit 1; }

outside() {
  [ "$(id -u)" = 0 ] || fail "this needs the administrator, to make a Debian of its own: sudo make installer-test"
  local tool missing=""
  for tool in debootstrap unshare chroot tar; do command -v "$tool" >/dev/null || missing="$missing $tool"; done
  [ -z "$missing" ] || fail "missing:$missing. Type: apt-get install -y debootstrap util-linux"
  DEB=$(find dist -name 'deskclassify_*_amd64.deb' | sort | tail -1)
  [ -n "$DEB" ] || fail "there is no .deb in dist/; make it first: make installer"
  mkdir -p "$WORK"
  rm -f "$WORK"/*.png
  policy
  sample
  [ -n "${SKIP_ENGINE:-}" ] || wheels
  export DEB MODEL PICTURE WHEELS
  # --kill-child: whatever happens here, nothing runs on, and mounts of a namespace vanish with it.
  local code=0
  unshare --mount --pid --fork --kill-child --propagation private "$0" --inside || code=$?
  rm -rf --one-file-system "$CLEAN" "$TOOLS" "$SHARED"
  exit "$code"
}

# Debian's own judge of packages, where it is installed; what it may pass over is in packaging/linux/lintian-overrides.
policy() {
  command -v lintian >/dev/null || { say "left out: lintian is not installed"; return 0; }
  lintian --fail-on error,warning "$DEB" >"$WORK/lintian.log" 2>&1 || { cat "$WORK/lintian.log" >&2; fail "lintian"; }
  say "ok: lintian has nothing to say"
}

# A model as the program makes it: the drawn sample, trained quickly and exported, with the checkout's own environment.
sample() {
  [ -n "${MODEL:-}" ] && [ -n "${PICTURE:-}" ] && return 0
  local home=$WORK/sample
  if [ ! -f "$home/demo.json" ]; then
    say "Training the sample for a model to try"
    rm -rf "$home"
    mkdir -p "$home"
    DESKCLASSIFY_HOME=$home .venv/bin/deskclassify demo --headless --json >"$home/demo.jsonl" 2>"$home/demo.log" ||
      { tail -5 "$home/demo.log" >&2; fail "the sample could not be trained"; }
    tail -1 "$home/demo.jsonl" >"$home/demo.json"
  fi
  MODEL=$(.venv/bin/python -c 'import json,sys; print(json.load(open(sys.argv[1]))["model"])' "$home/demo.json")
  PICTURE=$(.venv/bin/python -c 'import json,sys,pathlib; print(sorted(pathlib.Path(json.load(open(sys.argv[1]))["sample"]).rglob("*.[pj][np]g"))[0])' "$home/demo.json")
}

# The engine's wheels, for Debian 12's Python, by the list in the package.
wheels() {
  [ -n "${WHEELS:-}" ] && return 0
  WHEELS=$PWD/build/engine-wheels
  local list=resources/engine/cpu-linux-x86_64.txt
  [ "$(cat "$WHEELS/.stamp" 2>/dev/null)" = "$(cksum <"$list")" ] && return 0
  say "Downloading the training engine's wheels, once"
  mkdir -p "$WHEELS"
  local platforms=() minor
  for minor in $(seq 36 -1 5); do platforms+=(--platform "manylinux_2_${minor}_x86_64"); done
  platforms+=(--platform manylinux2014_x86_64 --platform manylinux1_x86_64 --platform linux_x86_64)
  .venv/bin/python -m pip download --quiet --disable-pip-version-check --retries 1 --require-hashes --no-deps \
    --only-binary=:all: --python-version 3.11 "${platforms[@]}" --dest "$WHEELS" --requirement "$list"
  cksum <"$list" >"$WHEELS/.stamp"
}

# ---- inside the namespaces ----

make_root() { # FOLDER: a Debian 12 of its own
  rm -rf --one-file-system "$1"
  mkdir -p "$1"
  tar -xf "$WORK/debian-12.tar" -C "$1"
  mount -t proc proc "$1/proc"
  mount -t tmpfs -o mode=755 tmpfs "$1/dev"
  local node
  for node in null zero full random urandom tty; do
    : >"$1/dev/$node"
    mount --bind "/dev/$node" "$1/dev/$node"
  done
  mkdir "$1/dev/shm" "$1/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$1/dev/pts"
  ln -s pts/ptmx "$1/dev/ptmx"
  mount --bind "$SHARED" "$1/tmp"
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  cat >"$1/etc/apt/sources.list" <<LIST
deb $MIRROR bookworm main
deb $MIRROR bookworm-updates main
LIST
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d" # no services in here
  chmod +x "$1/usr/sbin/policy-rc.d"
  chroot "$1" useradd --create-home --uid "$USER_ID" --shell /bin/bash pupil
}

base() { # the Debian that both roots begin as; kept, without devices
  [ -f "$WORK/debian-12.tar" ] && return 0
  say "Making a Debian 12 (debootstrap)"
  rm -rf --one-file-system "$WORK/base"
  debootstrap --variant=minbase bookworm "$WORK/base" "$MIRROR" >"$WORK/debootstrap.log" 2>&1 || fail "debootstrap: see $WORK/debootstrap.log"
  tar -cf "$WORK/debian-12.tar.new" --exclude='./dev/*' --exclude='./proc/*' --exclude='./var/cache/apt/archives/*.deb' -C "$WORK/base" .
  mv "$WORK/debian-12.tar.new" "$WORK/debian-12.tar"
  rm -rf --one-file-system "$WORK/base"
}

apt_in() { # ROOT PACKAGE…
  local root=$1
  shift
  chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$WORK/apt.log" 2>&1 ||
    { tail -20 "$WORK/apt.log" >&2; fail "apt could not install $*"; }
}

as_user() { # ROOT COMMAND…: as the ordinary user, on the X server of the tools
  local root=$1
  shift
  # In the background, `AS=exec` makes the process that is known by $! the program itself.
  ${AS:-} chroot --userspec="$USER_ID:$USER_ID" "$root" env -i HOME=/home/pupil USER=pupil LANG=C.UTF-8 PATH=/usr/bin:/bin \
    DISPLAY=:9 XDG_RUNTIME_DIR=/tmp/run DBUS_SESSION_BUS_ADDRESS=unix:path=/tmp/run/bus \
    QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1 GTK_MODULES= NO_AT_BRIDGE=1 "$@"
}

field() { # NAME: of the last JSON line on standard input
  chroot "$TOOLS" python3 -c 'import json,sys; print(json.loads(sys.stdin.read().strip().splitlines()[-1])[sys.argv[1]])' "$1"
}

start_tools() {
  install -d -m 700 -o "$USER_ID" -g "$USER_ID" "$SHARED/run"
  install -d -m 1777 "$SHARED/.X11-unix"
  AS="exec" as_user "$TOOLS" Xvfb :9 -screen 0 1280x800x24 -nolisten tcp >"$WORK/xvfb.log" 2>&1 &
  AS="exec" as_user "$TOOLS" dbus-daemon --session --nofork --nopidfile --address=unix:path=/tmp/run/bus >"$WORK/dbus.log" 2>&1 &
  local waited=0
  until [ -S "$SHARED/.X11-unix/X9" ] && [ -S "$SHARED/run/bus" ]; do
    waited=$((waited + 1))
    [ "$waited" -lt 100 ] || fail "the X server or the message bus did not start: see $WORK/xvfb.log, $WORK/dbus.log"
    sleep 0.2
  done
}

look_for_window() { # xdotool's own waiting looks twice a second only
  as_user "$TOOLS" timeout 60 sh -c 'until xdotool search --onlyvisible --class deskclassify; do sleep 0.02; done' >/dev/null 2>&1
}

close_window() { # PROCESS: asks as a window manager does, and waits for the end
  kill -TERM "$1" 2>/dev/null || true
  timeout 20 tail --pid="$1" -f /dev/null || kill -KILL "$1"
  wait "$1" 2>/dev/null || true
}

start_up() { # time from the call to the first window, five times
  local times=() begun process
  for _ in 1 2 3 4 5; do
    begun=$(date +%s%N)
    AS="exec" as_user "$CLEAN" deskclassify >"$WORK/window.log" 2>&1 &
    process=$!
    look_for_window || { cat "$WORK/window.log" >&2; fail "no window appeared"; }
    times+=($((($(date +%s%N) - begun) / 1000000)))
    close_window "$process"
  done
  say "ok: window up after $(printf '%s\n' "${times[@]}" | sort -n | sed -n 3p) ms (median of: ${times[*]}; the first one reads from the disk)"
}

command_line() {
  as_user "$CLEAN" deskclassify --version >&2
  as_user "$CLEAN" deskclassify doctor --json >"$WORK/doctor.json" || fail "doctor: $(cat "$WORK/doctor.json")"
  say "ok: doctor says $(field provider <"$WORK/doctor.json")"
  as_user "$CLEAN" deskclassify predict --json /home/pupil/model.onnx "/home/pupil/$NAME" >"$WORK/predict.json" || fail "predict"
  LABEL=$(field label <"$WORK/predict.json")
  say "ok: the command line says $LABEL"
}

drop_picture() {
  AS="exec" as_user "$CLEAN" deskclassify /home/pupil/model.onnx >"$WORK/window.log" 2>&1 &
  local process=$!
  look_for_window || fail "no window appeared"
  install -m 644 packaging/try_out/drop.py "$SHARED/drop.py"
  if ! as_user "$TOOLS" timeout 300 python3 /tmp/drop.py "/home/pupil/$NAME" "$LABEL" >"$WORK/drop.log" 2>&1; then
    as_user "$TOOLS" import -window root /tmp/run/failed.png 2>/dev/null && cp "$SHARED/run/failed.png" "$WORK/"
    cat "$WORK/drop.log" "$WORK/window.log" >&2
    fail "the dropped picture was not classified; the screen is in $WORK/failed.png"
  fi
  as_user "$TOOLS" import -window root /tmp/run/dropped.png 2>/dev/null && cp "$SHARED/run/dropped.png" "$WORK/"
  say "ok: $(cat "$WORK/drop.log")"
  close_window "$process"
}

engine() {
  [ -z "${SKIP_ENGINE:-}" ] || { say "left out: the training engine"; return 0; }
  if as_user "$CLEAN" deskclassify demo --headless >"$WORK/engine.log" 2>&1; then fail "training without the engine"; fi
  say "ok: without the engine it says: $(tail -1 "$WORK/engine.log")"
  apt_in "$CLEAN" python3 python3-venv # what the package recommends for it
  mkdir "$CLEAN/home/pupil/wheels"
  mount --bind "$WHEELS" "$CLEAN/home/pupil/wheels"
  local begun=$SECONDS
  # No network in there: whatever is not in the folder would be missed.
  unshare --net chroot --userspec="$USER_ID:$USER_ID" "$CLEAN" env -i HOME=/home/pupil LANG=C.UTF-8 PATH=/usr/bin:/bin \
    deskclassify install-engine --wheels /home/pupil/wheels --cpu >"$WORK/engine.log" 2>&1 || { tail -20 "$WORK/engine.log" >&2; fail "install-engine"; }
  say "ok: training engine installed in $((SECONDS - begun)) s: $(tail -1 "$WORK/engine.log")"
  umount "$CLEAN/home/pupil/wheels"
  rmdir "$CLEAN/home/pupil/wheels"
  begun=$SECONDS
  unshare --net chroot --userspec="$USER_ID:$USER_ID" "$CLEAN" env -i HOME=/home/pupil LANG=C.UTF-8 PATH=/usr/bin:/bin \
    deskclassify demo --headless --json >"$WORK/demo.jsonl" 2>"$WORK/demo.log" || { tail -20 "$WORK/demo.log" >&2; fail "training the sample"; }
  say "ok: the sample was trained in $((SECONDS - begun)) s, accuracy $(field accuracy <"$WORK/demo.jsonl")"
  as_user "$CLEAN" deskclassify install-engine --remove >"$WORK/engine.log" 2>&1 || { cat "$WORK/engine.log" >&2; fail "removing the engine"; }
  say "ok: $(tail -1 "$WORK/engine.log")"
}

# The window's own processes end after it; none may stay.
all_ended() {
  local waited=0 process left
  while :; do
    left=""
    for process in /proc/[0-9]*; do
      [ "$(readlink "$process/root" 2>/dev/null)" = "$CLEAN" ] && left="$left $(tr '\0' ' ' <"$process/cmdline" 2>/dev/null)"
    done
    [ -n "$left" ] || return 0
    waited=$((waited + 1))
    [ "$waited" -lt 100 ] || fail "still running after the window was closed:$left"
    sleep 0.3
  done
}

# Nothing may be gathered about the user: no folder may have come into being but the program's own, and the caches that
# the system's libraries keep of fonts and shaders.
private() {
  local other
  other=$(cd "$CLEAN/home/pupil" && find . -mindepth 2 -maxdepth 4 -path './.*' ! -path '*deskclassify*' \
    ! -path './.cache/fontconfig/*' ! -path './.cache/mesa_shader_cache*' -type f)
  [ -z "$other" ] || fail "written into the user's folder, and not the program's: $other"
  say "ok: nothing was written but in the program's own folders"
}

removal() {
  all_ended
  private
  chroot "$CLEAN" dpkg -L deskclassify >"$WORK/files"
  (cd "$CLEAN/home/pupil" && find . -type f -exec sha256sum {} + | sort) >"$WORK/before"
  chroot "$CLEAN" dpkg --purge deskclassify >/dev/null 2>"$WORK/purge.log" || fail "purge: $(cat "$WORK/purge.log")"
  [ -s "$WORK/purge.log" ] && fail "purge says: $(cat "$WORK/purge.log")"
  local file
  while read -r file; do
    if [ -L "$CLEAN$file" ] || [ -f "$CLEAN$file" ]; then fail "left behind: $file"; fi
    case $file in *deskclassify*) [ ! -e "$CLEAN$file" ] || fail "left behind: $file" ;; esac
  done <"$WORK/files"
  file=$(find "$CLEAN" -xdev -path "$CLEAN/home" -prune -o -path "$CLEAN/proc" -prune -o -name '*deskclassify*' -print | grep -v '/var/lib/dpkg/\|/pkg/' || true)
  [ -z "$file" ] || fail "left behind: $file"
  (cd "$CLEAN/home/pupil" && find . -type f -exec sha256sum {} + | sort) >"$WORK/after"
  cmp -s "$WORK/before" "$WORK/after" || { diff "$WORK/before" "$WORK/after" >&2; fail "removing the package changed the user's files"; }
  say "ok: removed without a trace; the user's $(wc -l <"$WORK/after") files are untouched"
}

inside() {
  mount -t proc proc /proc
  base
  rm -rf --one-file-system "$SHARED"
  install -d -m 1777 "$SHARED"
  say "Making the two roots"
  make_root "$CLEAN"
  make_root "$TOOLS"
  mkdir "$CLEAN/pkg"
  cp "$DEB" "$CLEAN/pkg/"
  apt_in "$CLEAN" "/pkg/$(basename "$DEB")"
  say "ok: $(basename "$DEB") ($(($(stat -c %s "$DEB") / 1000000)) MB) installed with what it depends on"
  NAME=picture.${PICTURE##*.}
  install -m 644 -o "$USER_ID" -g "$USER_ID" "$MODEL" "$CLEAN/home/pupil/model.onnx"
  install -m 644 -o "$USER_ID" -g "$USER_ID" "$PICTURE" "$CLEAN/home/pupil/$NAME"
  apt_in "$TOOLS" xvfb xdotool dbus at-spi2-core python3-pyatspi gir1.2-gtk-3.0 imagemagick x11-xserver-utils
  mount --bind "$CLEAN/home" "$TOOLS/home"
  start_tools
  command_line
  start_up
  drop_picture
  engine
  removal
  say "The package is fine."
}

if [ "${1:-}" = --inside ]; then inside; else outside; fi
