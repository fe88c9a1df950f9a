"""What a model is, in words: complete, short, and only what is known."""

from __future__ import annotations

from deskclassify.core.foreign import Handling
from deskclassify.core.model_words import about
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.use_events import ModelRead

SQUISH = Preprocess("squish", size=224, interpolation="bilinear")


def facts(**more):
    read = ModelRead(model="/home/me/bugs.onnx", origin="deskclassify", **more)
    return dict(about(read))


def test_what_is_not_known_is_not_told():
    told = facts()
    assert told["File"] == "bugs.onnx" and told["Written by"] == "deskclassify"
    assert not {"Accuracy", "Classes", "Checked", "None of these", "Versions"} & told.keys()
    assert all(text for text in told.values())


def test_a_thousand_classes_are_not_all_told():
    names = tuple(f"name {number}" for number in range(1000))
    told = facts(handling=Handling(names, SQUISH))["Classes"]
    assert told.startswith("1,000: name 0, name 1,") and told.endswith("name 59 and 940 more")
    few = facts(handling=Handling(("ants", "bees"), SQUISH))["Classes"]
    assert few == "2: ants, bees"


def test_no_folder_of_this_computer_is_told():
    assert "/home" not in "".join(
        facts(labels_from="/home/me/names.txt", handling=Handling(("a", "b"), SQUISH)).values()
    )
