"""The application: its window, its log, and how both begin and end."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

import resources
from deskclassify import __version__
from deskclassify.core import settings as settings_file
from deskclassify.engine.client import EnginePool, run_in_process
from deskclassify.jobs.owner import JobOwner
from deskclassify.ui import logs, theme
from deskclassify.ui.demo import Demo
from deskclassify.ui.main_window import MainWindow
from deskclassify.ui.session import Session

NO_DISPLAY = (
    "deskclassify needs a display to open its window, and there is none. Start it on a desktop, or on a virtual "
    "display (xvfb-run deskclassify), or use the command line: deskclassify --help.\n"
)


@dataclass(frozen=True)
class Arguments:
    """What the user wrote after the program's name."""

    paths: tuple[Path, ...] = ()
    in_process: bool = False
    demo: bool = False

    @staticmethod
    def of(argv: list[str]) -> Arguments:
        """Read `--in-process`, `--demo` and paths."""
        paths = tuple(Path(word) for word in argv if word not in ("--in-process", "--demo"))
        return Arguments(paths, "--in-process" in argv, "--demo" in argv)


def create_window(argv: list[str]) -> MainWindow:
    """Make the application (unless there is one) and its window, without entering the event loop.

    Args:
        argv: what the user wrote: paths to open, `--in-process` (jobs run in threads of this process).
    """
    arguments = Arguments.of(argv)
    app = QApplication.instance() or QApplication(["deskclassify"])
    assert isinstance(app, QApplication)
    QCoreApplication.setApplicationName("deskclassify")
    QCoreApplication.setApplicationVersion(__version__)
    app.setApplicationDisplayName("deskclassify")
    app.setDesktopFileName("deskclassify")
    app.setWindowIcon(QIcon(str(Path(resources.__file__).parent / "icons" / "app.svg")))
    settings = settings_file.load()
    theme.apply(app, settings.theme)
    session = Session(_owner(arguments.in_process), settings)
    window = MainWindow(session)
    session.setParent(window)
    session.owner.setParent(window)
    if not arguments.in_process:
        window.page_shown.connect(session.warm_up)
    if arguments.demo:
        Demo(session)
    window.show()
    for path in arguments.paths:
        QTimer.singleShot(0, window, _Opening(window, path))
    return window


class _Opening:
    """Opens a path once the event loop runs, so that a failure is seen in the window."""

    def __init__(self, window: MainWindow, path: Path) -> None:
        self._window, self._path = window, path

    def __call__(self) -> None:
        self._window.open_path(self._path)


def _owner(in_process: bool) -> JobOwner:
    if in_process:
        return JobOwner(run_in_process)
    pool = EnginePool()
    return JobOwner(pool.stream, pool.close)


def has_display() -> bool:
    """Whether a window can be opened; without a display Qt would abort the process."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main(argv: list[str]) -> int:
    """Open the window and stay until it is closed.

    Returns:
        the exit code: 2 where there is no display.
    """
    missing = [path for path in Arguments.of(argv).paths if not path.exists()]
    if missing:
        sys.stderr.write(f"There is no file, folder or command “{missing[0]}”. See deskclassify --help.\n")
        return 2
    if not has_display():
        sys.stderr.write(NO_DISPLAY)
        return 2
    log = logs.set_up()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's handler would wait for the event loop to return
    window = create_window(argv)
    net = logs.Net(window)
    net.caught.connect(window.session.failed)
    net.spread()
    code = QApplication.exec()
    window.close()  # where the session manager or Quit ended the loop, the jobs still have to end
    # The garbage collector would take it apart in any order, with slots that run on what is left.
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    logs.close(log)
    return code
