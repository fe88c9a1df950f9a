"""How smoothly 100,000 pictures scroll: `python benchmarks/grid_scroll.py [entries]`.

Fills the image grid with entries that repeat a few hundred drawn pictures, then drags the scroll
bar through all of it and through a stretch in small steps. Prints the time of a frame: the event
loop's work and the painting, while two threads decode.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PIL import Image
from PySide6.QtWidgets import QApplication

from deskclassify.ui import theme
from deskclassify.ui.widgets import thumbnails
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid

PICTURES = 400
FRAMES = 300


def make_pictures(folder: Path) -> list[str]:
    """Photos in size: 1024 x 768 JPEG files of noise."""
    paths = []
    for number in range(PICTURES):
        path = folder / f"{number}.jpg"
        Image.effect_noise((256, 192), 40 + number % 60).resize((1024, 768)).convert("RGB").save(path, quality=85)
        paths.append(str(path))
    return paths


def frames(app: QApplication, grid: ImageGrid, positions: list[int]) -> list[float]:
    """Milliseconds of each frame."""
    spent = []
    for position in positions:
        began = time.perf_counter()
        grid.verticalScrollBar().setValue(position)
        app.processEvents()
        grid.viewport().repaint()
        spent.append(1000 * (time.perf_counter() - began))
    return sorted(spent)


def tell(title: str, spent: list[float]) -> None:
    """Print median, 99th percentile and maximum."""
    print(
        f"{title:32s} median {spent[len(spent) // 2]:6.1f} ms   "
        f"p99 {spent[int(len(spent) * 0.99)]:6.1f} ms   max {spent[-1]:6.1f} ms"
    )


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    app = QApplication([])
    theme.apply(app, "light")
    with tempfile.TemporaryDirectory() as folder:
        paths = make_pictures(Path(folder))
        entries = [GridEntry(paths[i % PICTURES], f"picture {i}", color="#2f7fd6") for i in range(count)]
        grid = ImageGrid()
        grid.resize(1000, 700)
        grid.show()
        began = time.perf_counter()
        grid.set_entries(entries)
        app.processEvents()
        print(f"{count:,} entries laid out in {1000 * (time.perf_counter() - began):.0f} ms")
        end = grid.verticalScrollBar().maximum()
        tell("dragged through all", frames(app, grid, [end * i // FRAMES for i in range(FRAMES)]))
        tell("wheel, 40 pixels a frame", frames(app, grid, [end // 2 + 40 * i for i in range(FRAMES)]))
        tell("once more, from memory", frames(app, grid, [end // 2 + 40 * i for i in range(FRAMES)]))
        grid.close()
        thumbnails.finish()


if __name__ == "__main__":
    main()
