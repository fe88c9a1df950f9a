"""How fast one walks through a network: `python benchmarks/viewer.py [--architecture NAME]`.

Opens the real window with the real engine process on a run of the given network (EfficientNet-Lite0; random weights,
so that nothing is downloaded), and clicks from its first layer to its last and back again, with a picture of the
built-in sample. Measures from the click to the end of the paint that shows the layer, while a timer of 16 ms measures
how late the event loop comes back to it. Prints medians and percentiles; the exit code is 1 where a bound is broken.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

BOUNDS = {"efficientnet_lite0": 150.0, "resnet50": 400.0}  # milliseconds, of the median, on two cores
OTHER_BOUND = 400.0
LATE_BOUND = 33.0  # milliseconds, 99th percentile of how late the event loop is
INTERVAL_MILLISECONDS = 16
LOOK_SECONDS = 0.15  # between two clicks: somebody looks, and the exact values of a channel are fetched
LONGEST_SECONDS = 300.0
HEAVY = ("torch", "torchvision", "timm", "onnx", "onnxruntime")


def make_run(architecture: str, folder: str, sample: str) -> None:
    """Write a run folder with random weights. In a process of its own: it takes torch."""
    import torch
    from safetensors.torch import save_file

    from deskclassify.core.architectures import get
    from deskclassify.core.codec import to_json
    from deskclassify.core.events import Verdict
    from deskclassify.core.run_folder import RunFolder
    from deskclassify.core.sources import DataSpec, Source, list_data
    from deskclassify.ml import zoo

    torch.manual_seed(0)
    listed = list_data(DataSpec((Source(sample),)))
    classes = sorted({item.label for item in listed.items})
    model = zoo.build(get(architecture), len(classes))
    torch.nn.init.normal_(model.head.linear.weight)
    run = RunFolder(Path(folder))
    run.path.mkdir(parents=True)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, run.best)
    run.write_split(listed.items)
    preprocess = to_json(get(architecture).preprocess("squish"))
    run.write_predictions(Verdict(item.path, item.label, item.label, 1.0, 0.0) for item in listed.items)
    info = {"schema": 1, "status": "finished", "classes": classes, "architecture": architecture}
    run.write_info({**info, "preprocess": preprocess, "request": {}, "result": {"accuracy": 1.0, "best_epoch": 1}})


class Walk:
    """Clicks through the window and keeps the times."""

    def __init__(self, window: Any, application: Any) -> None:
        from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer

        self.page = window.layers_page
        self.times: list[float] = []
        self.late: list[float] = []
        self._application = application
        self._wait = QEventLoop.ProcessEventsFlag.WaitForMoreEvents
        self._painted = False
        self._last_tick = 0.0
        outer = self

        class Watch(QObject):
            def eventFilter(self, watched: QObject, happened: QEvent) -> bool:  # noqa: N802
                outer._painted |= happened.type() == QEvent.Type.Paint
                return False

        self._watch = Watch()
        tab = self.page.activations
        for widget in (tab.grid.viewport(), tab.values.bars):
            widget.installEventFilter(self._watch)
        self.page.looking.shown_changed.connect(self._shown)
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MILLISECONDS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        if self._last_tick:
            self.late.append(max(0.0, (now - self._last_tick) * 1000 - INTERVAL_MILLISECONDS))
        self._last_tick = now

    def until(self, reached: Callable[[], bool]) -> None:
        """Let the window live until something is reached."""
        end = time.monotonic() + LONGEST_SECONDS
        while not reached():
            if time.monotonic() > end:
                raise SystemExit("gave up waiting")
            self._application.processEvents(self._wait)

    def _shown(self) -> None:
        self._painted = False  # the paint that counts is the next one

    def rest(self, seconds: float) -> None:
        """Let the window live for a while."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)

    def step(self, button: Any) -> None:
        """Click, and wait for the paint that shows the layer."""
        looking = self.page.looking
        begun = time.perf_counter()
        button.click()
        wanted = looking.layer
        # The event loop comes back when the paint is done.
        self.until(lambda: self._painted and looking.shown is not None and looking.shown.layer == wanted)
        self.times.append((time.perf_counter() - begun) * 1000)
        self.rest(LOOK_SECONDS)

    def stop(self) -> None:
        """No ticks any more."""
        self._timer.stop()


def share(values: list[float], part: float) -> float:
    """A percentile."""
    return sorted(values)[min(len(values) - 1, round(part * len(values)))]


def walk(architecture: str, home: Path) -> Walk:
    """Open the window and go through all layers, to the end and back."""
    os.environ["DESKCLASSIFY_HOME"] = str(home)
    from PySide6.QtWidgets import QApplication

    from deskclassify.core.sample import make_sample
    from deskclassify.ui.app import create_window

    sample = make_sample(home / "sample", per_class=8)
    run = home / "run"
    program = [sys.executable, __file__, "--make", str(run), str(sample), "--architecture", architecture]
    subprocess.run(program, check=True)
    window = create_window([])
    window.resize(1280, 860)
    window.open_path(run)
    window.show_page("layers")
    walked = Walk(window, QApplication.instance())
    looking = walked.page.looking
    walked.until(lambda: looking.shown is not None and bool(looking.shown.activations.size))
    walked.until(lambda: not window.session.owner.jobs)  # a run that was just opened is exported
    walked.rest(2.0)
    walked.late.clear()  # opening is measured by other benchmarks
    count = walked.page.walk.list.filter.rowCount()
    for button in [walked.page.walk.next_button] * (count - 1) + [walked.page.walk.previous_button] * (count - 1):
        walked.step(button)
    walked.stop()
    print(f"{architecture}: {count} layers, there and back, {len(walked.times)} steps")
    print("heavy libraries in the window's process:", [name for name in HEAVY if name in sys.modules] or "none")
    window.close()
    return walked


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architecture", default="efficientnet_lite0")
    parser.add_argument("--make", nargs=2, metavar=("RUN", "SAMPLE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make_run(given.architecture, *given.make)
        return 0
    with tempfile.TemporaryDirectory() as home:
        walked = walk(given.architecture, Path(home))
    times, gaps = walked.times, walked.late
    median, bound = statistics.median(times), BOUNDS.get(given.architecture, OTHER_BOUND)
    late = share(gaps, 0.99)
    print(f"click to painted layer: median {median:.0f} ms (bound {bound:.0f} ms), ", end="")
    print(f"p95 {share(times, 0.95):.0f} ms, max {max(times):.0f} ms")
    print(f"event loop late: median {statistics.median(gaps):.1f} ms, p99 {late:.1f} ms ", end="")
    print(f"(bound {LATE_BOUND:.0f} ms), max {max(gaps):.0f} ms ({len(gaps)} ticks)")
    broken = median > bound or late > LATE_BOUND
    print("a bound is broken" if broken else "within the bounds")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
