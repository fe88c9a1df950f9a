"""A long, random series of changes by hand: no picture is touched, and undo leads back to the very file."""

from __future__ import annotations

import hashlib
import itertools
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtCore import QCoreApplication

from deskclassify.core import project as projects
from deskclassify.core.settings import Settings
from deskclassify.core.sources import Source, list_data
from deskclassify.engine.client import run_in_process
from deskclassify.jobs.owner import JobOwner
from deskclassify.ui.mending import Mender
from deskclassify.ui.session import Session

PATIENCE_SECONDS = 20.0
CLASSES = {"ant": 4, "bee": 4, "cat": 3}
NAMES = st.sampled_from((*CLASSES, "dog", "Bär", "a & b"))
NUMBERS = st.lists(st.integers(0, sum(CLASSES.values()) + 1), min_size=1, max_size=4, unique=True)


def fingerprint(folder: Path) -> str:
    """Of all names, bytes and times, of folders as well."""
    found = hashlib.sha256()
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        found.update(f"{path.relative_to(folder)}\0{status.st_mtime_ns}\0{status.st_mode}\0".encode())
        found.update(path.read_bytes() if path.is_file() else b"")
    return found.hexdigest()


def settle(reached) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < end, "the session did not settle"
        QCoreApplication.processEvents()
        time.sleep(0.001)


def machine(folder: Path, loose: Path) -> type[RuleBasedStateMachine]:
    """A machine that mends the pictures of `folder` (in classes) and `loose` (without)."""
    number = itertools.count()

    class Mending(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.before = fingerprint(folder), fingerprint(loose)
            self.owner = JobOwner(run_in_process)
            self.session = Session(self.owner, Settings())
            self.failures = []
            self.session.failed.connect(self.failures.append)
            self.mender = Mender(self.session, self.session)

        @initialize()
        def open(self):
            session = self.session
            session.new_project(f"pictures {next(number)}")
            self.start = session.project.file.read_bytes()
            data = session.project.data
            sources = (Source(str(folder)), Source(str(loose), unlabelled=True))
            session.change_data("add", type(data)(sources))
            settle(lambda: session.scan_result is not None)
            # All of them, in an order that does not hang on labels.
            listing = session.listing
            self.paths = sorted(item.path for item in (*listing.items, *listing.unlabelled))
            assert len(self.paths) == sum(CLASSES.values()) + 2

        def some(self, numbers):
            return [self.paths[number] for number in numbers]

        @rule(numbers=NUMBERS, label=NAMES)
        def relabel(self, numbers, label):
            paths = self.some(numbers)
            self.mender.relabel(paths, label)
            assert {item.label for item in self.mender.items(paths)} == {label}

        @rule(numbers=NUMBERS)
        def exclude(self, numbers):
            self.mender.exclude(self.some(numbers))
            listed = {item.path for item in (*self.session.listing.items, *self.session.listing.unlabelled)}
            assert not listed & set(self.some(numbers))

        @rule(numbers=NUMBERS)
        def put_back(self, numbers):
            self.mender.put_back(self.some(numbers))
            assert not {item.path for item in self.session.listing.left_out} & set(self.some(numbers))

        @rule(name=NAMES)
        def create(self, name):
            was_there = name in self.mender.classes()
            assert self.mender.create_class(name) != was_there
            assert name in self.mender.classes()
            self.failures.clear()  # that there is one already

        @rule(data=st.data(), new=NAMES)
        def rename(self, data, new):
            classes = self.mender.classes()
            if classes:
                old = data.draw(st.sampled_from(classes))
                self.mender.rename_class(old, new)
                assert new in self.mender.classes() and (old == new or old not in self.mender.classes())

        @rule(data=st.data(), into=NAMES)
        def merge(self, data, into):
            classes = self.mender.classes()
            if len(classes) > 1:
                names = data.draw(st.lists(st.sampled_from(classes), min_size=2, max_size=3, unique=True))
                self.mender.merge_classes(names, into)
                assert not (set(names) - {into}) & set(self.mender.classes())

        @rule(name=NAMES)
        def leave_out_class(self, name):
            self.mender.leave_out_classes([name])
            assert name not in self.mender.classes()

        @rule(numbers=NUMBERS)
        def keep_together(self, numbers):
            self.mender.keep_together([self.some(numbers)])

        @rule(
            share=st.sampled_from((0.1, 0.2, 0.5)),
            test=st.sampled_from((0.0, 0.2)),
            seed=st.integers(0, 3),
            grouping=st.sampled_from(("", "folder", r"regex:_(\d\d)")),
        )
        def split(self, share, test, seed, grouping):
            values = vars(self.session.project.data)
            changed = {**values, "valid_pct": share, "test_pct": test, "seed": seed, "grouping": grouping}
            self.session.change_data("split", type(self.session.project.data)(**changed))

        @precondition(lambda self: self.session.undo_stack.index() > 1)
        @rule(steps=st.integers(1, 3))
        def undo(self, steps):
            for _ in range(min(steps, self.session.undo_stack.index() - 1)):  # the folders stay
                self.session.undo_stack.undo()

        @precondition(lambda self: self.session.undo_stack.canRedo())
        @rule(steps=st.integers(1, 3))
        def redo(self, steps):
            for _ in range(steps):
                self.session.undo_stack.redo()

        @invariant()
        def the_window_shows_what_the_folders_give(self):
            if self.session.listing is not None:
                assert self.session.listing == list_data(self.session.project.data)
                assert projects.load(self.session.project.file).data == self.session.project.data
                assert not self.failures, self.failures

        def teardown(self):
            stack = self.session.undo_stack
            while stack.canUndo():
                stack.undo()
            settle(lambda: not self.owner.jobs)
            file = self.session.project.file
            assert self.owner.close(), "a job did not stop"
            self.session.deleteLater()
            self.owner.deleteLater()
            assert file.read_bytes() == self.start, "undo does not lead back to the file of the start"
            assert (fingerprint(folder), fingerprint(loose)) == self.before, "a picture was touched"

    return Mending


def test_random_mending_touches_no_picture_and_can_be_undone(qapp, tmp_path, make_pictures):
    folder = make_pictures(tmp_path / "pictures", CLASSES, size=(12, 10))
    loose = make_pictures(tmp_path, {"loose": 2}, size=(12, 10)) / "loose"
    run_state_machine_as_test(
        machine(folder, loose),
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
        ),
    )
