"""Frozen dataclasses to JSON and back: the wire between processes, and the files of a project."""

from __future__ import annotations

import base64
import dataclasses
import types
import typing
from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Turn dataclasses, tuples, dicts and numpy arrays into what `json.dumps` takes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
        return {"dtype": str(value.dtype), "shape": list(value.shape), "data": data}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], value: Any) -> T:
    """Build a dataclass of type `kind` from what `to_json` gave; unknown keys are passed over.

    Raises:
        TypeError: a field without a default is missing.
        ValueError: a value does not have the declared type.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{kind.__name__} must be a JSON object, not {type(value).__name__}")
    hints = _hints(typing.cast(Hashable, kind))
    known = {name: _decode(hints[name], value[name]) for name in hints if name in value}
    return kind(**known)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _decode(hint: Any, value: Any) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _decode(next(arg for arg in args if arg is not type(None)), value)
    if origin is tuple:
        inner = args[:1] * len(value) if args[1:] == (...,) else args
        if len(inner) != len(value):
            raise ValueError(f"expected {len(inner)} values, found {len(value)}")
        return tuple(_decode(kind, item) for kind, item in zip(inner, value, strict=True))
    if origin is dict:
        return {key: _decode(args[1], item) for key, item in value.items()}
    if origin is typing.Literal:
        if value not in args:
            raise ValueError(f"{value!r} is none of {args}")
        return value
    return _decode_plain(hint, value)


def _decode_plain(hint: Any, value: Any) -> Any:
    if hint is np.ndarray or typing.get_origin(hint) is np.ndarray:
        data = base64.b64decode(value["data"])
        return np.frombuffer(data, dtype=value["dtype"]).reshape(value["shape"]).copy()
    if dataclasses.is_dataclass(hint):
        return from_json(typing.cast(type, hint), value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and (not isinstance(value, hint) or (hint is int and isinstance(value, bool))):
        raise ValueError(f"expected {hint.__name__}, found {value!r}")
    return value
