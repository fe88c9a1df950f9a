"""The commands that use finished trainings and models: measure, export, describe, classify."""

from __future__ import annotations

from typing import Annotated

import typer

from deskclassify.cli import calibrating, engine_cli, exporting, modelling, options, plans, predicting, tables
from deskclassify.cli.plans import EXIT_FAILED, Plan, job
from deskclassify.cli.run import Runner
from deskclassify.core import data_events, data_requests, events, requests
from deskclassify.core.errors import InputError


def evaluate(
    model: Annotated[str, typer.Argument(metavar="RUN-or-MODEL", help="A run folder or an .onnx model.")],
    data: options.Data,
    label_from: options.LabelFrom = None,
    valid_pct: options.ValidPct = None,
    valid_folder: options.ValidFolder = None,
    seed: options.Seed = None,
    test_pct: options.TestPct = None,
    group_by: options.GroupBy = None,
    validation_only: Annotated[
        bool, typer.Option("--validation-only", help="Measure on the validation share only, not on all pictures.")
    ] = False,
    test_only: Annotated[
        bool, typer.Option("--test-only", help="Measure on the pictures that are kept for the test only.")
    ] = False,
    device: options.Device = "auto",
    json: options.Json = False,
) -> Plan:
    """Accuracy, precision, recall and F1 of each class, confusion matrix, highest losses."""
    if validation_only and test_only:
        raise InputError("--validation-only and --test-only name different pictures. Give one of them.")
    request = requests.EvaluateRequest(
        model=str(options.existing(model, "run folder or model")),
        data=options.data_spec(data, label_from, valid_pct, valid_folder, seed, test_pct, group_by),
        subset="valid" if validation_only else "test" if test_only else "all",
        device=options.device(device),
    )
    return job(request, events.Evaluated, tables.evaluated)


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder.")],
    target: Annotated[str, typer.Argument(metavar="MODEL.onnx", help="The file to write.")],
    layout: exporting.Layout = "file",
    fp16: exporting.Half = False,
    int8: exporting.EightBits = False,
    opset: exporting.Opset = None,
    resize_inside: exporting.Inside = False,
    json: options.Json = False,
) -> Plan:
    """Write the model as ONNX, if it agrees with training."""
    model = plans.target("MODEL.onnx", target)
    request = exporting.request(run, model, layout, fp16, int8, opset, resize_inside)
    return job(request, events.Exported, tables.exported)


def calibrate(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder.")],
    coverage: Annotated[
        float, typer.Option("--coverage", metavar="X", help="Share of your pictures to be answered, 0.5 to 1.")
    ] = 1.0,
    others: Annotated[
        list[str] | None,
        typer.Option("--others", metavar="PATH", help="Pictures of something else, to be refused; may be repeated."),
    ] = None,
    device: options.Device = "auto",
    json: options.Json = False,
) -> Plan:
    """How far the probabilities can be believed, and from where on a picture is none of the classes; kept in RUN."""
    options.between("--coverage", coverage, 0.5, 1)
    request = data_requests.CalibrateRequest(
        model=str(options.existing(run, "run folder")),
        coverage=coverage,
        others=tuple(str(options.existing(one, "file or folder")) for one in others or ()),
        device=options.device(device),
    )
    return job(request, data_events.Calibrated, calibrating.calibrated)


def describe(
    model: Annotated[str, typer.Argument(metavar="MODEL.onnx", help="Any ONNX classifier.")],
    labels: modelling.Labels = "",
    mean: modelling.Mean = "",
    std: modelling.Std = "",
    size: modelling.Size = None,
    resize: modelling.Resize = "",
    resize_to: modelling.ResizeTo = None,
    interpolation: modelling.Interpolation = "",
    channels: modelling.ChannelOrder = "",
    outputs: modelling.Outputs = "",
    device: options.Device = "auto",
    json: options.Json = False,
) -> Plan:
    """What a model is; for one of another program, say how it is used. That is remembered for the file.

    The exit code is 2 where something must still be said, and where the file was altered.
    """
    file, where = str(options.existing(model, "model")), options.device(device)
    said = modelling.Said(labels, mean, std, size, resize, resize_to, interpolation, channels, outputs)
    return lambda runner: modelling.describe(runner, file, said, where)


def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL.onnx", help="A model, of deskclassify or another program.")],
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH…", help="Pictures and folders of pictures.")
    ] = None,
    top: Annotated[int, typer.Option("--top", metavar="N", help="How many classes to tell.")] = 3,
    csv: Annotated[str, typer.Option("--csv", metavar="FILE", help="Write a table; FILE.part until it is whole.")] = "",
    sort_into: Annotated[
        str, typer.Option("--sort-into", metavar="DIR", help="Copy each picture into a folder of its class.")
    ] = "",
    always_answer: Annotated[
        bool, typer.Option("--always-answer", help="The likeliest class even where the model would give none.")
    ] = False,
    files_from: Annotated[
        str, typer.Option("--files-from", metavar="LIST", help="A file that lists more paths, one a line; - for stdin.")
    ] = "",
    null: Annotated[
        bool, typer.Option("--null", "-0", help="LIST is separated by NUL bytes, as from find -print0.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the table of --csv: its files are passed over.")
    ] = False,
    engine: Annotated[
        str, typer.Option("--engine", metavar="local|ray", help="This process, or Ray Data (needs the extra “ray”).")
    ] = "local",
    ray_address: Annotated[
        str, typer.Option("--ray-address", metavar="ADDRESS", help="Of a Ray cluster; without it, Ray runs here.")
    ] = "",
    device: options.Device = "auto",
    json: options.Json = False,
) -> Plan:
    """Classify files and folders; unreadable ones are reported and passed over."""
    options.at_least("--top", top, 1)
    file = str(options.existing(model, "model"))
    wishes = predicting.Wishes(csv, sort_into, always_answer, resume)
    request = requests.PredictRequest(
        model=file,
        paths=tuple(paths or ()),
        top=top,
        device=options.device(device),
        files_from=files_from,
        null=null,
        engine=options.choice("--engine", engine, requests.PREDICT_ENGINES),
        ray_address=ray_address,
    )
    predicting.check(request, wishes)
    return lambda runner: predicting.predict(runner, request, wishes)


def install_engine(
    cpu: Annotated[bool, typer.Option("--cpu", help="For the processor, smaller; also where there is a card.")] = False,
    cuda: Annotated[bool, typer.Option("--cuda", help="With CUDA, for an NVIDIA graphics card.")] = False,
    wheels: Annotated[
        str, typer.Option("--wheels", metavar="DIR", help="Install from this folder of wheels, without a network.")
    ] = "",
    index: Annotated[str, typer.Option("--index", metavar="URL", help="A mirror of the package index.")] = "",
    repair: Annotated[bool, typer.Option("--repair", help="Make it anew, from what is downloaded.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it and its downloads.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Only tell what there is and what would be needed.")] = False,
    show_list: Annotated[bool, typer.Option("--list", help="The packages, as pip reads them.")] = False,
    json: options.Json = False,
) -> Plan:
    """Install what training needs (PyTorch) into your own folder, where the program came without it."""
    wanted = engine_cli.kind(cpu, cuda)
    if sum((repair or bool(wheels or index), remove, show, show_list)) > 1:
        raise InputError("Give one of --remove, --show and --list by itself, or what to install from.")
    if show_list:
        return lambda runner: engine_cli.show_list(runner, wanted)
    if show:
        return lambda runner: engine_cli.show(runner, wanted)
    if remove:
        return engine_cli.remove
    return lambda runner: engine_cli.install(runner, wanted, wheels, index, repair)


def doctor(device: options.Device = "auto", json: options.Json = False) -> Plan:
    """Versions, the device and why it was chosen, ONNX Runtime's real provider, package conflicts.

    The exit code is 1 if something needs a look.
    """
    request = requests.DoctorRequest(options.device(device))

    def plan(runner: Runner) -> int:
        found = runner.last(request, events.Examined, json_lines=False)
        if runner.output.as_json:
            runner.output.json(events.public(found))
        else:
            runner.output.result(tables.examined(found))
        return 0 if found.healthy else EXIT_FAILED

    return plan
