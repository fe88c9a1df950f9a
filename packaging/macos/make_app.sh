#!/usr/bin/env bash
# The application for macOS as a .dmg, from the same recipe and definitions as the packages for Linux.
# NOT TRIED: written without a Mac at hand. The app is signed for this machine only (ad hoc): to hand it to others, sign
# it with a Developer ID and let Apple notarise it.
#
#   SIGN_AS="Developer ID Application: …" packaging/macos/make_app.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(uname -s)" = Darwin ] || { echo "This runs on macOS only." >&2; exit 1; }

WORK=build/installer
VENV=$WORK/venv
export PYTHONPATH=packaging

"${PYTHON:-python3.11}" -m venv "$VENV"
"$VENV/bin/python" -m pip install --quiet --require-hashes --only-binary=:all: -r packaging/bundle/requirements.txt
rm -rf "$WORK/wheel"
"$VENV/bin/python" -m build --no-isolation --wheel --outdir "$WORK/wheel" .
"$VENV/bin/python" -m pip install --quiet --no-deps --no-index "$WORK"/wheel/*.whl
"$VENV/bin/python" -c 'from installers import definitions, icons; icons.draw(definitions.BUILD / "icons")'
"$VENV/bin/python" -m PyInstaller --noconfirm --clean --log-level WARN --distpath "$WORK/bundle" --workpath "$WORK/work" \
  packaging/bundle/deskclassify.spec

VERSION=$("$VENV/bin/python" -c 'from installers.definitions import version; print(version())')
APP=$WORK/bundle/deskclassify.app
codesign --force --deep --options runtime --sign "${SIGN_AS:--}" "$APP"
rm -rf "$WORK/dmg"
mkdir -p "$WORK/dmg" dist
cp -R "$APP" "$WORK/dmg/"
ln -s /Applications "$WORK/dmg/Applications"
hdiutil create -volname deskclassify -srcfolder "$WORK/dmg" -ov -format UDZO "dist/deskclassify-$VERSION-macos-$(uname -m).dmg"
