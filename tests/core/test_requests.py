"""Refusing values that make no sense."""

import math

import pytest

from deskclassify.core.errors import InputError
from deskclassify.core.requests import FitRequest, check_variety
from deskclassify.core.sources import DataSpec


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"augment": -0.1}, "from 0 .none. to 2 .strong., not -0.1"),
        ({"augment": 2.01}, "not 2.01"),
        ({"augment": math.nan}, "not nan"),
        ({"mix": "blend"}, "Choose none, mixup or cutmix"),
        ({"balance": "more"}, "Choose auto, none, sampling or weights"),
        ({"patience": 0}, "1 epoch"),
    ],
)
def test_wrong_values_are_refused_with_what_would_be_right(values, part):
    with pytest.raises(InputError, match=part):
        check_variety(FitRequest(DataSpec(), "run", **values))


def test_usual_and_extreme_values_are_taken():
    check_variety(FitRequest(DataSpec(), "run"))
    check_variety(FitRequest(DataSpec(), "run", augment=0.0, mix="cutmix", balance="weights", patience=1))
    check_variety(FitRequest(DataSpec(), "run", augment=2.0))
