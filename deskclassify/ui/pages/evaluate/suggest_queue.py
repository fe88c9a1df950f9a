"""Which unlabelled picture comes next: no widgets here."""

from __future__ import annotations

from collections.abc import Container

from deskclassify.core.data_events import Guess


class SuggestQueue:
    """Guesses in the order in which their labels help; what is skipped comes last, what is undone comes next."""

    def __init__(self, guesses: tuple[Guess, ...] = ()) -> None:
        self._order = list(guesses)
        self._done: list[Guess] = []  # in the order in which they got a label

    @property
    def current(self) -> Guess | None:
        """The picture that is asked about."""
        return self._order[0] if self._order else None

    @property
    def coming(self) -> tuple[Guess, ...]:
        """Those after it."""
        return tuple(self._order[1:])

    @property
    def done(self) -> int:
        """How many of them have got a label."""
        return len(self._done)

    def skip(self) -> None:
        """Put the current picture at the end."""
        if self._order:
            self._order.append(self._order.pop(0))

    def go_to(self, path: str) -> None:
        """Ask about another picture now."""
        at = next((at for at, guess in enumerate(self._order) if guess.path == path), 0)
        if at:
            self._order.insert(0, self._order.pop(at))

    def update(self, unlabelled: Container[str]) -> bool:
        """Follow the labels: what has one now is done; what has lost it comes next.

        Args:
            unlabelled: paths of the pictures that have no class.

        Returns:
            whether anything has changed.
        """
        gone = [guess for guess in self._order if guess.path not in unlabelled]
        back = [guess for guess in self._done if guess.path in unlabelled]
        self._order = back[::-1] + [guess for guess in self._order if guess.path in unlabelled]
        self._done = [guess for guess in self._done if guess.path not in unlabelled] + gone
        return bool(gone or back)
