"""Fine-tuning as a job: frozen phase on cached features, then the unfrozen phase, and a run folder."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deskclassify.core import architectures, atomic, cache, diagnosis, settings
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, Event, FitDone, Forecast, Message, Progress, Started, Verdict
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Listing, list_data
from deskclassify.core.words import counted
from deskclassify.ml import checkpoint, device, forecast, memory, preparation, recipe, schedule, tta, tuning
from deskclassify.ml.dataset import Dataset, prepare
from deskclassify.ml.distributed import Ranks
from deskclassify.ml.features import recipe_of
from deskclassify.ml.loop import Best, DivergedError, Loop, Place, losses, probabilities
from deskclassify.ml.phases import Logits, Phase
from deskclassify.ml.picture_table import PictureTable
from deskclassify.ml.run_writer import RunWriter
from deskclassify.ml.snapshots import Keeper
from deskclassify.ml.validation import Validation
from deskclassify.ml.versions import versions
from deskclassify.ml.zoo import Classifier, Head, Pretrained, load_pretrained, load_run

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
    elif run.path.is_dir() and not all(atomic.is_part(entry) for entry in run.path.iterdir()):
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
        self._ranks = ranks
        self._write: RunWriter
        self._begun = time.monotonic()
        self._architecture = architectures.get(request.architecture)
        self._how = self._architecture.preprocess(request.resize, request.image_size)
        self._device = device.choose(ranks.device(request.device))
        self._tuned = tuning.Tuned()
        self._listing: Listing | None = None
        self._forecast: Forecast | None = None
        self._seed = request.data.seed
        self._history: list[EpochDone] = []
        self._best = Best()
        self._frozen_head: checkpoint.Tensors = {}
        self._next_save = 0.0
        self._setup: preparation.Setup
        self._keeper: Keeper
        self._created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")

    def run(self, should_stop: ShouldStop) -> Iterator[Event]:
        """Do all of it; see `fit`."""
        self._write, self._should_stop = RunWriter(self._run, self._ranks.leads, should_stop), should_stop
        with self._ranks.joined(self._device.is_cuda):
            try:
                yield from self._whole(should_stop)
            except BaseException:
                if not self._request.resume and not hasattr(self, "_setup"):
                    self._write.take_back()  # the pictures or the weights cannot be used: nothing was begun
                raise

    def _whole(self, should_stop: ShouldStop) -> Iterator[Event]:
        where = f"{self._architecture.title} on {self._device.title}"
        yield Started("train", where)
        yield Message(self._device.reason)
        if not self._ranks.leads:
            self._ranks.wait()  # until the leader has filled the caches
        else:
            cache.trim(settings.load().cache_gigabytes * 1e9)
        if not self._request.resume:
            yield from self._write_info({}, "running")  # from here on it can be resumed
        yield from self._look_ahead(should_stop)
        yield from self._load(should_stop)
        if self._ranks.leads:
            self._ranks.wait()
        if self._agree(not hasattr(self, "_setup")):
            yield from self._finish(stopped=True)
            return

        def all_stop() -> bool:
            return self._agree(should_stop())

        saved = checkpoint.read(self._run.last) if self._request.resume else None
        yield self._opening_message()
        if self._setup.balance.kind != "none":
            yield Message(self._setup.balance.sentence)
        if (warning := checkpoint.damage(self._run.last, saved)) and self._request.resume:
            yield Message(warning, "warning")
        self._history = [from_json(EpochDone, row) for row in saved.state["history"]] if saved is not None else []
        stopped = False
        for phase in ("frozen", "unfrozen"):
            if not stopped and self._epochs(phase):
                stopped = yield from self._run_phase(phase, saved, all_stop)
        if not stopped and self._frozen_head and self._setup.recipe.unfrozen_epochs and self._best.phase == "frozen":
            yield Message(
                "Training more of the network did not get better than training its last layer alone; "
                "the better one is kept. More pictures would help."
            )
        yield from self._finish(stopped)

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
        features = recipe_of(pretrained, self._architecture, self._how, self._device)
        spec = self._request.data
        if self._request.resume and (self._run.path / "split.csv").is_file():
            steps = prepare(Listing(tuple(self._run.split())), features, should_stop)
        else:
            steps = prepare(self._listing or list_data(spec, should_stop), features, should_stop, spec)
        for step in steps:
            if isinstance(step, Dataset):
                yield from self._take(step, pretrained)
            else:
                yield step

    def _look_ahead(self, should_stop: ShouldStop) -> Iterator[Event]:
        """Say what it will cost; a resumed run has said so when it began."""
        forecast.forget_peak(self._device)
        if self._ranks.leads and not self._request.resume:
            self._listing = list_data(self._request.data, should_stop)
            self._forecast = forecast.for_training(self._request, self._listing, should_stop, self._begun)
            if self._forecast is not None:
                yield self._forecast

    def _tune(self) -> tuning.Tuned:
        """The fastest format; a resumed run goes on with its own, where it is on the same device."""
        setup = self._setup
        begun = self._run.info().raw if self._request.resume else {}
        if begun.get("tuning") and begun["device"]["title"] == self._device.title:
            return from_json(tuning.Tuned, begun["tuning"])
        if not setup.recipe.unfrozen_epochs:
            return tuning.Tuned()
        batch, kept = setup.recipe.unfrozen_batch, setup.recipe.freeze_statistics
        return tuning.tune(setup.model, self._architecture, self._how.size, batch, kept, self._device)

    def _take(self, data: Dataset, pretrained: Pretrained) -> Iterator[Event]:
        torch.manual_seed(schedule.seed_of(self._seed, "head"))
        head = Head(self._architecture.features, len(data.classes))
        self._setup = preparation.Setup(
            self._request,
            self._architecture,
            self._how,
            self._device,
            self._ranks,
            recipe.choose(self._request, len(data.files("train"))),
            data,
            Classifier(pretrained.model.trunk, head),
            pretrained.digest,
            preparation.balance_plan(self._request, data),
        )
        chosen = self._setup.recipe
        epochs = (chosen.frozen_epochs, chosen.unfrozen_epochs)
        self._keeper = Keeper(self._run, self._write, pretrained.trunk, pretrained.digest, *epochs)
        self._tuned = self._tune()
        self._targets = data.targets("valid")
        yield from self._write.begin(data.items)
        yield from self._write_info({}, "running")

    def _opening_message(self) -> Message:
        data = self._setup.data
        skipped = f" Left out, as unreadable: {counted(len(data.skipped), 'file')}." if data.skipped else ""
        return Message(
            f"{counted(len(data.files('train')), 'picture')} to learn from, {len(data.files('valid'))} to check with, "
            f"{len(data.classes)} classes.{skipped}",
            "warning" if skipped else "info",
        )

    # -- phases -----------------------------------------------------------------------

    def _epochs(self, phase: str) -> int:
        return self._setup.recipe.frozen_epochs if phase == "frozen" else self._setup.recipe.unfrozen_epochs

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
                yield from self._restore_frozen(saved)
                return False
            if name == saved.state["phase"]:
                place = Place(**saved.state["place"])
        with contextlib.ExitStack() as stack:
            phase: Phase
            if name == "frozen":
                phase = preparation.frozen_phase(self._setup)
            else:
                stack.enter_context(memory.kept())
                # Of several processes, one may find in the cache what the other has just read: each stops by itself.
                phase = yield from preparation.unfrozen_phase(self._setup, self._tuned, stack, self._should_stop)
            stack.callback(phase.close)
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
                self._request.patience,
                more_follows=name == "frozen" and self._setup.recipe.unfrozen_epochs > 0,
            )
            diverged: DivergedError | None = None
            try:
                for event in loop.run(should_stop):
                    if isinstance(event, EpochDone):
                        yield from self._record(event, phase)
                    yield event
                yield from self._save(phase, loop.place)
            except DivergedError as error:
                diverged = error  # what was saved last is still good, and the best epoch is
            yield from self._keeper.flush()
            yield from self._write.history(self._history)
            if name == "frozen" and self._best.phase == "frozen":
                self._frozen_head = self._best.weights
                self._setup.model.head.load_state_dict(self._best.weights)
                yield from self._write.best(self._setup.model.state_dict())
            if diverged is not None:
                for event in self._finish(stopped=True, diverged=True):
                    if not isinstance(event, FitDone):  # the failure is the last word
                        yield event
                raise diverged
            return loop.stopped

    # -- keeping ----------------------------------------------------------------------

    def _record(self, row: EpochDone, phase: Phase) -> Iterator[Event]:
        self._history = [old for old in self._history if old.epoch < row.epoch] + [row]
        if self._ranks.leads:
            is_best = self._best.epoch == row.epoch
            yield from self._keeper.take(row, self._best.weights if is_best else phase.weights())
        # The frozen phase has many epochs a second: a file for each would take longer than they do.
        if row.phase == "unfrozen" or time.monotonic() >= self._next_save:
            yield from self._write.history(self._history)

    def _on_best(self, best: Best) -> Iterator[Event]:
        if best.phase == "unfrozen":
            yield from self._write.best(best.weights)

    def _saver(self, phase: Phase) -> Callable[[Place, bool], Iterator[Event]]:
        self._next_save = time.monotonic() + _SECONDS_BETWEEN_SAVES

        def save(place: Place, epoch_is_over: bool) -> Iterator[Event]:
            if time.monotonic() >= self._next_save or (epoch_is_over and phase.name == "unfrozen"):
                yield from self._save(phase, place)

        return save

    def _save(self, phase: Phase, place: Place) -> Iterator[Event]:
        yield from self._keeper.flush()  # before the state, which goes on behind these epochs
        best = self._best
        state = {
            "phase": phase.name,
            "place": asdict(place),
            "seed": self._seed,
            "best": {"epoch": best.epoch, "phase": best.phase, "accuracy": best.accuracy, "loss": best.loss},
            "best_file": self._best_file(),
            "history": [to_json(row) for row in self._history],
        }
        head = self._frozen_head or (best.weights if best.phase == "frozen" else {})
        optimizer = checkpoint.optimizer_tensors(phase.optimizer)
        model = self._setup.model.state_dict()
        logits = {} if best.logits is None else {"logits": torch.from_numpy(best.logits)}
        yield from self._write.last(checkpoint.Checkpoint(state, model, optimizer, head, phase.extra_state(), logits))
        self._next_save = time.monotonic() + _SECONDS_BETWEEN_SAVES

    def _restore(self, saved: checkpoint.Checkpoint, phase: Phase) -> None:
        self._setup.model.load_state_dict(saved.model)
        checkpoint.load_optimizer(phase.optimizer, saved.optimizer)
        phase.load_extra_state(saved.extra)
        self._restore_best(saved)

    def _restore_frozen(self, saved: checkpoint.Checkpoint) -> Iterator[Event]:
        self._frozen_head = saved.frozen_head
        if saved.frozen_head:
            self._setup.model.head.load_state_dict(saved.frozen_head)
        if saved.state["best"]["phase"] == "frozen" and saved.state["best_file"] != self._best_file():
            # It was killed between writing a better epoch and saving the state: that epoch comes again.
            yield from self._write.best(self._setup.model.state_dict())

    def _restore_best(self, saved: checkpoint.Checkpoint) -> None:
        best = saved.state["best"]
        self._best.epoch, self._best.phase = best["epoch"], best["phase"]
        self._best.accuracy, self._best.loss = best["accuracy"], best["loss"]
        if self._best.phase == "frozen":
            self._best.weights = saved.frozen_head
        if self._best.phase == "frozen" or saved.state["best_file"] == self._best_file():
            logits = saved.best.get("logits")
            self._best.logits = None if logits is None else logits.numpy()

    def _best_file(self) -> int:
        """What tells one `best.safetensors` from another; 0 while there is none."""
        try:
            return self._run.best.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    # -- the end ----------------------------------------------------------------------

    def _finish(self, stopped: bool, diverged: bool = False) -> Iterator[Event]:
        best, known = self._best, hasattr(self, "_setup")
        accuracy = (yield from self._write_predictions()) if known and best.epoch else None
        items = self._setup.data.items if known else ()
        averaged = (yield from self._measure_copies()) if accuracy is not None and not stopped else None
        done = FitDone(
            run=str(self._run.path),
            accuracy=accuracy,
            error_rate=None if accuracy is None else 1 - accuracy,
            tta_accuracy=averaged,
            best_epoch=best.epoch,
            classes=self._setup.data.classes if known else (),
            train_images=len(self._setup.data.files("train")) if known else 0,
            valid_images=len(self._setup.data.files("valid")) if known else 0,
            skipped_images=len(self._setup.data.skipped) if known else 0,
            seconds=time.monotonic() - self._begun,
            stopped=stopped,
            device=self._device.title,
            findings=diagnosis.of(self._history, self._request, items, stopped, diverged),
            forecast_seconds=self._forecast.seconds_total if self._forecast is not None else None,
            peak_memory_bytes=forecast.peak_bytes(self._device),
        )
        yield from self._write_info(to_json(done), "stopped" if stopped else "finished")
        yield done

    def _write_predictions(self) -> Generator[Event, None, float | None]:
        """Write what the best epoch says of the validation pictures; returns its accuracy."""
        if self._best.logits is None:
            self._best.logits = self._logits_of_best()
        logits = self._best.logits
        files, targets, classes = self._setup.data.files("valid"), self._targets, self._setup.data.classes
        chance, loss = probabilities(logits), losses(logits, targets)
        picked = chance.argmax(axis=1) if len(files) else np.empty(0, dtype=np.int64)
        yield from self._write.predictions(
            [
                Verdict(path, classes[target], classes[choice], float(chance[n, choice]), float(loss[n]))
                for n, (path, target, choice) in enumerate(zip(files, targets, picked, strict=True))
            ],
            chance,
        )
        return float((picked == targets).mean()) if len(files) else None

    def _logits_of_best(self) -> Logits:
        """Scores of a best epoch that an earlier process reached."""
        with self._validation_of_best() as validation:
            return validation()

    @contextlib.contextmanager
    def _validation_of_best(self) -> Iterator[Validation]:
        model = load_run(self._architecture.name, len(self._setup.data.classes), self._run.best)
        check = PictureTable(self._setup.data.files("valid"), self._how, exact=True)
        with contextlib.closing(check):
            yield Validation(model, check, self._architecture, self._how.size, self._device, 0, None)

    def _measure_copies(self) -> Generator[Event, None, float | None]:
        """Test-time augmentation; returns the accuracy with it, None where it is not wanted."""
        if not (self._request.tta and self._request.augment) or self._best.logits is None:
            return None
        accuracy = 0.0
        with self._validation_of_best() as validation:
            copies = tta.averaged(validation, self._best.logits, self._request.augment)
            for done, chance in enumerate(copies, 1):
                accuracy = float((chance.argmax(axis=1) == self._targets).mean())
                yield Progress("Test-time augmentation", done, tta.COPIES)
        return accuracy

    def _write_info(self, result: dict[str, Any], status: str) -> Iterator[Event]:
        return self._write.info(
            {
                "schema": _SCHEMA,
                "status": status,
                "created": self._created,
                "request": to_json(self._request),
                "classes": [],
                "architecture": self._architecture.name,
                "preprocess": to_json(self._how),
                "device": {"name": self._device.name, "title": self._device.title, "reason": self._device.reason},
                "versions": versions(),
                "forecast": self._expected(),
                **(self._learned_of_data() if hasattr(self, "_setup") else {}),
                "result": result or None,
            }
        )

    def _expected(self) -> dict[str, Any] | None:
        """The forecast; of a resumed run that with which it began."""
        if self._request.resume:
            before: dict[str, Any] | None = self._run.info().raw.get("forecast")
            return before
        return to_json(self._forecast) if self._forecast is not None else None

    def _learned_of_data(self) -> dict[str, Any]:
        """What `run.json` says once the pictures were looked at."""
        setup = self._setup
        return {
            "classes": list(setup.data.classes),
            "recipe": {**asdict(setup.recipe), "first_stage": setup.first_stage},
            "balance": {"kind": setup.balance.kind, "reason": setup.balance.sentence},
            "weights_digest": setup.digest,
            "precision": self._tuned.precision,
            "tuning": to_json(self._tuned) if setup.recipe.unfrozen_epochs else None,
            "data_fingerprint": setup.data.fingerprint(),
            "skipped": [{"path": path, "reason": why} for path, why in sorted(setup.data.skipped.items())],
        }
