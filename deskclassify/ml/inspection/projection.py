"""The map of the pictures: a run's validation pictures as points, near where their features are alike.

Only validation pictures are laid out: the network has learned its training pictures by heart, and a map of them
would flatter it. The features are those that go into the head, as they are: scaling each to the same spread, as the
head does first, lifts the noise of those that hardly differ, and fewer neighbours are then of the same class.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Message, Progress
from deskclassify.core.layer_events import Mapped
from deskclassify.core.layer_requests import MapRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item
from deskclassify.core.words import counted
from deskclassify.ml import run_features
from deskclassify.ml.loop import probabilities

FEWEST = 5  # pictures for t-SNE: with fewer, nobody has neighbours to speak of
MOST = 2_000  # pictures for t-SNE: some seconds of work
SEED = 0
_COMPONENTS = 50  # that t-SNE looks at, as van der Maaten and Hinton do: what is left out is mostly noise
_PERPLEXITY = 30.0
STEPS = 4
_STEP_ITERATIONS = 250  # the fewest that scikit-learn allows
_EXAGGERATION = 12.0
_FIRST_SPREAD = 1e-4
_WORTH_THREADS = 1_000  # pictures: with fewer, threads wait for each other longer than they work


def lay_out(request: MapRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Lay a run's validation pictures out in two dimensions by their features.

    The features are kept (`run_features`), so that a second map of a run begins at once, and one that was stopped goes
    on where it was. Pictures that cannot be read are passed over. A stop is obeyed between two chunks of pictures,
    which are some tenths of a second, and between two steps of t-SNE, which take about a second with `MOST` pictures.

    Yields:
        `Progress` of the stages “features” and “tsne”, a `Message` where pictures are left out, and a `Mapped`.

    Raises:
        InputError: it is no run, or has too few validation pictures that can be read.
    """
    run = RunFolder(Path(request.model))
    classes = run.info().classes
    items = _validation_pictures(run)
    known = run_features.open_run(run, request.device)
    yield from known.look([item.path for item in items], True, "features", should_stop)
    if should_stop():
        return
    found = [item for item in items if item.path in known.exact.rows]
    if not found:
        raise InputError("None of the validation pictures can be read any more. Put them back to where they were.")
    shown = sample(found) if request.method == "tsne" else found
    yield from _tell_missing(len(items), len(found), len(shown))
    features = known.rows([item.path for item in shown], exact=True)
    explained: float | None = None
    if request.method == "pca":
        points, explained = pca(features)
    else:
        for step, better in enumerate(tsne(features), 1):
            points = better
            yield Progress("tsne", step, STEPS)
            if should_stop():
                return
    with torch.inference_mode():
        answers = probabilities(known.head(torch.from_numpy(features)).numpy())
    yield Mapped(
        model=request.model,
        method=request.method,
        points=scaled(points),
        paths=tuple(item.path for item in shown),
        labels=tuple(item.label for item in shown),
        predicted=tuple(classes[int(at)] for at in answers.argmax(axis=1)),
        classes=classes,
        explained=explained,
        probability=answers.max(axis=1).astype(np.float32),
    )


def _validation_pictures(run: RunFolder) -> list[Item]:
    if not run.best.is_file():
        raise InputError(f"The run “{run.name}” has no trained weights yet. Train it first.")
    items = [item for item in run.split() if item.subset == "valid"]
    if not items:
        raise InputError(
            f"The run “{run.name}” has no validation pictures, and only these are on the map, because the network has "
            "not learned from them. Train with a part of the pictures kept for validation."
        )
    return items


def _tell_missing(wanted: int, found: int, shown: int) -> Iterator[Event]:
    texts = []
    if found < wanted:
        texts.append(f"{counted(wanted - found, 'picture')} could not be read and {_is(wanted - found)} left out.")
    if shown < found:
        texts.append(f"A random {shown:,} of the {found:,} pictures are on this map: more would take minutes.")
    if texts:
        yield Message(" ".join(texts))


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


# -- two dimensions -------------------------------------------------------------------


def sample(items: list[Item], most: int = MOST) -> list[Item]:
    """At most so many, the same ones each time, in their order."""
    if len(items) <= most:
        return items
    kept = np.random.default_rng(SEED).choice(len(items), most, replace=False)
    return [items[at] for at in np.sort(kept)]


def pca(features: np.ndarray, components: int = 2) -> tuple[np.ndarray, float]:
    """Principal components: the directions in which the features differ most.

    The result is the same each time, also in its signs.

    Args:
        features: float32 `[N, length]`.
        components: how many.

    Returns:
        float32 `[N, components]`, zeros where there are not so many; the share of the variance that they hold, 0 to 1
        (1 where nothing differs).
    """
    from sklearn.decomposition import PCA

    points = np.zeros((len(features), components), np.float32)
    kept = min(components, *features.shape)
    if not np.ptp(features, axis=0).any():
        return points, 1.0
    fitted = PCA(kept, random_state=SEED)
    points[:, :kept] = fitted.fit_transform(features)
    return points, min(1.0, float(fitted.explained_variance_ratio_.sum()))


def tsne(features: np.ndarray) -> Iterator[np.ndarray]:
    """t-SNE: pictures whose features are alike become neighbours; larger distances mean nothing.

    L. van der Maaten and G. Hinton, “Visualizing Data using t-SNE”, JMLR 9 (2008); it begins with the principal
    components, as D. Kobak and P. Berens advise (“The art of using t-SNE for single-cell transcriptomics”, Nature
    Communications 10, 2019), which makes it repeatable and keeps the large picture.

    scikit-learn cannot be interrupted: it is called in steps of `_STEP_ITERATIONS` iterations, each from where the
    one before has ended. The first step exaggerates the attraction, as in one call.

    Args:
        features: float32 `[N, length]`, N at least `FEWEST`.

    Yields:
        float32 `[N, 2]` after each of `STEPS` steps.

    Raises:
        InputError: there are too few pictures.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    count = len(features)
    if count < FEWEST:
        raise InputError(
            f"To group alike pictures, at least {FEWEST} validation pictures are needed, and there "
            f"{_is(count)} {count}. Look at the map by PCA, or train with more pictures kept for validation."
        )
    reduced, _ = pca(features, _COMPONENTS)
    spread = float(reduced[:, 0].std())
    if not spread:
        yield from (reduced[:, :2] for _ in range(STEPS))  # all alike: nothing to tell apart
        return
    points = reduced[:, :2] / spread * _FIRST_SPREAD
    for step in range(STEPS):
        exaggeration = _EXAGGERATION if step == 0 else 1.0
        step_on = TSNE(
            init=points,
            perplexity=min(_PERPLEXITY, (count - 1) / 3),
            early_exaggeration=exaggeration,
            learning_rate=max(count / _EXAGGERATION / 4, 50.0),  # as “auto” has it for the whole
            max_iter=_STEP_ITERATIONS,
            random_state=SEED,
        )
        with threadpool_limits(None if count >= _WORTH_THREADS else 1, "openmp"):
            points = step_on.fit_transform(reduced)
        yield points


def scaled(points: np.ndarray) -> np.ndarray:
    """Points moved and scaled until they just fit into −1 to 1; both axes alike, so that distances stay true.

    Args:
        points: float32 `[N, 2]`, N at least 1.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) / 2
    result: np.ndarray = ((points - (low + high) / 2) / (half or 1.0)).astype(np.float32)
    return result.clip(-1.0, 1.0)
