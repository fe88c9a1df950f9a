"""Sessions on played jobs, for the tests of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from doubles import Script
from layers_double import Engine
from PIL import Image

from deskclassify.core.settings import Settings
from deskclassify.jobs.owner import JobOwner, Stream
from deskclassify.ui.session import Session


@pytest.fixture
def session_on(qapp: Any) -> Iterator[Callable[[Stream], Session]]:
    """`session_on(stream)` makes a session whose jobs are run by `stream`; they must end with the test."""
    made: list[Session] = []

    def make(stream: Stream) -> Session:
        made.append(Session(JobOwner(stream), Settings()))
        return made[-1]

    yield make
    for session in made:
        assert session.owner.close(), "a job did not stop"
        session.deleteLater()
        session.owner.deleteLater()


@pytest.fixture
def script() -> Iterator[Script]:
    """The events that the session's jobs will send."""
    made = Script()
    yield made
    made.gate.set()


@pytest.fixture
def engine() -> Iterator[Engine]:
    """What answers the questions of the Layers page."""
    made = Engine()
    yield made
    for event in made.held.values():
        event.set()


@pytest.fixture
def session(session_on: Callable[[Stream], Session], engine: Engine) -> Session:
    """A session on that engine."""
    return session_on(engine)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture with a name that is not ASCII."""
    path = tmp_path / "Vögel.png"
    Image.new("RGB", (20, 20), "gold").save(path)
    return path


@pytest.fixture
def data_page(qtbot: Any, session: Session) -> Any:
    """The Data page of the session, in sight."""
    from deskclassify.ui.pages.data import DataPage

    made = DataPage(session)
    qtbot.addWidget(made)
    made.resize(1180, 760)
    with qtbot.waitExposed(made):
        made.show()
    return made
