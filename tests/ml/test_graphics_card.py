"""Why a graphics card is not used: each cause has its own sentence and advice."""

from __future__ import annotations

import ctypes

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from deskclassify.ml import graphics_card, ort
from deskclassify.ml.graphics_card import Facts, explain

READY = Facts(has_card=True, driver="580.65.06", driver_cuda=13000, runtime_cuda="13.0")


@pytest.mark.parametrize(
    ("found", "said", "words"),
    [
        (READY, "CUDA failure 2: out of memory ; GPU=0", ("too little free memory", "Close other programs")),
        (READY, "Failed to allocate memory for requested buffer of size 1073741824", ("too little free memory",)),
        (Facts(has_card=True, both_installed=True), "", ("onnxruntime and onnxruntime-gpu", "Uninstall both")),
        (Facts(has_card=True, driver="470.1.2"), "", ("built without CUDA", "onnxruntime-gpu")),
        (
            Facts(has_card=True, driver="470.82.01", runtime_cuda="13.0"),
            "",
            ("470.82.01", "cannot be loaded", "nvidia"),
        ),
        (
            Facts(has_card=True, driver="535.104.05", driver_cuda=12020, runtime_cuda="13.0"),
            "",
            ("535.104.05", "too old", "CUDA 12.2", "CUDA 13.0", "newer driver"),
        ),
        (
            Facts(has_card=True, driver_cuda=13000, runtime_cuda="13.0", unloadable="libcurand.so.10"),
            "",
            ("libcurand.so.10", "missing", "repair"),
        ),
        (READY, "CUDA failure 999: unknown error\nmore", ("CUDA failure 999", "Restart")),
    ],
)
def test_every_cause_is_named_with_what_to_do(found: Facts, said: str, words: tuple[str, ...]) -> None:
    sentence = explain(found, said)
    assert all(word in sentence for word in words)
    assert sentence.endswith("the processor does the work.")
    assert "\n" not in sentence


def test_without_a_card_nothing_is_said_unless_it_was_asked_for() -> None:
    assert explain(Facts()) == ""
    assert "No NVIDIA graphics card" in explain(Facts(), asked=True)


def test_a_minor_version_is_no_reason() -> None:
    newer = Facts(has_card=True, driver_cuda=13000, runtime_cuda="13.2")
    assert "too old" not in explain(newer)


def test_the_driver_and_the_missing_library_are_found_by_loading() -> None:
    class Driver:
        def cuDriverGetVersion(self, place):  # noqa: N802 - CUDA's name
            ctypes.cast(place, ctypes.POINTER(ctypes.c_int))[0] = 12080
            return 0

    def load(name):
        if "providers_cuda" in name:
            raise OSError("libcurand.so.10: cannot open shared object file: No such file or directory")
        return Driver()

    found = graphics_card.facts(load)
    assert (found.driver_cuda, found.unloadable) == (12080, "libcurand.so.10")

    def nothing(name):
        raise OSError(f"{name}: cannot open shared object file")

    assert graphics_card.facts(nothing).driver_cuda == 0


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023", "535.104.05"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build", "580.65.06"),
        ("", ""),
    ],
)
def test_the_drivers_version_is_read(text: str, version: str) -> None:
    assert graphics_card.driver_version(text) == version


def doubling() -> bytes:
    value = helper.make_tensor_value_info("x", TensorProto.UINT8, ["N", 2])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2])
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT), helper.make_node("Add", ["f", "f"], ["y"])]
    model = helper.make_model(
        helper.make_graph(nodes, "g", [value], [answer]), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_cuda_that_was_asked_for_and_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphics_card, "has_card", lambda: False)
    asked, auto = ort.session(doubling(), device="cuda"), ort.session(doubling(), device="auto")
    assert ort.real_provider(asked) == ort.CPU_PROVIDER
    assert "No NVIDIA graphics card" in ort.real_provider_note(asked)
    assert ort.real_provider_note(auto) == ""


class Small:
    """A session on a card that holds so many pictures."""

    def __init__(self, opened: ort.Session, holds: int) -> None:
        self._opened, self._holds = opened, holds
        self.sizes: list[int] = []
        self.note = ""
        self.moved = ""

    @property
    def in_use(self):
        return self._opened if self.moved else self

    def get_inputs(self):
        return self._opened.get_inputs()

    def get_providers(self):
        return [ort.CUDA_PROVIDER]

    def run(self, names, feed, options=None):
        (images,) = feed.values()
        self.sizes.append(len(images))
        if len(images) > self._holds:
            raise RuntimeError("CUDA failure 2: out of memory")
        return self._opened.run(names, feed, options)

    def on_processor(self, said):
        self.moved = said
        return self._opened


@pytest.mark.parametrize("holds", [8, 3, 1])
def test_a_card_with_little_memory_takes_fewer_pictures_at_once(holds: int) -> None:
    images = np.arange(16, dtype=np.uint8).reshape(8, 2)
    card = Small(ort.session(doubling()), holds)
    assert np.array_equal(ort.run(card, images), 2.0 * images)
    assert not card.moved and max(card.sizes) == 8


def test_a_card_without_memory_for_one_picture_leaves_it_to_the_processor() -> None:
    images = np.arange(16, dtype=np.uint8).reshape(8, 2)
    card = Small(ort.session(doubling()), 0)
    assert np.array_equal(ort.run(card, images), 2.0 * images)
    assert "out of memory" in card.moved
    before = len(card.sizes)
    ort.run(card, images)
    assert len(card.sizes) == before  # the card is not tried again


def test_another_error_is_not_hidden() -> None:
    opened = ort.session(doubling())
    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        ort.run(opened, np.zeros((1, 3), dtype=np.uint8))
