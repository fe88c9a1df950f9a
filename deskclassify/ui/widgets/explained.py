"""Hover help: what names a word of the glossary explains it when the pointer rests on it."""

from __future__ import annotations

import html
from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QTabWidget,
    QWidget,
)

from deskclassify.core.glossary import explain as explanation
from deskclassify.core.glossary import terms_in

_MOST_WORDS = 4  # what is longer is a sentence and speaks for itself
_FIELDS = (QComboBox, QAbstractSpinBox, QLineEdit, QAbstractSlider, QAbstractItemView)
_MARK = "<p>"  # begins a tooltip that is formatted
_OWN, _MADE, _TERMS = "ownToolTip", "explainedToolTip", "explainedTerms"  # properties of an explained widget


def tip(own: str, terms: Iterable[str]) -> str:
    """A tooltip that wraps: a sentence of its own, if there is one, and the glossary's on each term."""
    if own and not own.startswith(_MARK):
        own = f"<p>{html.escape(own, quote=False)}</p>"
    texts = {term: html.escape(explanation(term), quote=False) for term in terms}
    return own + "".join(
        f"<p><b>{term[:1].upper()}{term[1:]}:</b> {text}</p>" for term, text in texts.items() if text not in own
    )


def plain(text: str) -> str:
    """A tooltip as it reads, without its mark-up."""
    return QTextDocumentFragment.fromHtml(text).toPlainText() if text.startswith(_MARK) else text


def named_terms(text: str) -> tuple[str, ...]:
    """The terms of a title or a field's name; none of a sentence."""
    name = text.replace("&", "")  # it marks the letter of a shortcut
    return terms_in(name) if len(name.split()) <= _MOST_WORDS and not name.endswith(".") else ()


def explain(widget: QWidget, *terms: str) -> None:
    """Explain terms in a widget's tooltip, after what it says already.

    Raises:
        KeyError: the glossary lacks a term.
    """
    if not terms:
        return
    is_fresh = widget.toolTip() != widget.property(_MADE)  # nobody has set another since
    own = widget.toolTip() if is_fresh else str(widget.property(_OWN))
    known = [] if is_fresh else list(widget.property(_TERMS))
    every = list(dict.fromkeys([*known, *terms]))
    made = tip(own, every)
    for name, value in ((_OWN, own), (_TERMS, every), (_MADE, made)):
        widget.setProperty(name, value)
    widget.setToolTip(made)
    widget.setAccessibleDescription(plain(made))


def explain_all(root: QWidget) -> None:
    """Explain each label, button, tab and field below a widget whose name has a term of the glossary."""
    for label in root.findChildren(QLabel):
        if label.textFormat() == Qt.TextFormat.RichText:
            continue  # drawn by its owner, who explains it
        terms = named_terms(label.text())
        explain(label, *terms)
        if label.buddy() is not None:
            explain(label.buddy(), *terms)
    for button in root.findChildren(QAbstractButton):
        explain(button, *named_terms(button.text()))
    for tabs in root.findChildren(QTabWidget):
        for at in range(tabs.count()):
            if terms := named_terms(tabs.tabText(at)):
                tabs.setTabToolTip(at, tip(tabs.tabToolTip(at), terms))
    for kind in _FIELDS:
        for field in root.findChildren(kind):
            explain(field, *named_terms(field.accessibleName()))
