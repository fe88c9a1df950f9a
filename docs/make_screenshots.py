"""Pictures of all pages for the README and the manual, light and dark: `make screenshots`.

Opens the real window on the built-in sample, trains with real engine processes, goes through the
pages, and writes docs/screenshots/PAGE-THEME.png. For the views that mend data, the same on a copy of
the sample that has all the faults that data have. Needs no display and changes no settings.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import ImageEnhance, ImageFilter, ImageOps
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView

from deskclassify.core.pictures import open_rgb
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sample import make_sample
from deskclassify.core.sources import Source
from deskclassify.ui.app import create_window
from deskclassify.ui.main_window import MainWindow
from deskclassify.ui.pages.layers.page import LayersPage
from deskclassify.ui.pages.picture_dialog import PictureDialog

REPOSITORY = Path(__file__).resolve().parents[1]
TARGET = REPOSITORY / "docs" / "screenshots"
SIZE = (1280, 800)  # pixels
SETTLE_SECONDS = 1.5  # for thumbnails and charts
LONGEST_SECONDS = 300.0
STARS = ("fish", "mushroom")  # classes of the sample that are clear at first sight
SURE = 8  # pictures to choose from


def wait(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(what: str, reached: Callable[[], bool]) -> None:
    """Let the window live until something has come about."""
    end = time.monotonic() + LONGEST_SECONDS
    while not reached():
        if time.monotonic() > end:
            raise SystemExit(f"this did not happen within {LONGEST_SECONDS:.0f} s: {what}")
        wait(0.1)


def shoot(window: MainWindow, page: str, view: str = "") -> None:
    """Write one page in both themes; of a further view of a page, the light one."""
    window.show_page(page)
    for theme in ("light",) if view else ("dark", "light"):
        window.choose_theme(theme)
        wait(SETTLE_SECONDS)
        file = TARGET / ("-".join(part for part in (page, view, theme) if part) + ".png")
        window.grab().save(str(file))
        print(file.relative_to(REPOSITORY))


def walk_through(window: MainWindow, folder: Path) -> None:
    """From the data to a prediction."""
    session = window.session
    window.open_path(folder)
    wait_until("the pictures are checked", lambda: session.scan_result is not None)
    wait_until("the device is known", lambda: session.examined is not None)
    grid = window.findChild(QAbstractItemView, "imageGrid")
    border = next(row for row, item in enumerate(session.listing.items) if item.label != session.listing.items[0].label)
    grid.scrollTo(grid.model().index(border, 0), QAbstractItemView.ScrollHint.PositionAtCenter)  # two classes in sight
    shoot(window, "data")
    window.train()
    wait_until("the training has ended", lambda: session.train_state == "idle")
    wait_until("the run is there", lambda: session.run is not None)
    shoot(window, "train")
    shoot(window, "evaluate")
    pictures = [Path(item.path) for item in session.listing.items if item.subset == "valid"]
    star = most_vivid(session.run)
    look_inside(window, star)
    wait_until("the model is ready", lambda: session.model is not None)
    answers: list[object] = []
    session.predict_done.connect(answers.append)
    window.show_page("predict")
    others = [path for path in pictures if path != star]
    session.predict([star, *others[:: max(1, len(others) // 12)]])
    wait_until("the pictures are classified", lambda: bool(answers))
    shoot(window, "predict")
    window.findChild(QAbstractButton, "answerWhyButton").click()
    wait(1.0)
    wait_until("the reasons are found", lambda: not session.owner.jobs)
    shoot(window, "predict", "why")


def spoil(folder: Path) -> None:
    """Give a folder of class folders wrong labels, copies and bad pictures, and a folder without classes beside it."""
    draw = random.Random(7)
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    some = {path: draw.sample(sorted(path.iterdir()), 9) for path in classes}
    for place, (path, pictures) in enumerate(some.items()):
        other = classes[(place + 1) % len(classes)]
        for picture in pictures[:2]:
            shutil.move(picture, other / f"{path.name}-{picture.name}")
        copied, mirrored, blurred, dark = (open_rgb(picture) for picture in pictures[2:6])
        copied.resize((copied.width // 2, copied.height // 2)).save(path / "copy.jpg", quality=60)
        ImageOps.mirror(mirrored).save(path / "mirrored.jpg")
        blurred.filter(ImageFilter.GaussianBlur(14)).save(path / "blurred.jpg")
        ImageEnhance.Brightness(dark).enhance(0.12).save(path / "dark.jpg")
        new = folder.with_name("new-pictures")
        new.mkdir(exist_ok=True)
        for picture in pictures[6:]:
            shutil.move(picture, new / f"{path.name[0]}-{picture.name}")


def mend(window: MainWindow, folder: Path) -> None:
    """From a number to better data."""
    session, page = window.session, window.evaluate_page
    session.new_project("Garden")
    window.open_path(folder)
    session.change_data(
        "bring in new-pictures",
        replace(
            session.project.data,
            sources=(*session.project.data.sources, Source(str(folder.with_name("new-pictures")), unlabelled=True)),
        ),
    )
    wait_until("the pictures are checked", lambda: session.scan_result is not None)
    window.train()
    wait_until("the training has ended", lambda: session.train_state == "idle")
    wait_until("the run is there", lambda: session.run is not None)
    window.show_page("evaluate")
    page.tabs.setCurrentWidget(page.curves)
    shoot(window, "evaluate", "curves")
    page.tabs.setCurrentWidget(page.confidence)
    shoot(window, "evaluate", "certainty")
    page.tabs.setCurrentWidget(page.mend)
    window.findChild(QAbstractButton, "lookForProblemsButton").click()
    stop = window.findChild(QAbstractButton, "mendStopButton")
    wait_until("it looks for problems", stop.isVisible)
    wait_until("the problems are found", lambda: not stop.isVisible())
    shoot(window, "evaluate", "mend")
    page.tabs.setCurrentWidget(page.suggest)
    wait(5.0)
    shoot(window, "evaluate", "suggest")
    page.tabs.setCurrentWidget(page.overview)
    wrong = next(one for one in page.state.view.verdicts if one.label != one.predicted)
    page.state.picture_wanted.emit(wrong.path)
    dialog = window.findChild(PictureDialog)
    wait(SETTLE_SECONDS)
    wait_until("the neighbours are there", lambda: not page.live.is_busy)
    wait(3.0)
    dialog.grab().save(str(TARGET / "picture-light.png"))
    dialog.close()


def most_vivid(run: RunFolder) -> Path:
    """The most colourful of the pictures that the network is surest of: a picture that a reader recognises at once."""
    right = [one for one in run.predictions() if one.label == one.predicted and one.label in STARS]
    surest = sorted(right, key=lambda one: -one.probability)[:SURE]
    return Path(max(surest, key=lambda one: colourfulness(one.path)).path)


def colourfulness(path: str) -> float:
    """Mean difference between the strongest and the weakest of red, green and blue, 0 to 255."""
    pixels = np.asarray(open_rgb(path), dtype=np.int16)
    return float((pixels.max(axis=2) - pixels.min(axis=2)).mean())


def look_inside(window: MainWindow, picture: Path) -> None:
    """All views of the Layers page."""
    window.show_page("layers")
    page = window.findChild(LayersPage)
    wait_until("the layers are listed", lambda: page.looking.listed is not None)
    page.set_picture(str(picture))
    walk_to(page, "blocks.1.0.conv_dw")
    shoot(window, "layers")
    page.tabs.setCurrentWidget(page.kernels)
    walk_to(page, "conv_stem")
    shoot(window, "layers", "kernels")
    page.tabs.setCurrentWidget(page.steps)
    walk_to(page, "blocks.1.0.conv_dw")
    shoot(window, "layers", "steps")
    page.tabs.setCurrentWidget(page.excitation)
    walk_to(page, "blocks.2.1.conv_dw")
    page.excitation.search()
    wait_until("the pictures are searched", lambda: bool(page.excitation.grid.pairs))
    shoot(window, "layers", "excites")
    page.view_buttons.button(1).click()
    wait_until("the reasons are there", lambda: page.explanation.panel.view.heat is not None)
    shoot(window, "layers", "why")
    page.view_buttons.button(2).click()
    page.pictures.buttons["tsne"].click()
    wait_until("the map is there", lambda: page.pictures.plot.isVisible() and not page.pictures.busy.isVisible())
    page.pictures.pictures_button.click()
    shoot(window, "layers", "map")
    page.view_buttons.button(0).click()


def walk_to(page: LayersPage, layer: str) -> None:
    """Look at a layer."""
    page.walk.list.choose(layer)
    wait_until(
        "the layer is shown",
        lambda: page.looking.shown is not None and page.looking.shown.layer.name == layer and not page.looking.is_busy,
    )


def main() -> None:
    """Make all pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["DESKCLASSIFY_HOME"] = home
        folder = make_sample(Path(home) / "sample-pictures")
        window = create_window([])
        window.resize(*SIZE)
        try:
            walk_through(window, folder)
            faulty = Path(home) / "garden" / "garden"
            shutil.copytree(folder, faulty)
            spoil(faulty)
            mend(window, faulty)
        finally:
            window.session.stop_training()
            wait_until("the training has ended", lambda: window.session.train_state == "idle")
            window.close()


if __name__ == "__main__":
    main()
