"""How long until the window is painted: `python benchmarks/startup.py [runs]`.

Starts the program again and again in a fresh process and measures from the start of the
process to the end of the window's first paint. Prints the median and the extremes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PROGRAM = """
from deskclassify.ui.app import create_window
from PySide6.QtWidgets import QApplication
window = create_window([])
while not window._painted:
    QApplication.processEvents()
import os, time
print(time.time(), flush=True)
os._exit(0)
"""


def first_paint_seconds(environment: dict[str, str]) -> float:
    """One start."""
    began = time.time()
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1]) - began


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "DESKCLASSIFY_HOME": home, "PYTHONPATH": str(REPOSITORY)}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        first_paint_seconds(environment)  # fills the file cache and writes the byte code
        seconds = [first_paint_seconds(environment) for _ in range(runs)]
    print(f"first paint after {statistics.median(seconds):.2f} s (median of {runs})")
    print(f"fastest {min(seconds):.2f} s, slowest {max(seconds):.2f} s")


if __name__ == "__main__":
    main()
