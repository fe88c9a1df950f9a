"""The parts of a walk's report as HTML: sheets of channels and kernels, a stage, the answer, and its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from deskclassify.core.layer_events import Explained, KernelsShown, Layer, LayerShown
from deskclassify.core.network_parts import Stage, shape_text, sight_text, title_of, training_text
from deskclassify.core.report_pictures import map_uri, overlay, photo_uri, tile_uri
from deskclassify.core.walk_chapters import maps, trained
from deskclassify.core.words import counted, percent

MOST_TILES = 12  # channels of a layer
_MOST_KERNELS = 48
_MOST_BARS = 8  # classes
_ALL_BUT_NOTHING = 5e-4


def number(value: float) -> str:
    """Two significant digits, with a true minus sign; what is all but nothing is said to be that."""
    if 0 < abs(value) < _ALL_BUT_NOTHING:
        return "≈0"
    return (f"{value:.2g}" if abs(value) < 100 else f"{value:,.0f}").replace("-", "−")


def strongest(shown: LayerShown) -> np.ndarray:
    """Numbers of the channels, the strongest first."""
    return np.argsort(-shown.strength, kind="stable")


def answer_bars(answer: Sequence[tuple[str, float]]) -> str:
    """Classes and their probabilities, the likeliest first."""
    rows = "".join(
        f'<tr{" class=answer" if at == 0 else ""}><th scope="row">{escape(name)}</th>'
        f'<td class="track"><div class="bar"><i style="width:{100 * probability:.1f}%"></i></div></td>'
        f'<td class="n">{percent(probability)}</td></tr>'
        for at, (name, probability) in enumerate(answer[:_MOST_BARS])
    )
    rest = len(answer) - _MOST_BARS
    more = f"<caption>The likeliest {_MOST_BARS} of {len(answer)} classes.</caption>" if rest > 0 else ""
    return f'<table class="bars">{more}<tbody>{rows}</tbody></table>'


def stage_table(stages: Sequence[Stage]) -> str:
    """The plan of the network in numbers; what training has changed is left out where it is known of no stage."""
    names = ["layers", "gives (height × width × channels)", "learned weights", "receptive field: one value sees"]
    known = any(trained(stage.layers) is not None for stage in stages)
    names += ["in your training"] if known else []
    rows = []
    for stage in stages:
        last = (maps(stage) or stage.layers)[-1]
        state = {True: "trained", False: "frozen", None: "not known"}[trained(stage.layers)]
        height, width, channels = stage.size
        shape = f"{height} × {width} × {channels:,}" if height > 1 else f"{channels:,} values"
        cells = [len(stage.layers), shape, f"{stage.parameters:,}", sight_text(last).removeprefix("sees "), state]
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells[: len(names)])
        rows.append(f'<tr><th scope="row">{escape(stage.title)}</th>{numbers}</tr>')
    heads = "".join(f'<th scope="col" class="n">{name}</th>' for name in names)
    return f'<table><thead><tr><th scope="col">stage</th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def layer_table(layers: Sequence[Layer]) -> str:
    """All layers, for engineers."""
    rows = "".join(
        f'<tr><td class="n">{at}</td><th scope="row"><code>{escape(layer.name)}</code></th>'
        f"<td>{escape(title_of(layer))}</td><td>{escape(layer.detail)}</td>"
        f'<td class="n">{shape_text(layer.shape)}</td><td class="n">{layer.parameters:,}</td>'
        f"<td>{training_text(layer)}</td></tr>"
        for at, layer in enumerate(layers, 1)
    )
    heads = "".join(
        f'<th scope="col"{" class=n" if name in ("", "gives", "weights") else ""}>{name}</th>'
        for name in ("", "layer", "kind", "detail", "gives", "weights", "")
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def stage_section(
    stage: Stage, shown: Mapping[str, LayerShown], kernels: Mapping[str, KernelsShown], told: set[str]
) -> str:
    """One stage: what it is, its first and last layer, and a strong channel over the picture.

    `told` are the explanations that stand in the document already; those of this stage are added.
    """
    seen = [shown[layer.name] for layer in (maps(stage)[0], maps(stage)[-1]) if layer.name in shown]
    seen = seen[-1:] if seen and seen[0] is seen[-1] else seen
    titles = ("The only layer",) if len(maps(stage)) == 1 else ("First layer", "Last layer")[-len(seen) :]
    sheets = "".join(sheet(one, title, told) for one, title in zip(seen, titles, strict=True))
    found = [kernels[layer.name] for layer in stage.layers if layer.name in kernels]
    patterns = "".join(kernel_sheet(one) for one in found)
    over = laid_over(seen[-1]) if seen and seen[-1].picture.size else ""
    return (
        f'<article class="stage"><h3>{escape(stage.title)}</h3><p>{stage_text(stage)}</p>'
        f'<div class="look">{over}<div>{patterns}{sheets}</div></div></article>'
    )


def stage_text(stage: Stage) -> str:
    """What a stage takes and gives, in words."""
    last = maps(stage)[-1]
    height, width, channels = stage.size
    state = trained(stage.layers)
    learned = {
        True: " Your training has changed them.",
        False: " They are frozen: still those of the pretrained network.",
        None: "",
    }[state]
    weights = (
        f"with {counted(stage.parameters, 'learned weight')}.{learned}" if stage.parameters else "without weights."
    )
    return (
        f"{counted(len(stage.layers), 'layer')} {weights} The stage gives {counted(channels, 'channel')} of "
        f"{height} × {width} values, and one value {sight_text(last)}."
    )


def sheet(shown: LayerShown, title: str, told: set[str]) -> str:
    """The strongest channels of a layer, with their numbers and their range; what was `told` is not told again."""
    layer = shown.layer
    order = strongest(shown)[:MOST_TILES]
    silent = int(((shown.low == 0) & (shown.high == 0)).sum())
    tiles = "".join(
        f'<li><img src="{map_uri(shown.activations[at])}" alt="Channel {at}" width="112" height="112">'
        f"<span><b>{at}</b>{number(float(shown.low[at]))} … {number(float(shown.high[at]))}</span></li>"
        for at in order
    )
    count = len(shown.activations)
    which = f"The {len(order)} strongest of {count:,} channels" if count > len(order) else f"All {count} channels"
    explanation = "" if shown.explanation in told else shown.explanation
    told.add(shown.explanation)
    quiet = f" {counted(silent, 'channel')} {'is' if silent == 1 else 'are'} silent here." if silent else ""
    return (
        f'<figure class="sheet"><figcaption><h4>{title}: {escape(title_of(layer))} '
        f"<code>{escape(layer.name)}</code></h4>{escape(explanation)} {which}, each from its lowest "
        f'<span class="scale" role="img" aria-label="from dark blue to yellow"></span> to its highest value.{quiet}'
        f'</figcaption><ul class="tiles">{tiles}</ul></figure>'
    )


def kernel_sheet(kernels: KernelsShown) -> str:
    """The kernels of a layer, those with the largest weights first."""
    order = np.argsort(-kernels.norms, kind="stable")[:_MOST_KERNELS]
    tiles = "".join(
        f'<li><img src="{tile_uri(kernels.tiles[at])}" alt="Kernel {at}" width="32" height="32"></li>' for at in order
    )
    count = len(kernels.tiles)
    which = f" Shown are the {len(order)} largest of {count:,}." if count > len(order) else ""
    return (
        f'<figure class="sheet"><figcaption><h4>Learned kernels <code>{escape(kernels.layer)}</code></h4>'
        f'{escape(kernels.note)}{which}</figcaption><ul class="tiles kernels">{tiles}</ul></figure>'
    )


def laid_over(shown: LayerShown) -> str:
    """One of the strongest channels over the picture: the one that says most clearly where."""
    at, heat = min(_heats(shown), key=lambda pair: float(pair[1].mean()))
    return (
        '<figure class="over-picture">'
        f'<img src="{photo_uri(overlay(shown.picture, heat))}" width="252" height="252" '
        f'alt="Your picture; channel {at} of {escape(shown.layer.name)} is laid over it">'
        f"<figcaption>Channel {at} of the last layer over your picture: the yellower, the stronger it answers there. "
        "Of the strongest channels it is the one that says most clearly where.</figcaption></figure>"
    )


def _heats(shown: LayerShown) -> Iterator[tuple[int, np.ndarray]]:
    """The strongest channels from 0 to 1; what is below zero is no answer. At least one."""
    order = strongest(shown)[:MOST_TILES]
    for at in [at for at in order if shown.high[at] > 0] or order[:1]:
        low, high = float(shown.low[at]), float(shown.high[at])
        values = low + shown.activations[at].astype(np.float32) / 255 * (high - low)
        yield int(at), np.clip(values, 0, None) / max(high, 1e-12)


def scores(shown: LayerShown, answer: Sequence[tuple[str, float]]) -> str:
    """How the last layer's scores become the answer."""
    score = dict(zip(shown.value_names, (float(value) for value in shown.values), strict=False))
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="n">{f"{score[name]:.2f}".replace("-", "−")}</td>'
        f'<td class="n">{percent(probability)}</td></tr>'
        for name, probability in answer[:_MOST_BARS]
        if name in score
    )
    heads = '<th scope="col">class</th><th scope="col" class="n">score</th><th scope="col" class="n">probability</th>'
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def why(explained: Explained) -> str:
    """The picture, and where the reasons for the answer lie in it."""
    heat = np.clip(explained.heat, 0, None)
    over = overlay(explained.picture, heat / max(float(heat.max(initial=0.0)), 1e-12))
    target = escape(explained.target)
    return (
        '<div class="pair"><figure>'
        f'<img src="{photo_uri(explained.picture)}" width="360" height="360" alt="The picture as the network sees it">'
        "<figcaption>What the network sees</figcaption></figure><figure>"
        f'<img src="{photo_uri(over)}" width="360" height="360" alt="The same, with the reasons for {target} marked">'
        f"<figcaption>Where it finds reasons for “{target}”: the yellower, the stronger</figcaption></figure><div>"
        f"<p>{escape(explained.text)}</p><p class=soft>Such a map says where the network looked, and not what it saw "
        "there. It is Grad-CAM (Selvaraju and others, 2017): the channels of the last maps, weighted by how much the "
        "score of the class rises with them.</p></div></div>"
    )
