"""The glossary: short, complete, and the same in the manual."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskclassify.core.glossary import ALSO, GLOSSARY, as_markdown, explain, terms_in

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_manual_has_the_same_words():
    assert (DOCS / "glossary.md").read_text(encoding="utf-8") == as_markdown(), "write as_markdown() there"
    assert "(glossary.md)" in (DOCS / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("term", GLOSSARY)
def test_each_explanation_is_one_or_two_sentences(term):
    text = GLOSSARY[term]
    assert text[0].isupper() and text.endswith(".")
    assert 1 <= text.count(". ") + 1 <= 2
    assert len(text) <= 200


def test_the_terms_are_in_order_and_other_names_lead_to_one():
    assert list(GLOSSARY) == sorted(GLOSSARY, key=str.casefold)
    assert set(ALSO.values()) <= GLOSSARY.keys()
    assert not {name.casefold() for name in GLOSSARY} & ALSO.keys()
    assert explain("Learning rate") == GLOSSARY["learning rate"]
    assert explain("BATCHNORM statistics") == GLOSSARY["BatchNorm statistics"]
    assert explain("Valid loss") == GLOSSARY["validation loss"]
    with pytest.raises(KeyError):
        explain("flux")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Train loss", ("training loss",)),
        ("Epochs", ("epoch",)),
        ("Classes and losses", ("class", "loss")),
        ("Batch size", ("batch size",)),
        ("Error rate", ("error rate",)),
        ("Find a learning rate", ("learning-rate finder",)),
        ("F1", ("F1",)),
        ("The recalled batches", ("batch",)),
        ("Colossal", ()),
    ],
)
def test_terms_are_found_in_titles(text, terms):
    assert terms_in(text) == terms
