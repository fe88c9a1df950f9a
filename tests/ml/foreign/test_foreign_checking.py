"""What a file states is judged before anything of it is run."""

from __future__ import annotations

import re

import hostile_models
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from deskclassify.ml.foreign.checking import RefusedError, check
from deskclassify.ml.foreign.limits import Limits
from deskclassify.ml.foreign.verdict import Facts

# Nothing in these files tells what they will do.
ONLY_WHEN_RUN = {
    name
    for name in hostile_models.corpus()
    if name.startswith(("bomb-", "loop-", "card-")) or name in ("output-nan", "output-empty")
}
WHOLE = hostile_models.good().SerializeToString()


def made(name: str) -> bytes:
    model = hostile_models.corpus()[name]()
    return model if isinstance(model, bytes) else model.SerializeToString()


@pytest.mark.parametrize("name", sorted(set(hostile_models.corpus()) - ONLY_WHEN_RUN))
def test_the_corpus_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check(made(name))
    sentence = caught.value.sentence
    assert sentence.startswith("“{name}” ")
    assert re.search(r"(Export|Choose|get the file).*\.$", sentence), "it says how to mend it"
    assert len(sentence) < 400
    assert sentence.isprintable()


@pytest.mark.parametrize("name", sorted(ONLY_WHEN_RUN))
def test_what_only_a_run_can_tell_passes(name: str) -> None:
    assert check(made(name)).size == hostile_models.SIZE


@pytest.mark.parametrize(
    ("changes", "layout", "kind", "batch", "size"),
    [
        ({}, "nchw", "float32", 0, 16),
        ({"layout": "nhwc"}, "nhwc", "float32", 0, 16),
        ({"batch": 1, "squeeze": False}, "nchw", "float32", 1, 16),
        ({"batch": 4}, "nchw", "float32", 4, 16),
        ({"kind": TensorProto.FLOAT16}, "nchw", "float16", 0, 16),
        ({"kind": TensorProto.UINT8, "layout": "nhwc"}, "nhwc", "uint8", 0, 16),
        ({"size": None}, "nchw", "float32", 0, 0),
    ],
)
def test_the_usual_forms_are_understood(
    changes: dict[str, object], layout: str, kind: str, batch: int, size: int
) -> None:
    facts = check(hostile_models.good(**changes).SerializeToString())  # type: ignore[arg-type]
    assert (facts.layout, facts.input.kind, facts.batch, facts.size) == (layout, kind, batch, size)
    assert [output.name for output in facts.outputs] == ["answers"]


def test_weights_that_are_listed_as_inputs_are_no_inputs() -> None:
    """As files of 2018 have it."""
    model = hostile_models.good()
    model.graph.input.append(hostile_models.value("weights", [3, 3]))
    assert check(model.SerializeToString()).input.name == "images"


def test_a_graph_within_a_graph_is_no_crime() -> None:
    assert check(hostile_models._nested(2).SerializeToString()).nodes > 5


def test_operations_of_onnx_runtime_that_compute_are_let_in() -> None:
    model = hostile_models._domain("com.microsoft", "Gelu")
    assert isinstance(check(model.SerializeToString()), Facts)


def test_the_limits_are_those_given() -> None:
    with pytest.raises(RefusedError, match="operations"):
        check(WHOLE, Limits(nodes=3))
    with pytest.raises(RefusedError, match="description"):
        check(hostile_models.good(names="x" * 2000).SerializeToString(), Limits(metadata_bytes=1000))


def test_what_a_reason_quotes_is_harmless_itself() -> None:
    model = hostile_models._domain("evil\x1b[31m\n{name}\u202e", "Run")
    with pytest.raises(RefusedError) as caught:
        check(model.SerializeToString())
    assert "\x1b" not in caught.value.sentence
    assert "\n" not in caught.value.sentence


def sound(data: bytes) -> None:
    """Either facts or a sentence, whatever the bytes."""
    try:
        facts = check(data)
    except RefusedError as error:
        assert error.sentence.startswith("“{name}” ")
    else:
        assert facts.input.name
        assert facts.outputs


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 7)), min_size=1, max_size=6))
def test_flipped_bits(flips: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, bit in flips:
        data[place] ^= 1 << bit
    sound(bytes(data))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)), st.binary(max_size=40))
def test_spliced_bytes(start: int, end: int, between: bytes) -> None:
    sound(WHOLE[:start] + between + WHOLE[end:])


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    sound(data)


def test_every_place_to_cut_it_off() -> None:
    for length in range(len(WHOLE)):
        sound(WHOLE[:length])


def test_facts_survive_the_way_between_processes() -> None:
    from deskclassify.core.codec import from_json, to_json

    facts = check(hostile_models.good(names="{0: 'a'}").SerializeToString())
    assert from_json(Facts, to_json(facts)) == facts
    assert onnx.load_from_string(WHOLE).graph.node
