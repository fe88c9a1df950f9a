"""Drops a picture on the running window as a hand would, and reads the answer as a screen reader would.

Runs in the tools' root of packaging/installer_test.sh with Debian's own Python, GTK 3, AT-SPI and xdotool. The program
under test knows nothing of it: the picture is dragged over with X's own drag and drop, and the label is read from the
accessibility tree.

    drop.py PICTURE LABEL
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyatspi

SECONDS = 90.0
SOURCE = """
import sys
import gi
gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk
window = Gtk.Window(title="drag source", type=Gtk.WindowType.POPUP)
window.set_default_size(60, 60)
window.move(0, 0)
box = Gtk.EventBox()
box.add(Gtk.Label(label="drag"))
window.add(box)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
box.connect("drag-data-get", lambda widget, context, data, info, when: data.set_uris([sys.argv[1]]))
window.show_all()
Gtk.main()
"""


def xdotool(*words: str) -> str:
    """Run xdotool; each call has an end."""
    return subprocess.run(["xdotool", *words], check=True, capture_output=True, text=True, timeout=30).stdout


def within(node: Any) -> Iterator[Any]:
    """The tree below a node; what vanishes meanwhile is passed over."""
    yield node
    try:
        children = [node.getChildAtIndex(number) for number in range(min(node.childCount, 400))]
    except Exception:
        return
    for child in children:
        if child is not None:
            yield from within(child)


def window() -> Any:
    """The accessible root of the program, once it is there."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for app in pyatspi.Registry.getDesktop(0):
            if app is not None and "deskclassify" in (app.name or "").lower():
                return app
        time.sleep(0.3)
    raise SystemExit("The program is not in the accessibility tree.")


def drop_area() -> tuple[int, int]:
    """The middle of the drop area on the screen, once it is shown."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for node in within(window()):
            try:
                identity = node.get_accessible_id() or ""
                if identity.endswith("dropArea") or "Drop pictures" in (node.name or ""):
                    place = node.queryComponent().getExtents(pyatspi.DESKTOP_COORDS)
                    if place.width > 40 and place.height > 10 and place.x >= 0:
                        return place.x + place.width // 2, place.y + place.height // 2
            except Exception:
                continue
        time.sleep(0.3)
    raise SystemExit("The drop area is not shown.")


def drag(uri: str, x: int, y: int) -> None:
    """Press on the source, move over in small steps, let go."""
    source = subprocess.Popen([sys.executable, "-c", SOURCE, uri])
    try:
        xdotool("search", "--sync", "--onlyvisible", "--name", "drag source")
        time.sleep(1)
        xdotool("mousemove", "30", "30", "mousedown", "1")
        for step in range(1, 21):
            xdotool("mousemove", str(30 + (x - 30) * step // 20), str(30 + (y - 30) * step // 20))
            time.sleep(0.05)
        time.sleep(0.5)
        xdotool("mouseup", "1")
        time.sleep(1)
    finally:
        source.kill()
        source.wait()


def texts() -> list[str]:
    """All that the window says now."""
    found = []
    for node in within(window()):
        try:
            found.append(node.name or "")
        except Exception:
            continue
    return [text for text in found if text]


def main() -> None:
    """Drop, wait for the answer, compare."""
    picture, label = Path(sys.argv[1]), sys.argv[2]
    x, y = drop_area()
    if picture.name in texts():
        raise SystemExit("The picture is in the window before it was dropped.")
    drag(picture.as_uri(), x, y)
    until = time.monotonic() + SECONDS
    seen: list[str] = []
    while time.monotonic() < until:
        seen = texts()
        rows = [seen[number : number + 4] for number, text in enumerate(seen) if text == picture.name]
        found = next((row for row in rows if label in row), None)
        if found is not None:
            sys.stdout.write(f"{picture.name} dropped at {x},{y}; its row in the window: {', '.join(found)}\n")
            return
        time.sleep(0.5)
    raise SystemExit(f"{label} was not shown for {picture.name}; the window says: " + " | ".join(seen)[:2000])


if __name__ == "__main__":
    main()
