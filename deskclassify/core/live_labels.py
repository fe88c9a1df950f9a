"""Whether labels have changed since something was learned from them, so that it is worth learning anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Item
from deskclassify.core.standing import names_now

MOST_UNASKED = 5_000  # pictures for which the last layer is learned anew without being asked to


@dataclass(frozen=True)
class Learned:
    """Labels that something was learned from.

    Attributes:
        labels: path → class.
        data: by which they came about.
        skipped: paths that could not be read.
    """

    labels: dict[str, str]
    data: DataSpec
    skipped: frozenset[str] = frozenset()

    @classmethod
    def of_run(cls, run: RunFolder) -> Learned | None:
        """Those that a run was trained on; None where it does not say.

        Raises:
            InputError: it is no run.
        """
        data = run.data()
        if data is None or not (run.path / "split.csv").is_file():
            return None
        skipped = run.info().raw.get("skipped") or []
        gone = frozenset(str(one["path"]) for one in skipped if isinstance(one, dict) and "path" in one)
        return cls({item.path: item.label for item in run.split()}, data, gone)

    @classmethod
    def of_items(cls, items: Iterable[Item], data: DataSpec, skipped: frozenset[str] = frozenset()) -> Learned:
        """Those of a listing of `data`."""
        return cls({item.path: item.label for item in items if item.path not in skipped}, data, skipped)

    def holds(self, items: Sequence[Item], data: DataSpec) -> bool:
        """Whether nothing has to be learned anew: the same pictures, in the same classes, whatever these are called.

        Merged classes need no training either: see `standing`.

        Args:
            items: the pictures as they are now.
            data: by which they are so.
        """
        now = {item.path: item.label for item in items if item.path not in self.skipped}
        if now == self.labels:
            return True
        if now.keys() != self.labels.keys():
            return False
        found = {item.found for item in items if item.found}
        names = names_now(self.data, data, tuple(sorted(set(self.labels.values()))), found or None)
        return all(now[path] == names[label] for path, label in self.labels.items())


def is_wanted(setting: bool | None, pictures: int) -> bool:
    """Whether to learn anew when labels change: by the setting, or where there is none by the number of pictures."""
    return setting if setting is not None else pictures <= MOST_UNASKED
