"""Fine-tuning as a job: frozen phase on cached features, then the unfrozen phase, and a run folder."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deskclassify.core import architectures, cache, diagnosis, settings
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, Event, FitDone, Message, Started, Verdict
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.words import counted
from deskclassify.ml import checkpoint, device, recipe, schedule, trunk
from deskclassify.ml.dataset import Dataset, prepare
from deskclassify.ml.distributed import Ranks
from deskclassify.ml.features import recipe_of
from deskclassify.ml.loop import Best, DivergedError, Loop, Place, losses, probabilities
from deskclassify.ml.phases import FrozenPhase, Logits, Phase, UnfrozenPhase, choose_precision
from deskclassify.ml.picture_table import PictureTable
from deskclassify.ml.run_writer import RunWriter
from deskclassify.ml.versions import versions
from deskclassify.ml.zoo import Classifier, Pretrained, load_pretrained, load_run

_SECONDS_BETWEEN_SAVES = 30.0
_SCHEMA = 1


def fit(request: FitRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Train as asked and write the run folder.

    | when stopped            | what is there                                                       |
    | ----------------------- | ------------------------------------------------------------------- |
    | before the first epoch  | `run.json` alone; `resume` begins anew                              |
    | in the frozen phase     | best head so far, predictions, `last/`; `resume` goes on            |
    | in the unfrozen phase   | best epoch so far of both phases, predictions, `last/`; likewise    |

    The last event is a `FitDone`, with `stopped` set accordingly.

    Raises:
        InputError: the request or the data make no sense.
        UserError: weights cannot be had, or the loss diverged; what was reached is kept.
    """
    recipe.check(request)
    run = RunFolder(Path(request.run).absolute())
    ranks = Ranks.of_environment()
    if request.resume:
        request = _request_of(run, request)
    elif not ranks.leads:
        pass  # the leader looks at the folder, and writes to it
    elif run.info_file.exists():
        raise InputError(f"“{run.path}” holds a run already. Choose another folder, or resume it.")
    elif run.path.is_dir() and any(run.path.iterdir()):
        raise InputError(f"“{run.path}” is not empty. Choose a new folder for the run.")
    yield from Training(request, run, ranks).run(should_stop)


def _request_of(run: RunFolder, request: FitRequest) -> FitRequest:
    """The settings that a run was begun with."""
    begun = from_json(FitRequest, run.info().raw["request"])
    return from_json(FitRequest, {**to_json(begun), "run": request.run, "device": request.device, "resume": True})


class Training:
    """One run, from the first picture to the last file."""

    def __init__(self, request: FitRequest, run: RunFolder, ranks: Ranks) -> None:
        self._request = request
        self._run = run
        self._write = RunWriter(run, ranks.leads)
        self._ranks = ranks
        self._begun = time.monotonic()
        self._architecture = architectures.get(request.architecture)
        self._how = self._architecture.preprocess(request.resize, request.image_size)
        self._device = device.choose(ranks.device(request.device))
        self._precision = choose_precision(self._device)
        self._seed = request.data.seed
        self._history: list[EpochDone] = run.history() if request.resume else []
        self._best = Best()
        self._frozen_head: checkpoint.Tensors = {}
        self._next_save = 0.0
        self._model: Classifier
        self._data: Dataset
        self._recipe: recipe.Recipe
        self._created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")

    def run(self, should_stop: ShouldStop) -> Iterator[Event]:
        """Do all of it; see `fit`."""
        self._ranks.begin(self._device.is_cuda)
        try:
            yield from self._whole(should_stop)
        finally:
            self._ranks.end()

    def _whole(self, should_stop: ShouldStop) -> Iterator[Event]:
        where = f"{self._architecture.title} on {self._device.title}"
        yield Started("train", where)
        yield Message(self._device.reason)
        if not self._ranks.leads:
            self._ranks.wait()  # until the leader has filled the caches
        else:
            cache.trim(settings.load().cache_gigabytes * 1e9)
        yield from self._load(should_stop)
        if self._ranks.leads:
            self._ranks.wait()
        if self._agree(not hasattr(self, "_data")):
            yield self._finish(stopped=True)
            return

        def all_stop() -> bool:
            return self._agree(should_stop())

        saved = checkpoint.read(self._run.last) if self._request.resume else None
        yield self._opening_message()
        stopped = False
        for phase in ("frozen", "unfrozen"):
            if not stopped and self._epochs(phase):
                stopped = yield from self._run_phase(phase, saved, all_stop)
        if not stopped and self._frozen_head and self._recipe.unfrozen_epochs and self._best.phase == "frozen":
            yield Message(
                "Training the whole network did not get better than training its last layer alone; "
                "the better one is kept. More pictures would help."
            )
        yield self._finish(stopped)

    def _agree(self, flag: bool) -> bool:
        return self._ranks.any(flag, self._device.torch)

    # -- what is needed ---------------------------------------------------------------

    def _load(self, should_stop: ShouldStop) -> Iterator[Event]:
        pretrained: Pretrained | None = None
        for loaded in load_pretrained(self._architecture, 2, self._request.weights, should_stop):
            if isinstance(loaded, Pretrained):
                pretrained = loaded
            else:
                yield loaded
        if pretrained is None:
            return
        fixed = self._run.split() if self._request.resume and (self._run.path / "split.csv").is_file() else None
        features = recipe_of(pretrained, self._architecture, self._how, self._device)
        for step in prepare(self._request.data, fixed, features, should_stop, recipe.copies(self._request)):
            if isinstance(step, Dataset):
                self._take(step, pretrained.model)
            else:
                yield step

    def _take(self, data: Dataset, model: Classifier) -> None:
        self._data = data
        torch.manual_seed(schedule.seed_of(self._seed, "head"))
        head = type(model.head)(self._architecture.features, len(data.classes))
        self._model = Classifier(model.trunk, head)
        self._recipe = recipe.choose(self._request, len(data.files("train")))
        self._targets = data.targets("valid")
        self._write.begin(data.items)
        self._write_info({}, "running")

    def _opening_message(self) -> Message:
        data = self._data
        skipped = f" Left out, as unreadable: {counted(len(data.skipped), 'file')}." if data.skipped else ""
        return Message(
            f"{counted(len(data.files('train')), 'picture')} to learn from, {len(data.files('valid'))} to check with, "
            f"{len(data.classes)} classes.{skipped}",
            "warning" if skipped else "info",
        )

    # -- phases -----------------------------------------------------------------------

    def _epochs(self, phase: str) -> int:
        return self._recipe.frozen_epochs if phase == "frozen" else self._recipe.unfrozen_epochs

    def _run_phase(
        self, name: str, saved: checkpoint.Checkpoint | None, should_stop: ShouldStop
    ) -> Generator[Event, None, bool]:
        """Run one phase, or pass over one that a resumed run has behind it.

        Returns:
            whether it was stopped.
        """
        place = Place()
        if saved is not None:
            if name == "frozen" and saved.state["phase"] == "unfrozen":
                self._restore_frozen(saved)
                return False
            if name == saved.state["phase"]:
                place = Place(**saved.state["place"])
        tables: list[PictureTable] = []
        try:
            phase: Phase
            if name == "frozen":
                phase = self._frozen_phase()
            else:
                phase = yield from self._unfrozen(tables, should_stop)
            if should_stop():
                return True
            if saved is not None and name == saved.state["phase"]:
                self._restore(saved, phase)
            loop = Loop(
                phase,
                self._targets,
                self._seed,
                self._best,
                self._on_best,
                self._saver(phase),
                place,
                more_follows=name == "frozen" and self._recipe.unfrozen_epochs > 0,
            )
            diverged: DivergedError | None = None
            try:
                for event in loop.run(should_stop):
                    if isinstance(event, EpochDone):
                        self._record(event)
                    yield event
                self._save(phase, loop.place)
            except DivergedError as error:
                diverged = error  # what was saved last is still good, and the best epoch is
            self._write.history(self._history)
            if name == "frozen" and self._best.phase == "frozen":
                self._frozen_head = self._best.weights
                self._model.head.load_state_dict(self._best.weights)
                self._save_best()
            if diverged is not None:
                self._finish(stopped=True)
                raise diverged
            return loop.stopped
        finally:
            for table in tables:
                table.close()

    def _frozen_phase(self) -> FrozenPhase:
        return FrozenPhase(
            head=self._model.head,
            features=torch.from_numpy(self._data.views()),
            labels=torch.from_numpy(self._data.targets("train")),
            valid=torch.from_numpy(self._data.matrix("valid")),
            epochs=self._recipe.frozen_epochs,
            batch=self._recipe.frozen_batch,
            learning_rate=self._recipe.frozen_rate,
            weight_decay=self._recipe.weight_decay,
            label_smoothing=self._recipe.label_smoothing,
        )

    def _unfrozen(self, tables: list[PictureTable], should_stop: ShouldStop) -> Generator[Event, None, UnfrozenPhase]:
        """Decode the pictures, then make the phase (its return value)."""
        learn = PictureTable(self._data.files("train"), self._how, exact=False)
        check = PictureTable(self._data.files("valid"), self._how, exact=True)
        tables += [learn, check]
        for table in (learn, check):
            yield from table.fill("Reading the pictures", should_stop)
        return UnfrozenPhase(
            model=self._model,
            pictures=learn,
            labels=torch.from_numpy(self._data.targets("train")),
            evaluator=lambda: self._evaluate(check),
            architecture=self._architecture,
            device=self._device,
            precision=self._precision,
            epochs=self._recipe.unfrozen_epochs,
            batch=self._recipe.unfrozen_batch,
            rates=list(self._recipe.rates),
            freeze_statistics=self._recipe.freeze_statistics,
            first_epoch=self._recipe.frozen_epochs + 1,
            ranks=self._ranks,
        )

    def _evaluate(self, pictures: PictureTable) -> Logits:
        """Scores of the validation pictures from the whole network, just as the exported model gives them."""
        run_trunk = trunk.runner(self._model.trunk, self._architecture, None, self._how.size, self._device)
        size = trunk.batch_size(self._device)
        parts = [
            run_trunk(pictures(np.arange(start, min(start + size, len(pictures)))))
            for start in range(0, len(pictures), size)
        ]
        features = torch.from_numpy(np.concatenate(parts)) if parts else torch.empty(0, self._architecture.features)
        head = self._model.head.eval()
        with torch.inference_mode():
            place = next(head.linear.parameters()).device
            result: Logits = head(features.to(place)).float().cpu().numpy()
        return result

    # -- keeping ----------------------------------------------------------------------

    def _record(self, row: EpochDone) -> None:
        self._history = [old for old in self._history if old.epoch < row.epoch] + [row]
        # The frozen phase has many epochs a second: a file for each would take longer than they do.
        if row.phase == "unfrozen" or time.monotonic() >= self._next_save:
            self._write.history(self._history)

    def _on_best(self, best: Best) -> None:
        if best.phase == "unfrozen":
            self._save_best()

    def _save_best(self) -> None:
        """Write the weights of the best epoch; the network holds them now."""
        self._write.best(self._model.state_dict())

    def _saver(self, phase: Phase) -> Callable[[Place, bool], None]:
        self._next_save = time.monotonic() + _SECONDS_BETWEEN_SAVES

        def save(place: Place, epoch_is_over: bool) -> None:
            if time.monotonic() >= self._next_save or (epoch_is_over and phase.name == "unfrozen"):
                self._save(phase, place)

        return save

    def _save(self, phase: Phase, place: Place) -> None:
        best = self._best
        state = {
            "phase": phase.name,
            "place": asdict(place),
            "seed": self._seed,
            "best": {"epoch": best.epoch, "phase": best.phase, "accuracy": best.accuracy, "loss": best.loss},
        }
        head = self._frozen_head or (best.weights if best.phase == "frozen" else {})
        optimizer = checkpoint.optimizer_tensors(phase.optimizer)
        self._write.last(checkpoint.Checkpoint(state, self._model.state_dict(), optimizer, head))
        self._next_save = time.monotonic() + _SECONDS_BETWEEN_SAVES

    def _restore(self, saved: checkpoint.Checkpoint, phase: Phase) -> None:
        self._model.load_state_dict(saved.model)
        checkpoint.load_optimizer(phase.optimizer, saved.optimizer)
        self._restore_best(saved)

    def _restore_frozen(self, saved: checkpoint.Checkpoint) -> None:
        self._frozen_head = saved.frozen_head
        if saved.frozen_head:
            self._model.head.load_state_dict(saved.frozen_head)

    def _restore_best(self, saved: checkpoint.Checkpoint) -> None:
        best = saved.state["best"]
        self._best.epoch, self._best.phase = best["epoch"], best["phase"]
        self._best.accuracy, self._best.loss = best["accuracy"], best["loss"]
        if self._best.phase == "frozen":
            self._best.weights = saved.frozen_head

    # -- the end ----------------------------------------------------------------------

    def _finish(self, stopped: bool) -> FitDone:
        best, known = self._best, hasattr(self, "_data")
        accuracy = self._write_predictions() if known and best.epoch else None
        done = FitDone(
            run=str(self._run.path),
            accuracy=accuracy,
            error_rate=None if accuracy is None else 1 - accuracy,
            best_epoch=best.epoch,
            classes=self._data.classes if known else (),
            train_images=len(self._data.files("train")) if known else 0,
            valid_images=len(self._data.files("valid")) if known else 0,
            skipped_images=len(self._data.skipped) if known else 0,
            seconds=time.monotonic() - self._begun,
            stopped=stopped,
            device=self._device.title,
            findings=diagnosis.of(self._history, self._request, self._data.items, stopped) if known else (),
        )
        if known:
            self._write_info(to_json(done), "stopped" if stopped else "finished")
        return done

    def _write_predictions(self) -> float | None:
        """Write what the best epoch says of the validation pictures; returns its accuracy."""
        logits = self._best.logits if self._best.logits is not None else self._logits_of_best()
        files, targets, classes = self._data.files("valid"), self._targets, self._data.classes
        chance, loss = probabilities(logits), losses(logits, targets)
        picked = chance.argmax(axis=1) if len(files) else np.empty(0, dtype=np.int64)
        self._write.predictions(
            Verdict(path, classes[target], classes[choice], float(chance[n, choice]), float(loss[n]))
            for n, (path, target, choice) in enumerate(zip(files, targets, picked, strict=True))
        )
        return float((picked == targets).mean()) if len(files) else None

    def _logits_of_best(self) -> Logits:
        """Scores of a best epoch that an earlier process reached."""
        self._model = load_run(self._architecture.name, len(self._data.classes), self._run.best)
        check = PictureTable(self._data.files("valid"), self._how, exact=True)
        try:
            return self._evaluate(check)
        finally:
            check.close()

    def _write_info(self, result: dict[str, Any], status: str) -> None:
        self._write.info(
            {
                "schema": _SCHEMA,
                "status": status,
                "created": self._created,
                "request": to_json(self._request),
                "classes": list(self._data.classes),
                "architecture": self._architecture.name,
                "preprocess": to_json(self._how),
                "recipe": asdict(self._recipe),
                "device": {"name": self._device.name, "title": self._device.title, "reason": self._device.reason},
                "precision": self._precision.name if self._recipe.unfrozen_epochs else "fp32",
                "versions": versions(),
                "data_fingerprint": self._data.fingerprint(),
                "skipped": [{"path": path, "reason": why} for path, why in sorted(self._data.skipped.items())],
                "result": result or None,
            }
        )
