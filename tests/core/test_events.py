"""Events as the command line prints them."""

from __future__ import annotations

import json
import time

from deskclassify.core import events, wire
from deskclassify.core.sources import Problem


def test_epoch_has_the_keys_that_were_promised():
    row = events.public(events.EpochDone("frozen", 1, 0.5, 0.4, 0.9, 0.1, 1e-3, 2.0, 100.0))
    wanted = "event phase epoch train_loss valid_loss accuracy error_rate lr seconds images_per_second".split()
    assert set(wanted) <= set(row)
    assert row["event"] == "epoch"


def test_every_event_has_a_name_of_the_contract():
    printed = [kind for kind in wire.EVENTS.values() if kind is not events.Scored]  # goes between processes only
    names = {kind.event for kind in printed}
    assert names <= {"started", "progress", "batch", "epoch", "message", "finished", "failed", "prediction"}


def test_scan_lists_problems_as_objects():
    done = events.ScanDone(1, {"a": 1}, {"train": 1}, (Problem("/x.jpg", "cut off", "unreadable"),), (("/a", "/b"),))
    value = json.loads(json.dumps(events.public(done)))
    assert value["unreadable"][0]["path"] == "/x.jpg"
    assert value["unreadable"][0]["reason"] == "cut off"
    assert value["duplicates"] == [["/a", "/b"]]


def test_throttle_lets_twenty_a_second_through_and_the_last():
    throttle, begin, passed = events.Throttle(), time.monotonic(), 0
    while time.monotonic() - begin < 0.3:
        passed += throttle.ready()
    assert 4 <= passed <= 8
    assert throttle.ready(last=True)
