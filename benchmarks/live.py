"""How soon the metrics move after a label has changed: `python benchmarks/live.py [FOLDER]`.

Opens the real window with the real engine processes on a folder of class folders (the built-in sample with 2,000
pictures, if none is given) and trains the preset quick. Then it gives one picture after the other another class, as the
mouse and the keys do, and takes the time until the Evaluate page shows the metrics of the last layer that was learned
anew; every third change is taken back, which needs no learning. A timer of 4 ms tells for how long the window was
away meanwhile. `--json` prints the figures as one object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

PICTURES = 2_000
TICK_MILLISECONDS = 4
LONGEST_SECONDS = 1800.0
GOAL_SECONDS = 1.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="of class folders")
    parser.add_argument("--changes", type=int, default=30, help="how many labels are changed")
    parser.add_argument("--preset", default="quick", help="with another than quick, the trunk has learned as well")
    parser.add_argument("--json", action="store_true", help="print the figures as one object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["DESKCLASSIFY_HOME"] = home
        figures = measure(options.folder or made(Path(home)), options.changes, options.preset)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' ')}: {value}")
    print(f"the goal: {GOAL_SECONDS:.0f} s")


def made(home: Path) -> Path:
    """The built-in sample, large."""
    from deskclassify.core.sample import CLASSES, make_sample

    return make_sample(home / "sample", per_class=PICTURES // len(CLASSES))


def measure(folder: Path, changes: int, preset: str) -> dict[str, float]:
    """Train, change labels, and take the times; seconds but where the name says otherwise."""
    from dataclasses import replace

    from PySide6.QtCore import QEventLoop, Qt, QTimer

    from deskclassify.ui.app import create_window
    from deskclassify.ui.live import LiveLearning
    from deskclassify.ui.mending import Mender
    from deskclassify.ui.pages.evaluate import EvaluatePage

    window = create_window([])
    window.resize(1280, 800)
    window.show()
    session = window.session

    def wait_until(what: str, reached: Callable[[], bool], milliseconds: int = 20) -> None:
        end = time.monotonic() + LONGEST_SECONDS
        while not reached():
            if time.monotonic() > end:
                raise SystemExit(f"gave up waiting: {what}")
            loop = QEventLoop()
            QTimer.singleShot(milliseconds, loop.quit)
            loop.exec()

    session.add_folder(folder)
    wait_until("the pictures are checked", lambda: session.scan_result is not None)
    session.change_options(replace(session.project.options, preset=preset))
    session.start_training()
    wait_until("the training has ended", lambda: session.train_state == "idle")
    wait_until("the run is there", lambda: session.run is not None and session.model is not None)
    window.show_page("evaluate")
    page = window.findChild(EvaluatePage)
    live = page.findChild(LiveLearning) or LiveLearning(session, page.state, page)
    live.set_enabled(True)
    wait_until("the features are at hand", lambda: not live._latest.is_busy)
    mender, state = Mender(session, window), page.state
    classes = mender.classes()
    gaps: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(1000 * (now - last) - TICK_MILLISECONDS)
        last = now

    timer = QTimer(window)
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(TICK_MILLISECONDS)
    timer.timeout.connect(tick)
    items = session.listing.items[:: max(1, len(session.listing.items) // changes)][:changes]
    moved: list[float] = []
    undone: list[float] = []
    learned: list[float] = []
    timer.start()
    last = time.perf_counter()
    for number, item in enumerate(items):
        before = state.view.live
        begun = time.perf_counter()
        mender.relabel([item.path], classes[(classes.index(item.label) + 1) % len(classes)])
        wait_until("the metrics have moved", lambda: state.view.live not in (None, before), 2)  # noqa: B023
        moved.append(time.perf_counter() - begun)
        learned.append(state.view.live.seconds)
        if number % 3 == 2:
            begun = time.perf_counter()
            session.undo_stack.setIndex(session.undo_stack.index() - 3)
            undone.append(time.perf_counter() - begun)
            wait_until("the run is shown again", lambda: state.view.live is None, 2)
    timer.stop()
    pictures = len(session.listing.items)
    window.close()
    session.owner.close()
    late = sorted(gaps)
    return {
        "pictures": pictures,
        "changes": len(moved),
        "median": round(statistics.median(moved), 3),
        "slowest_of_ten": round(sorted(moved)[round(0.9 * (len(moved) - 1))], 3),
        "longest": round(max(moved), 3),
        "median_of_the_learning_alone": round(statistics.median(learned), 3),
        "median_of_an_undo": round(statistics.median(undone), 3),
        "window_away_p99_milliseconds": round(late[round(0.99 * (len(late) - 1))], 1),
        "window_away_longest_milliseconds": round(late[-1], 1),
    }


if __name__ == "__main__":
    main()
