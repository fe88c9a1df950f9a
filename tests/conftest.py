"""Fixtures that all tests share, and the guards: no test may leave a thread, a timer, a window or a process behind."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")

REPOSITORY = Path(__file__).resolve().parents[1]
_PATIENCE_SECONDS = 5.0
_HUES = ("firebrick", "seagreen", "royalblue", "goldenrod", "purple", "darkorange", "teal", "sienna")

MakePictures = Callable[..., Path]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The program's own files go to a fresh folder in every test."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("DESKCLASSIFY_HOME", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with Qt come last: from the first of them on, each test is searched for what Qt has left behind."""
    items.sort(key=_is_with_qt)


def _is_with_qt(item: pytest.Item) -> bool:
    return bool({"jobs", "ui"} & set(item.path.parts)) or "qapp" in getattr(item, "fixturenames", ())


_found: dict[str, set[Any]] = {}  # after the test before; a look may take long, and this one saves the half of them


@pytest.fixture(scope="session")
def frozen() -> None:
    """Takes what the tests before have loaded, torch above all, out of the search for what Qt has left behind."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_left_behind(home: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that leaves threads, Qt threads, running timers, windows or child processes."""
    if _is_with_qt(request.node):
        request.getfixturevalue("frozen")
    before = {name: _found[name] if name in _found else set(look()) for name, look in _LEAKS.items()}
    yield
    deadline = time.monotonic() + _PATIENCE_SECONDS
    left = _left(before)
    while left and time.monotonic() < deadline:
        _settle()
        left = _left(before)
    assert not left, f"left behind: {left}"


def _left(before: dict[str, set[Any]]) -> dict[str, list[str]]:
    _delete_deferred()
    after = {name: set(look()) for name, look in _LEAKS.items()}
    _found[_SLOW_LOOK] = after[_SLOW_LOOK]
    return {
        name: [str(thing) for thing in things - before[name]] for name, things in after.items() if things - before[name]
    }


def _settle() -> None:
    gc.collect()
    _delete_deferred()
    time.sleep(0.02)


def _qt() -> Any:
    """PySide6.QtWidgets where a test has made an application, else None."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    return widgets if widgets is not None and widgets.QApplication.instance() is not None else None


def _delete_deferred() -> None:
    if _qt() is not None:
        from PySide6.QtCore import QCoreApplication, QEvent

        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QCoreApplication.processEvents()


def _threads() -> list[threading.Thread]:
    # A _DummyThread stands for a foreign (Qt) thread that once called Python; it is never removed.
    known = (thread for thread in threading.enumerate() if type(thread).__name__ != "_DummyThread")
    return [thread for thread in known if not thread.name.startswith(("tmonitor", "pytest_timeout"))]


def _active_qt_objects() -> list[str]:
    """Running QThreads and timers that Python knows. One pass over all objects: it takes some 50 ms."""
    core = sys.modules.get("PySide6.QtCore")
    if core is None or _qt() is None:
        return []
    from shiboken6 import isValid

    kinds = (core.QThread, core.QTimer)
    found = [thing for thing in gc.get_objects() if issubclass(type(thing), kinds) and isValid(thing)]
    return [f"{type(thing).__name__} {thing.objectName()} {id(thing)}" for thing in found if _is_active(thing, core)]


def _is_active(thing: Any, core: Any) -> bool:
    if isinstance(thing, core.QTimer):
        return thing.isActive()
    return thing.isRunning() and type(thing) is not core.QThread  # the application's own thread


def _windows() -> list[str]:
    widgets = _qt()
    if widgets is None:
        return []
    every = widgets.QApplication.topLevelWidgets()
    return [f"{type(widget).__name__} {widget.objectName()}" for widget in every if _is_ours(widget)]


def _is_ours(widget: Any) -> bool:
    return widget.parent() is None and widget.metaObject().className() not in ("QTipLabel", "QDesktopWidget")


def _children() -> list[int]:
    if not Path("/proc/self/stat").exists():
        import multiprocessing

        return [process.pid or 0 for process in multiprocessing.active_children()]
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            command = stat.with_name("cmdline").read_bytes()
        except OSError:
            continue  # ended meanwhile
        if int(fields[1]) == os.getpid() and fields[0] != "Z" and b"resource_tracker" not in command:
            found.append(int(stat.parent.name))
    return found


_SLOW_LOOK = "Qt threads and timers"
_LEAKS: dict[str, Callable[[], list[Any]]] = {
    "threads": _threads,
    _SLOW_LOOK: _active_qt_objects,
    "windows": _windows,
    "child processes": _children,
}


@pytest.fixture
def make_pictures() -> MakePictures:
    """`make_pictures(folder, {"class": n})` writes small coloured pictures into class folders."""

    def make(folder: Path, classes: dict[str, int], suffix: str = ".png", size: tuple[int, int] = (48, 40)) -> Path:
        for place, (name, count) in enumerate(classes.items()):
            (folder / name).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                image = Image.new("RGB", size, _HUES[place % len(_HUES)])
                # The numbers differ in pixels, so that no two are duplicates.
                ImageDraw.Draw(image).rectangle((number % 40, number // 40 * 3, number % 40 + 5, 30), "white")
                image.save(folder / name / f"{name}_{number:03d}{suffix}")
        return folder

    return make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photos: `DESKCLASSIFY_TEST_DATA`, or `shared/data` beside the repository."""
    given = os.environ.get("DESKCLASSIFY_TEST_DATA")
    folder = Path(given) if given else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no test photos at {folder}; set DESKCLASSIFY_TEST_DATA to a folder that has them")
    return folder


@pytest.fixture
def session(qapp: Any) -> Iterator[Any]:
    """The window's state, with jobs that run in threads of this process."""
    from deskclassify.core.settings import Settings
    from deskclassify.engine.client import run_in_process
    from deskclassify.jobs.owner import JobOwner
    from deskclassify.ui.session import Session

    owner = JobOwner(run_in_process)
    made = Session(owner, Settings())
    yield made
    assert owner.close(), "a job did not stop"
    made.deleteLater()
    owner.deleteLater()


@pytest.fixture(autouse=True)
def thumbnails_end() -> Iterator[None]:
    """Pictures that are still being decoded for a grid are waited for."""
    yield
    loaded = sys.modules.get("deskclassify.ui.widgets.thumbnails")
    if loaded is not None:
        loaded.finish()


@pytest.fixture
def window(qapp: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The real window, with the real engine processes; it closes without asking."""
    from deskclassify.ui.app import create_window

    made = create_window([])
    yield made
    monkeypatch.setattr("deskclassify.ui.closing.may_stop", lambda *_: True)
    made.close()
    made.deleteLater()
