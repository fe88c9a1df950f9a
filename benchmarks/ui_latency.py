"""How smooth the window is while a network trains: `python benchmarks/ui_latency.py [preset]`.

Opens the real window on the built-in sample and trains with the real engine process. A timer
of 16 ms measures how late the event loop comes back to it. Prints median, 99th percentile and
maximum, once for the time in which the window opens, reads and shows the pictures, and once
for the training with its live charts.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

INTERVAL_MILLISECONDS = 16
LONGEST_SECONDS = 900.0
HEAVY = ("torch", "torchvision", "timm", "onnx", "onnxruntime")


@dataclass
class Gaps:
    """How long the event loop was away from its timer, beyond the interval, in milliseconds."""

    late: list[float] = field(default_factory=list)
    last: float = 0.0

    def tick(self) -> None:
        """The timer fired."""
        now = time.perf_counter()
        if self.last:
            self.late.append(max(0.0, (now - self.last) * 1000 - INTERVAL_MILLISECONDS))
        self.last = now

    def take(self) -> str:
        """What was measured since the last call, in words."""
        values, self.late = sorted(self.late), []
        p99 = values[min(len(values) - 1, round(0.99 * len(values)))]
        return (
            f"median {statistics.median(values):.1f} ms, p99 {p99:.1f} ms, max {values[-1]:.0f} ms "
            f"late ({len(values)} ticks)"
        )


def main() -> None:
    """Measure and print."""
    preset = sys.argv[1] if len(sys.argv) > 1 else "balanced"
    with tempfile.TemporaryDirectory() as home:
        os.environ["DESKCLASSIFY_HOME"] = home
        from PySide6.QtCore import QEventLoop, Qt, QTimer

        from deskclassify.core.sample import make_sample
        from deskclassify.ui.app import create_window

        folder = make_sample(Path(home) / "sample", per_class=40)
        window = create_window([])
        session, gaps = window.session, Gaps()
        timer = QTimer(window)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(INTERVAL_MILLISECONDS)
        timer.timeout.connect(gaps.tick)

        def wait_until(reached: Callable[[], bool]) -> None:
            end = time.monotonic() + LONGEST_SECONDS
            while not reached() and time.monotonic() < end:
                loop = QEventLoop()
                QTimer.singleShot(200, loop.quit)
                loop.exec()
            if not reached():
                raise SystemExit("gave up waiting")

        timer.start()
        window.open_path(folder)
        wait_until(lambda: session.scan_result is not None)
        window.show_page("train")
        began = time.monotonic()
        wait_until(lambda: time.monotonic() > began + 2)
        print(f"opening and reading {len(session.listing.items)} pictures: {gaps.take()}")  # type: ignore[union-attr]
        session.change_options(type(session.project.options)(preset=preset, epochs=3))  # type: ignore[arg-type]
        session.start_training()
        wait_until(lambda: session.train_state == "idle")
        print(f"training ({preset}): {gaps.take()}")
        timer.stop()
        print("heavy libraries in the window's process:", [name for name in HEAVY if name in sys.modules] or "none")
        window.close()


if __name__ == "__main__":
    main()
