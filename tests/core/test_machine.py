from __future__ import annotations

import sys

import pytest

from deskclassify.core import machine


def test_the_processor_has_a_name_and_a_title() -> None:
    assert machine.cpu_title() == f"CPU, {machine.cpu_count()} cores"
    assert "\n" not in machine.cpu_model()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells both")
def test_the_peak_of_memory_is_told_and_forgotten() -> None:
    large = 200 * 2**20
    before = machine.resident_bytes()
    held = bytearray(b"\1") * large
    del held
    peak = machine.peak_resident_bytes()
    assert before is not None and peak is not None and peak >= before + large * 0.9
    machine.forget_peak()
    after, now = machine.peak_resident_bytes(), machine.resident_bytes()
    assert after is not None and now is not None and after < peak - large / 2
