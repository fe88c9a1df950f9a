"""Dataclasses to JSON and back: one test for all requests and events."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from deskclassify.core import codec, wire
from deskclassify.core.sources import DataSpec, Source

TEXT = st.text(max_size=8)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def register() -> None:
    """Arrays, and requests that hold a `DataSpec`, are drawn by these; all else by type."""
    st.register_type_strategy(
        np.ndarray,
        arrays.arrays(
            st.sampled_from((np.uint8, np.float32)), arrays.array_shapes(max_side=3), elements=st.integers(0, 255)
        ),
    )
    st.register_type_strategy(float, FINITE)
    st.register_type_strategy(str, TEXT)
    st.register_type_strategy(
        DataSpec,
        st.builds(
            DataSpec,
            sources=st.lists(st.builds(Source, TEXT, TEXT), max_size=2).map(tuple),
            renamed=st.dictionaries(TEXT, TEXT, max_size=2),
            excluded=st.lists(TEXT, max_size=2).map(tuple),
        ),
    )


register()


def same(first: Any, second: Any) -> bool:
    return codec.to_json(first) == codec.to_json(second)


@given(st.data())
@pytest.mark.parametrize("kind", list(wire.REQUESTS.values()))
def test_requests_survive_the_wire(kind, data):
    request = data.draw(st.from_type(kind))
    back = wire.decode_request(json.loads(json.dumps(wire.encode(request))))
    assert type(back) is kind
    assert same(back, request)


@given(st.data())
@pytest.mark.parametrize("kind", list(wire.EVENTS.values()))
def test_events_survive_the_wire(kind, data):
    event = data.draw(st.from_type(kind))
    back = wire.decode_event(json.loads(json.dumps(wire.encode(event))))
    assert type(back) is kind
    assert same(back, event)


@given(arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, min_side=0)))
def test_arrays_keep_type_shape_and_bytes(array):
    back = codec._decode_plain(np.ndarray, json.loads(json.dumps(codec.to_json(array))))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_unknown_keys_are_passed_over_and_missing_ones_named():
    assert codec.from_json(Source, {"path": "a", "colour": 3}) == Source("a")
    with pytest.raises(TypeError, match="path"):
        codec.from_json(Source, {})


@pytest.mark.parametrize(
    "value",
    [
        {"type": "FitRequest", "data": {"sources": [{"path": 3}]}, "run": "x"},
        {"type": "FitRequest", "data": {}, "run": "x", "epochs": "many"},
        {"type": "FitRequest", "data": {}, "run": "x", "epochs": True},
        {"type": "FitRequest", "data": {}, "run": "x", "preset": "slow"},
        {"type": "FitRequest", "data": [], "run": "x"},
    ],
)
def test_values_of_another_type_are_refused(value):
    with pytest.raises(ValueError, match=r"expected|is none of|must be"):
        wire.decode_request(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
        max_leaves=8,
    )
)
def test_damaged_files_raise_only_what_is_promised(value):
    with contextlib.suppress(TypeError, ValueError):
        codec.from_json(DataSpec, value)
