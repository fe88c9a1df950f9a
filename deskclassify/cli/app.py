"""The commands. Each turns its arguments into a plan, which runs once all of them are known to be right."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from deskclassify import __version__
from deskclassify.cli import (
    checking,
    comparing,
    fetching,
    inspecting,
    model_commands,
    options,
    plans,
    reporting,
    tables,
)
from deskclassify.cli import demo as demonstration
from deskclassify.cli.interrupts import EXIT_INTERRUPTED, Interrupts
from deskclassify.cli.output import opened
from deskclassify.cli.plans import EXIT_FAILED, EXIT_INPUT, Plan, job
from deskclassify.cli.run import CommandInterruptedError, Runner
from deskclassify.core import architectures, cleaned_copy, data_events, data_requests, events, requests, sample
from deskclassify.core.control import Control
from deskclassify.core.errors import Failure, InputError, OneOfManyError
from deskclassify.core.preprocess import RESIZE_METHODS
from deskclassify.core.walk_report import check_target

# typer has its own copy of click's exceptions since 0.26 and click's before: its BadParameter is the way to both.
_UsageError: type[Any] = typer.BadParameter.__mro__[1]
_SMALLEST_IMAGE = 32  # pixels; the networks halve the picture five times

app = typer.Typer(
    name="deskclassify",
    help="Turn folders of pictures into a classifier, on your own computer.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"deskclassify {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def options_of_all(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Turn folders of pictures into a classifier, on your own computer. Without a command, the window opens."""


@app.command()
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Without a window.")] = False, json: options.Json = False
) -> Plan:
    """Try it on drawn sample pictures: in the window, or from training to prediction without one."""
    reason = "" if headless else demonstration.why_no_window()
    if headless or reason or json:
        return lambda runner: demonstration.headless(runner, reason)
    from deskclassify.ui.app import main as window

    raise typer.Exit(window(["--demo", str(sample.make_sample(sample.default_sample_folder()))]))


@app.command()
def fetch(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="An archive, a web address, a public set, sounds, or a CSV table.")
    ] = "",
    digest: Annotated[
        str, typer.Option("--digest", metavar="sha256:…|md5:…", help="What the archive must come to.")
    ] = "",
    sha256: Annotated[str, typer.Option("--sha256", metavar="HEX", help="The same, without sha256: in front.")] = "",
    label: Annotated[
        str, typer.Option("--label", metavar="COLUMN", help="Of a table: the class (default: the last column).")
    ] = "",
    show_list: Annotated[bool, typer.Option("--list", help="Show the public sets, with size and licence.")] = False,
    json: options.Json = False,
) -> Plan:
    """Bring pictures in: an archive from the disk or the web, a public set; sounds or a table, drawn as pictures."""
    if show_list:
        return fetching.show_sets
    request = fetching.request(source, digest, sha256, label)
    return lambda runner: fetching.fetch(runner, request)


@app.command()
def scan(
    data: options.Data,
    label_from: options.LabelFrom = None,
    valid_pct: options.ValidPct = None,
    valid_folder: options.ValidFolder = None,
    seed: options.Seed = None,
    test_pct: options.TestPct = None,
    group_by: options.GroupBy = None,
    json: options.Json = False,
) -> Plan:
    """Classes, counts, split, unreadable files with the reason, duplicates."""
    spec = options.data_spec(data, label_from, valid_pct, valid_folder, seed, test_pct, group_by)
    request = requests.ScanRequest(spec)
    return job(request, events.ScanDone, tables.scanned)


@app.command()
def copy(
    data: options.Data,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="The folder to write: new, or empty.")],
    by_subset: Annotated[
        bool, typer.Option("--by-subset", help="subset/class/name instead of class/name: the split as folders.")
    ] = False,
    label_from: options.LabelFrom = None,
    valid_pct: options.ValidPct = None,
    valid_folder: options.ValidFolder = None,
    seed: options.Seed = None,
    test_pct: options.TestPct = None,
    group_by: options.GroupBy = None,
    json: options.Json = False,
) -> Plan:
    """Copy the pictures as they are labelled now into a new tree, with a table of what was changed by hand."""
    spec = options.data_spec(data, label_from, valid_pct, valid_folder, seed, test_pct, group_by)
    request = data_requests.CopyRequest(spec, plans.target("--out", out), by_subset)
    return job(request, data_events.Copied, cleaned_copy.in_words)


@app.command()
def train(
    data: options.Data,
    out: Annotated[str, typer.Option("--out", metavar="RUN", help="The folder to write.")] = "",
    preset: options.Preset = "balanced",
    arch: options.Arch = architectures.DEFAULT,
    epochs: options.Epochs = None,
    frozen_epochs: options.FrozenEpochs = None,
    lr: options.LearningRate = None,
    batch_size: options.BatchSize = None,
    image_size: options.ImageSize = None,
    resize: options.Resize = "squish",
    augment: options.Augment = 1.0,
    mix: options.Mix = "none",
    balance: options.Balance = "auto",
    gradual: options.Gradual = False,
    progressive: options.Progressive = False,
    patience: options.Patience = None,
    tta: options.TestTime = False,
    label_from: options.LabelFrom = None,
    valid_pct: options.ValidPct = None,
    valid_folder: options.ValidFolder = None,
    seed: options.Seed = None,
    test_pct: options.TestPct = None,
    group_by: options.GroupBy = None,
    weights: options.Weights = "",
    device: options.Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from what RUN holds.")] = False,
    forecast: options.ForecastOnly = False,
    json: options.Json = False,
) -> Plan:
    """Train, and write the run folder. Works under torchrun."""
    _check_course(epochs, frozen_epochs, patience, augment)
    _check_numbers(lr, batch_size, image_size)
    request = requests.FitRequest(
        data=options.data_spec(data, label_from, valid_pct, valid_folder, seed, test_pct, group_by),
        run=out if forecast and not out else plans.target("--out", out),
        architecture=architectures.get(arch).name,
        preset=options.choice("--preset", preset, requests.PRESETS),
        epochs=epochs,
        frozen_epochs=frozen_epochs,
        learning_rate=lr,
        batch_size=batch_size,
        image_size=image_size,
        resize=options.choice("--resize", resize, RESIZE_METHODS),
        augment=augment,
        mix=options.choice("--mix", mix, requests.MIXES),
        balance=options.choice("--balance", balance, requests.BALANCES),
        gradual=gradual,
        progressive=progressive,
        patience=patience,
        tta=tta,
        weights=_weights(weights),
        device=options.device(device),
        resume=resume,
    )
    if forecast:
        return job(requests.ForecastRequest(request), events.Forecast, tables.forecast)
    return job(request, events.FitDone, tables.trained)


@app.command("lr-find")
def lr_find(
    data: options.Data,
    arch: options.Arch = architectures.DEFAULT,
    batch_size: options.BatchSize = None,
    image_size: options.ImageSize = None,
    resize: options.Resize = "squish",
    label_from: options.LabelFrom = None,
    valid_pct: options.ValidPct = None,
    valid_folder: options.ValidFolder = None,
    seed: options.Seed = None,
    test_pct: options.TestPct = None,
    group_by: options.GroupBy = None,
    weights: options.Weights = "",
    device: options.Device = "auto",
    json: options.Json = False,
) -> Plan:
    """The learning-rate range test; nothing is changed by it."""
    _check_numbers(None, batch_size, image_size)
    request = requests.LrFindRequest(
        data=options.data_spec(data, label_from, valid_pct, valid_folder, seed, test_pct, group_by),
        architecture=architectures.get(arch).name,
        batch_size=batch_size,
        image_size=image_size,
        resize=options.choice("--resize", resize, RESIZE_METHODS),
        weights=_weights(weights),
        device=options.device(device),
    )
    return job(request, events.LrFound, lambda found: f"Suggested learning rate: {found.suggestion:.2g}")


@app.command()
def check(
    data: options.Data,
    run: Annotated[
        str, typer.Option("--run", metavar="RUN", help="A run folder: tells its accuracy without leaked pictures too.")
    ] = "",
    arch: options.Arch = architectures.DEFAULT,
    label_from: options.LabelFrom = None,
    valid_pct: options.ValidPct = None,
    valid_folder: options.ValidFolder = None,
    seed: options.Seed = None,
    test_pct: options.TestPct = None,
    group_by: options.GroupBy = None,
    csv: Annotated[str, typer.Option("--csv", metavar="FILE", help="Write a table.")] = "",
    device: options.Device = "auto",
    json: options.Json = False,
) -> Plan:
    """What may be wrong with the pictures: labels, copies, leaks, outliers, blurred, dark and tiny ones."""
    if csv and Path(csv).is_dir():
        raise InputError(f"“{csv}” is a folder. Give the name of a CSV file after --csv.")
    request = data_requests.CheckRequest(
        data=options.data_spec(data, label_from, valid_pct, valid_folder, seed, test_pct, group_by),
        architecture=architectures.get(arch).name,
        model=str(options.existing(run, "run folder")) if run else "",
        device=options.device(device),
    )
    return lambda runner: checking.check(runner, request, csv)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="RUN_A", help="A run folder.")],
    second: Annotated[str, typer.Argument(metavar="RUN_B", help="Another one.")],
    json: options.Json = False,
) -> Plan:
    """What differs between two runs: settings, measures, and the pictures whose verdict flipped."""
    left, right = (options.existing(run, "run folder") for run in (first, second))
    return lambda runner: comparing.compare(runner, left, right)


@app.command()
def inspect(
    model: Annotated[str, typer.Argument(metavar="RUN-or-ARCH", help="A run folder, or the name of a network.")],
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="A picture to send through it.")],
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="The folder to write.")],
    layer: Annotated[str, typer.Option("--layer", metavar="NAME", help="One layer only.")] = "",
    report: Annotated[
        str,
        typer.Option(
            "--report", metavar="FILE.html", help="The walk as a page to read; DIR/report.html without --layer."
        ),
    ] = "",
    json: options.Json = False,
) -> Plan:
    """Pictures of what the layers answer to a picture and of what they have learned; the list of layers."""
    network = model if model in architectures.ARCHITECTURES else str(_run_or_architecture(model))
    picture = options.existing(image, "picture")
    if picture.is_dir():
        raise InputError(f"“{image}” is a folder. Give one picture.")
    folder = Path(plans.target("--out", out))
    if folder.exists() and not folder.is_dir():
        raise InputError(f"“{out}” is a file. Give a folder after --out.")
    page = report or ("" if layer else str(folder / inspecting.REPORT_NAME))
    if page:
        page = plans.target("--report", page)
        check_target(Path(page))
    return lambda runner: inspecting.inspect(runner, network, str(picture), layer, folder, page)


@app.command()
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder.")],
    target: Annotated[str, typer.Argument(metavar="FILE.html", help="The file to write.")],
    json: options.Json = False,
) -> Plan:
    """All about a run as one page to read and print: figures, curves, confusions, worst pictures, settings."""
    folder, file = str(options.existing(run, "run folder")), plans.target("FILE.html", target)
    check_target(Path(file))
    return lambda runner: reporting.report(runner, folder, file)


for command in (
    model_commands.evaluate,
    model_commands.export,
    model_commands.calibrate,
    model_commands.describe,
    model_commands.predict,
    model_commands.doctor,
):
    app.command()(command)
app.command("install-engine")(model_commands.install_engine)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 done, 1 failed, 2 the input or the call is wrong, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    try:
        plan = typer.main.get_command(app).main(arguments, prog_name="deskclassify", standalone_mode=False)
    except _UsageError as error:
        return _refuse(_usage_sentence(error), as_json)
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except Exception as error:
        failure = Failure.of(error)
        return _refuse(failure.sentence, as_json, EXIT_INPUT if failure.is_input else EXIT_FAILED)
    if not callable(plan):
        return int(plan or 0)
    # Under torchrun one of the processes speaks for all.
    silent = os.environ.get("RANK", "0") not in ("", "0")
    with opened(as_json, silent) as output:
        control = Control()
        stopping = "Stopping at the next safe point; press Ctrl-C again to end at once."
        with Interrupts(control, lambda: output.note(stopping), output.show_cursor):
            return _execute(plan, Runner(output, control))


def _execute(plan: Plan, runner: Runner) -> int:
    output = runner.output
    speaks: bool | None = None
    try:
        return plan(runner) or 0
    except CommandInterruptedError:
        sentence = "Interrupted. What was reached is saved."
        code = EXIT_INTERRUPTED
    except (BrokenPipeError, SystemExit):  # the reader of our output has gone, as in “… | head”
        return EXIT_FAILED
    except Exception as error:
        failure = Failure.of(error)
        speaks = error.speaks if isinstance(error, OneOfManyError) else None
        output.log(failure.details)
        sentence = failure.sentence
        code = EXIT_INPUT if failure.is_input else EXIT_FAILED
    if output.as_json and not output.has_finished:
        output.json({"event": "failed", "error": sentence})
    if speaks is not False:
        output.sentence(sentence, aloud=speaks is True)
    return code


def _refuse(sentence: str, as_json: bool, code: int = EXIT_INPUT) -> int:
    if as_json:
        with opened(as_json) as output:
            output.json({"event": "failed", "error": sentence})
    print(" ".join(sentence.split()), file=sys.stderr)  # noqa: T201
    return code


def _usage_sentence(error: Any) -> str:
    """What typer says, and where help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "deskclassify"
    return f"{str(error.format_message()).rstrip('.')}. Type “{command} --help” to see how it is called."


def _check_course(epochs: int | None, frozen_epochs: int | None, patience: int | None, augment: float) -> None:
    options.at_least("--epochs", epochs, 0)
    options.at_least("--frozen-epochs", frozen_epochs, 0)
    options.at_least("--patience", patience, 1)
    options.between("--augment", augment, 0, requests.STRONGEST_AUGMENT)


def _check_numbers(lr: float | None, batch_size: int | None, image_size: int | None) -> None:
    if lr is not None and not 0 < lr < float("inf"):
        raise InputError(f"--lr must be a positive number, as in 0.003; {lr:g} is not.")
    options.at_least("--batch-size", batch_size, 1)
    options.at_least("--image-size", image_size, _SMALLEST_IMAGE)


def _weights(value: str) -> str:
    return str(options.existing(value, "weight file")) if value else ""


def _run_or_architecture(model: str) -> Path:
    try:
        return options.existing(model, "run folder")
    except InputError as error:
        known = ", ".join(architectures.ARCHITECTURES)
        raise InputError(f"“{model}” is neither a run folder nor a network. Networks: {known}.") from error
