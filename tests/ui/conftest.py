"""Sessions on played jobs, for the tests of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from doubles import Script

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
