"""`inspect`: the list of layers, pictures of what they answer and have learned, and a report of the whole walk."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from deskclassify.cli import tables
from deskclassify.cli.run import Runner
from deskclassify.core import atomic, codec, contact_sheet, events, layer_events, layer_requests
from deskclassify.core.colormap import colorize
from deskclassify.core.errors import InputError
from deskclassify.core.network_parts import title_of
from deskclassify.core.report_pictures import overlay
from deskclassify.core.walk_chapters import is_map
from deskclassify.core.walk_sections import number as short
from deskclassify.core.walk_sections import strongest
from deskclassify.core.words import counted, percent

REPORT_NAME = "report.html"
HEAT_NAME = "heat-map.png"
_MOST_TILES = 64  # of a sheet


def inspect(runner: Runner, model: str, image: str, layer: str, out: Path, report: str = "") -> None:
    """List the layers, then show the one asked for, or each convolution and the end of each stage.

    Args:
        runner: runs the jobs.
        model: run folder or name of an architecture.
        image: path of a picture.
        layer: the only one to show; empty for all that say something.
        out: folder to write.
        report: HTML file to write; empty for none.

    Raises:
        InputError: there is no such layer.
    """
    output = runner.output
    listed = runner.last(layer_requests.LayersRequest(model), layer_events.LayersListed, json_lines=False)
    chosen = choose(listed.layers, layer)
    out.mkdir(parents=True, exist_ok=True)
    atomic.write_json(out / "layers.json", codec.to_json(listed))
    files = [out / "layers.json"]
    for number, one in enumerate(chosen, 1):
        output.progress("Drawing layers", number - 1, len(chosen), one.name)
        files += _draw(
            runner, model, image, one, out / f"{number:0{max(2, len(str(len(chosen))))}d}-{_clean(one.name)}"
        )
        if output.as_json:
            output.json(events.public(events.Progress("layers", number, len(chosen))))
    if listed.classes and not layer:
        files.append(_explain(runner, model, image, out / HEAT_NAME))
    if report:
        written = runner.last(
            layer_requests.ReportRequest(model, image, report), layer_events.ReportWritten, json_lines=False
        )
        files.append(Path(written.path))
    output.end_progress()
    if output.as_json:
        output.json({**events.public(listed), "files": [str(file) for file in files], "report": report})
    else:
        output.result(tables.layers(listed))
        output.result(f"Wrote {counted(len(files), 'file')} into {out}")
        if report:
            output.result(f"Open {report} in a browser to read the walk from the picture to the answer.")


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
    spatial = [layer for layer in layers if is_map(layer)]
    ends = {layer.stage: layer.name for layer in spatial if layer.stage}
    wanted = [layer for layer in spatial if "conv" in layer.kind.lower() or layer.name in ends.values()]
    return wanted or spatial or list(layers)


def _draw(runner: Runner, model: str, image: str, layer: layer_events.Layer, stem: Path) -> list[Path]:
    """Write the sheets of one layer, and return their files."""
    shown = runner.last(layer_requests.LayerRequest(model, layer.name, image), layer_events.LayerShown, False)
    kernels = runner.last(layer_requests.KernelsRequest(model, layer.name), layer_events.KernelsShown, False)
    files = []
    for kind, sheet in sheets(shown, kernels):
        files.append(stem.with_name(f"{stem.name}-{kind}.png"))
        contact_sheet.save(sheet, files[-1])
    return files


def sheets(shown: layer_events.LayerShown, kernels: layer_events.KernelsShown) -> Iterator[tuple[str, Image.Image]]:
    """The sheets of one layer and what they are of; a layer without maps or kernels has none of them."""
    layer = shown.layer
    name = f"{layer.name} · {title_of(layer)}"
    if len(shown.activations):
        order = strongest(shown)[:_MOST_TILES]
        _, high, wide = layer.shape
        captions = [f"{at}   {short(float(shown.low[at]))} … {short(float(shown.high[at]))}" for at in order]
        which = _which(order, len(shown.activations), "strongest", "channel")
        note = (
            f"{which}, of {high} × {wide} values each. A channel is coloured from its lowest value (dark blue) to its "
            f"highest (yellow); below it stand its number and these two values. {shown.explanation}"
        )
        yield "activations", contact_sheet.titled(colorize(shown.activations[order], "viridis"), captions, name, note)
    if len(kernels.tiles):
        order = np.argsort(-kernels.norms, kind="stable")[:_MOST_TILES]
        note = f"{_which(order, len(kernels.tiles), 'largest', 'kernel')}. {kernels.note} {kernels.summary}"
        captions = [str(at) for at in order]
        yield "kernels", contact_sheet.titled(kernels.tiles[order], captions, f"{name}: kernels", note)


def _explain(runner: Runner, model: str, image: str, file: Path) -> Path:
    """Write where in the picture the reasons for the answer lie."""
    asked = layer_requests.ExplainRequest(model, image)
    explained = runner.last(asked, layer_events.Explained, json_lines=False)
    heat = np.clip(explained.heat, 0, None)
    over = overlay(explained.picture, heat / max(float(heat.max(initial=0)), 1e-12), enlarge=1)
    stack = np.stack([explained.picture, np.asarray(over)])
    captions = ["what the network sees", f"reasons for “{explained.target}”"]
    title = ", ".join(f"{name} {percent(probability)}" for name, probability in explained.answer[:2])
    contact_sheet.save(contact_sheet.titled(stack, captions, title, explained.text, side=320), file)
    return file


def _which(order: Sequence[int] | np.ndarray, count: int, most: str, noun: str) -> str:
    return f"The {len(order)} {most} of {count:,} {noun}s" if count > len(order) else f"All {counted(count, noun)}"


def _clean(name: str) -> str:
    """A layer's name as a part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "layer"
