"""The pictures of a training: read once, split, and turned into features by the frozen trunk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.sources import DataSpec, Item, Listing
from deskclassify.core.words import counted
from deskclassify.ml.features import FeatureJob, FeatureTable, Recipe


@dataclass(frozen=True)
class Dataset:
    """Readable, labelled and split pictures, with their features.

    Attributes:
        items: all that were kept, with their subset.
        classes: in alphabetical order; their position is the class number.
        features: by path; of validation pictures always from a full decode.
        skipped: path → why it could not be read.
        length: of a feature vector.
    """

    items: tuple[Item, ...]
    classes: tuple[str, ...]
    features: FeatureTable
    skipped: dict[str, str]
    length: int

    def files(self, subset: str) -> list[str]:
        """Paths of a subset."""
        return [item.path for item in self.items if item.subset == subset]

    def targets(self, subset: str) -> np.ndarray:
        """Class numbers of a subset, int64 `[n]`."""
        number = {name: at for at, name in enumerate(self.classes)}
        return np.array([number[item.label] for item in self.items if item.subset == subset], dtype=np.int64)

    def matrix(self, subset: str) -> np.ndarray:
        """Features of a subset, float32 `[n, length]`."""
        files = self.files(subset)
        result = np.empty((len(files), self.length), np.float32)
        self.features.copy_to(result, files)
        return result

    def fingerprint(self) -> str:
        """Changes with any key, label or subset."""
        rows = sorted(f"{item.key}\0{item.label}\0{item.subset}" for item in self.items)
        return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def prepare(
    listing: Listing, recipe: Recipe, should_stop: ShouldStop, spec: DataSpec | None = None
) -> Iterator[Event | Dataset]:
    """Read, split and featurise.

    Args:
        listing: the pictures and their split.
        recipe: how features are made.
        should_stop: as ever.
        spec: by which the rest is split anew when files cannot be read; None: the split stays, as of a resumed run.

    Yields:
        progress, then a `Dataset`; nothing more when stopped.

    Raises:
        InputError: fewer than two classes can be read.
    """
    _require_classes(listing, "")
    table = FeatureTable({}, {}, set())
    files = [item.path for item in listing.items]
    yield from FeatureJob(recipe, table, exact=False).run(files, "Looking at the pictures", should_stop)
    if should_stop():
        return
    if table.errors and spec is not None:
        listing = listing.without(table.errors, spec)
    kept = tuple(item for item in listing.items if item.path in table.rows)
    why = f" {counted(len(table.errors), 'file')} could not be read." if table.errors else ""
    _require_classes(replace(listing, items=kept), why)
    measured = [item.path for item in kept if item.subset != "train" and item.path in table.drafted]
    if measured:
        # What is measured must be decoded just as prediction decodes; see `images.read`.
        exact = FeatureTable({}, {}, set())
        yield from FeatureJob(recipe, exact, exact=True).run(measured, "Looking closely", should_stop)
        if should_stop():
            return
        table.rows.update(exact.rows)
    classes = tuple(sorted({item.label for item in kept}))
    yield Dataset(kept, classes, table, dict(table.errors), recipe.length)


def _require_classes(listing: Listing, why: str) -> None:
    classes = listing.classes()
    if not classes:
        hint = "Choose a folder that holds a sub-folder of pictures for each class, or another label rule."
        raise InputError(f"No labelled pictures were found.{why} {hint}")
    if len(classes) < 2:
        raise InputError(
            f"Only one class was found, “{next(iter(classes))}”.{why} A classifier needs at least two: "
            "add another class folder."
        )
