"""The same answers by Ray Data, on the processors of one machine or of a cluster.

Ray (the extra `ray`) is imported late: nothing else needs it. The driver walks the folders and writes the table; actors
hold the model, one for each processor or graphics card, and read the pictures themselves. All machines must therefore
see the model and the pictures under the same paths. https://docs.ray.io/en/latest/data/batch_inference.html
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from deskclassify.core.codec import from_json, to_json
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Prediction
from deskclassify.core.machine import cpu_count
from deskclassify.core.requests import PredictRequest

_BATCH = 16  # pictures that an actor takes at a time
_BLOCK = 64  # pictures of a task of Ray's: small enough for early answers
# Paths that are handed to Ray at once. Actors start anew for each such window, which takes seconds; the driver holds
# the paths of one.
_WINDOW, _WINDOW_PER_PROCESSOR = 50_000, 2_000
_CARD_THREADS = 8  # that decode for a graphics card


class Answerer:
    """What an actor does: holds the model and answers for batches of paths.

    Args:
        model: path.
        device: see `ort.session`.
        top: classes to tell.
        on_card: whether it has a graphics card of its own.
    """

    def __init__(self, model: str, device: str, top: int, on_card: bool) -> None:
        from deskclassify.ml.model_file import open_model

        self._model = open_model(Path(model), device if on_card else "cpu", spinning=False, threads=1)
        self._top = top
        self._pool = ThreadPoolExecutor(_CARD_THREADS) if on_card else None

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """From a batch with the columns `path` and `read` (both bytes) to one with `answer` and `provider`."""
        from deskclassify.ml import ort
        from deskclassify.ml.scale.answering import classify, decode

        how = self._model.card.preprocess
        names, files = map(os.fsdecode, batch["path"]), list(map(os.fsdecode, batch["read"]))
        if self._pool is not None:
            answers = classify(self._model, list(self._pool.map(lambda file: decode(file, how), files)), self._top)
        else:
            answers = [one for file in files for one in classify(self._model, [decode(file, how)], self._top)]
        told = [json.dumps({**to_json(one), "path": name}).encode() for name, one in zip(names, answers, strict=True)]
        provider = ort.real_provider(self._model.session).encode()
        return {"answer": np.array(told, dtype=object), "provider": np.array([provider] * len(told), dtype=object)}


def answers(
    request: PredictRequest, files: Iterable[str], should_stop: ShouldStop, providers: list[str]
) -> Generator[Prediction]:
    """Answers in the order of the files.

    Args:
        request: names the model and the cluster.
        files: paths.
        should_stop: asked before each answer.
        providers: gets the ONNX Runtime providers that really ran, and on how many actors.

    Raises:
        InputError: Ray is not installed, or there is no cluster at that address.
        UserError: Ray gave up.
    """
    ray = _ray()
    with _connected(ray, request.ray_address):
        actors, on_card = _actors(ray, request.device)
        window = max(_WINDOW, _WINDOW_PER_PROCESSOR * actors)
        source = iter(files)
        used: set[str] = set()
        try:
            while paths := list(islice(source, window)):
                for row in _rows(ray, request, paths, actors, on_card):
                    if should_stop():
                        return
                    used.add(row["provider"].decode())
                    yield from_json(Prediction, json.loads(row["answer"]))
        except ray.exceptions.RayError as error:
            raise UserError(
                "Ray could not go on: a worker failed, or the cluster is not reachable any more. What was answered is "
                "kept; go on with --resume.",
                str(error),
            ) from error
        finally:
            providers += [f"{name} (Ray, {actors} actors)" for name in sorted(used)] or ["Ray"]


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
    # It prints what it does to standard error, and of settings that will change one day.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.data
        import ray.exceptions
    except ImportError as error:
        raise InputError(
            "Ray is not installed. Install it with: pip install 'deskclassify[ray]' (or leave --engine ray out)."
        ) from error
    return ray


@contextlib.contextmanager
def _connected(ray: Any, address: str) -> Iterator[None]:
    """Ray's processes on this machine, ended afterwards; or a cluster that is left as it is."""
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False, "ignore_reinit_error": True}
    # Actors import this package and keep to the settings of this process.
    search = os.pathsep.join(filter(None, (str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH"))))
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            environment = {"env_vars": {"PYTHONPATH": search}}
            ray.init(
                address="local",
                num_cpus=cpu_count(),
                include_dashboard=False,
                runtime_env=environment,
                **quiet,
            )
    except Exception as error:
        where = f"at “{address}”" if address else "on this machine"
        raise InputError(
            f"Ray cannot be reached {where} ({(str(error).splitlines() or [''])[0][:200]}). Check --ray-address, or "
            "leave it out to run on this machine."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _actors(ray: Any, device: str) -> tuple[int, bool]:
    """How many actors there can be, and whether each has a graphics card."""
    there = ray.cluster_resources()
    cards = int(there.get("GPU", 0))
    if device != "cpu" and cards:
        return cards, True
    return max(1, int(there.get("CPU", 1))), False


def _rows(ray: Any, request: PredictRequest, paths: list[str], actors: int, on_card: bool) -> Iterator[dict[str, Any]]:
    """Ray Data over so many paths, as rows in their order. Arrow knows no broken Unicode: paths travel as bytes."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    here = Path.cwd()
    items = [{"path": os.fsencode(path), "read": os.fsencode(here / path)} for path in paths]
    blocks = -(-len(items) // _BLOCK)
    most = min(actors, blocks)
    found = ray.data.from_items(items, override_num_blocks=blocks).map_batches(
        Answerer,
        fn_constructor_args=(os.path.abspath(request.model), request.device, request.top, on_card),
        batch_size=_BATCH,
        compute=ray.data.ActorPoolStrategy(min_size=most, max_size=most),
        num_cpus=1,
        num_gpus=1 if on_card else None,
    )
    return iter(found.iter_rows())
