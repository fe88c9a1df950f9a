"""`demo`: the built-in sample, in the window or, without a display, from training to prediction here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from deskclassify.cli import tables
from deskclassify.cli.run import Runner
from deskclassify.core import events, paths, project, requests, sample
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source

_PROBE = "from PySide6.QtWidgets import QApplication; QApplication([])"
_PROBE_SECONDS = 30.0
_INVISIBLE_PLATFORMS = ("offscreen", "minimal")
_PREDICTIONS = 6


def why_no_window() -> str:
    """The reason why no window can be shown, as a sentence; empty if one can.

    Qt ends the whole process when it finds no display, so a child process tries it first.
    """
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if platform in _INVISIBLE_PLATFORMS:
        return f"QT_QPA_PLATFORM={platform} shows no window, so the demo runs without one."
    if sys.platform.startswith("linux") and not platform:
        if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
            return "There is no display, so the demo runs without a window."
    if getattr(sys, "frozen", False):
        return ""  # the bundle has no interpreter to try it in; what its window needs is there with it
    try:
        child = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, timeout=_PROBE_SECONDS, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired):
        return "The display does not answer, so the demo runs without a window."
    if child.returncode == 0:
        return ""
    if "cannot open shared object file" in child.stderr:
        missing = child.stderr.rpartition("ImportError: ")[2].partition(":")[0]
        return f"The window needs the system library {missing} (see “make setup”), so the demo runs without one."
    return "No window can be opened on this display, so the demo runs without one."


def headless(runner: Runner, reason: str = "") -> None:
    """Make the sample, train, evaluate, export and predict, with a summary at the end."""
    output, begin = runner.output, time.monotonic()
    if reason:
        output.note(reason)
    folder = make_sample(runner)
    made = open_project(folder)
    run = made.next_run()
    output.note(f"Training on {folder}")
    fit = runner.last(made.fit_request(run), events.FitDone)
    output.result(tables.trained(fit))
    output.note("Evaluating on the validation pictures")
    # The sample itself is the data: only its validation share says how good the network is.
    measure = requests.EvaluateRequest(str(run), made.data, subset="valid")
    measured = runner.last(measure, events.Evaluated)
    output.result(tables.evaluated(measured))
    model = made.folder / "demo.onnx"
    output.note("Exporting")
    export = runner.last(requests.ExportRequest(str(run), str(model)), events.Exported)
    output.result(tables.exported(export))
    output.note("Predicting a few pictures with the exported model")
    right = _predict(runner, run, model)
    seconds = time.monotonic() - begin
    if output.as_json:
        summary = {"sample": str(folder), "project": str(made.file), "run": str(run), "model": str(model)}
        figures = {"accuracy": measured.accuracy, "classes": list(fit.classes), "seconds": seconds}
        output.json({"event": "finished", **summary, **figures, "predictions_right": right})
    else:
        output.result(
            f"The demo took {seconds:.0f} s and reached {measured.accuracy:.1%} validation accuracy.\n"
            f"  pictures  {folder}\n  project   {made.file}\n  run       {run}\n  model     {model}"
        )


def make_sample(runner: Runner) -> Path:
    """Draw the sample in its usual place, with a progress bar."""
    folder = sample.default_sample_folder()
    sample.make_sample(folder, progress=lambda done, total: runner.output.progress("Drawing pictures", done, total))
    runner.output.end_progress()
    return folder


def open_project(folder: Path) -> project.Project:
    """The project of the demo, which the window can open as well."""
    place = project.Project(paths.projects_dir() / "Demo", DataSpec(sources=(Source(str(folder)),)))
    if project.is_project(place.folder):
        place = project.load(place.folder)
    place.save()
    return place


def _predict(runner: Runner, run: Path, model: Path) -> int:
    """Predict pictures of the validation share; returns how many are right."""
    held_back = [item for item in RunFolder(run).split() if item.subset == "valid"]
    step = max(1, len(held_back) // _PREDICTIONS)
    label = {item.path: item.label for item in held_back[::step][:_PREDICTIONS]}
    right = 0
    for event in runner.stream(requests.PredictRequest(str(model), tuple(label))):
        if runner.output.as_json:
            runner.output.json(events.public(event))
        if isinstance(event, events.Prediction) and not event.error:
            right += event.label == label.get(event.path)
            runner.output.result(f"  {Path(event.path).name}: {event.label} ({event.probability:.1%})")
    return right
