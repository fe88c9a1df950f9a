"""`inspect`: the list of layers, and pictures of what they answer and what they have learned."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import numpy as np

from deskclassify.cli import tables
from deskclassify.cli.run import Runner
from deskclassify.core import atomic, codec, contact_sheet, events, layer_events, layer_requests
from deskclassify.core.errors import InputError
from deskclassify.core.words import counted

_MOST_TILES = 64  # of a sheet


def inspect(runner: Runner, model: str, image: str, layer: str, out: Path) -> None:
    """List the layers, then show the one asked for, or each convolution and the end of each stage.

    Raises:
        InputError: there is no such layer.
    """
    output = runner.output
    listed = runner.last(layer_requests.LayersRequest(model), layer_events.LayersListed, json_lines=False)
    chosen = choose(listed.layers, layer)
    out.mkdir(parents=True, exist_ok=True)
    atomic.write_json(out / "layers.json", codec.to_json(listed))
    files = [str(out / "layers.json")]
    for number, one in enumerate(chosen, 1):
        output.progress("Drawing layers", number - 1, len(chosen), one.name)
        shown = runner.last(
            layer_requests.LayerRequest(model, one.name, image), layer_events.LayerShown, json_lines=False
        )
        kernels = runner.last(
            layer_requests.KernelsRequest(model, one.name), layer_events.KernelsShown, json_lines=False
        )
        files += [str(file) for file in write_pictures(shown, kernels, out, number, len(str(len(chosen))))]
        if output.as_json:
            output.json(events.public(events.Progress("layers", number, len(chosen))))
    output.end_progress()
    if output.as_json:
        output.json({**events.public(listed), "files": files})
    else:
        output.result(tables.layers(listed))
        output.result(f"Wrote {counted(len(files), 'file')} into {out}")


def choose(layers: tuple[layer_events.Layer, ...], name: str) -> list[layer_events.Layer]:
    """The layers to draw.

    Args:
        layers: all of the network.
        name: of the one wanted; empty for each convolution and the last layer of each stage
            among those whose output is a stack of pictures.

    Raises:
        InputError: there is no layer of that name; the sentence says which are like it.
    """
    if name:
        found = [layer for layer in layers if layer.name == name]
        if not found:
            like = difflib.get_close_matches(name, [layer.name for layer in layers], 3, 0.3)
            hint = f"Names like it: {', '.join(like)}." if like else "Without --layer, all are listed."
            raise InputError(f"There is no layer “{name}” in this network. {hint}")
        return found
    spatial = [layer for layer in layers if len(layer.shape) == 3]
    ends = {layer.stage: layer.name for layer in spatial if layer.stage}
    wanted = [layer for layer in spatial if "conv" in layer.kind.lower() or layer.name in ends.values()]
    return wanted or spatial or list(layers)


def write_pictures(
    shown: layer_events.LayerShown, kernels: layer_events.KernelsShown, out: Path, number: int, digits: int
) -> list[Path]:
    """Write the grids of one layer.

    Returns:
        the files; a layer without kernels has no picture of them.
    """
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", shown.layer.name).strip(".-") or "layer"
    stem = f"{number:0{max(2, digits)}d}-{clean}"
    files: list[Path] = []
    strongest = np.argsort(-shown.strength, kind="stable")[:_MOST_TILES]
    largest = np.argsort(-kernels.norms, kind="stable")[:_MOST_TILES]
    for kind, stack, order in (
        ("activations", shown.activations, strongest),
        ("kernels", kernels.tiles, largest),
    ):
        if len(stack):
            file = out / f"{stem}-{kind}.png"
            contact_sheet.save(contact_sheet.tile(stack[order]), file)
            files.append(file)
    return files
