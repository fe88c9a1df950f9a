"""The options of `export`."""

from __future__ import annotations

from typing import Annotated

import typer

from deskclassify.cli import options
from deskclassify.core import requests
from deskclassify.core.errors import InputError

Layout = Annotated[
    str,
    typer.Option(
        "--layout",
        metavar="file|triton|zip|safetensors",
        help="One file, a model repository for Triton, an archive with README and script, or plain weights.",
    ),
]
Half = Annotated[bool, typer.Option("--fp16", help="Half the size, if the answers allow it; faster on a GPU only.")]
EightBits = Annotated[bool, typer.Option("--int8", help="A third of the size, if the accuracy allows it.")]
Opset = Annotated[int | None, typer.Option("--opset", metavar="N", help="Version of ONNX's operators: 13 to 25.")]
Inside = Annotated[
    bool, typer.Option("--resize-inside", help="The model takes decoded pictures of any size and resizes them itself.")
]


def request(
    run: str, target: str, layout: str, fp16: bool, int8: bool, opset: int | None, resize_inside: bool
) -> requests.ExportRequest:
    """The request that the options stand for.

    Raises:
        InputError: they do not go together.
    """
    if fp16 and int8:
        raise InputError("--fp16 and --int8 exclude each other. Give one of them.")
    return requests.ExportRequest(
        run=str(options.existing(run, "run folder")),
        target=target,
        layout=options.choice("--layout", layout, requests.EXPORT_LAYOUTS),
        precision="int8" if int8 else "fp16" if fp16 else "fp32",
        opset=opset,
        resize_inside=resize_inside,
    )
