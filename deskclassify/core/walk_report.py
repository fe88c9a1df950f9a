"""The walk of a picture through a network as one HTML file, to be read without the program.

It needs no network and no script, shows itself light or dark as the reader's system does, and prints. All names are
escaped, and no path of the writer's disk is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

from PIL import Image

from deskclassify.core import report_page
from deskclassify.core import walk_sections as sections
from deskclassify.core.layer_events import Explained, KernelsShown, Layer, LayerShown, LayersListed
from deskclassify.core.network_parts import Stage, group
from deskclassify.core.network_plan import plan
from deskclassify.core.report_page import check_target
from deskclassify.core.report_pictures import photo_uri
from deskclassify.core.walk_chapters import Chapter, chapters, maps, trained
from deskclassify.core.walk_style import STYLE
from deskclassify.core.words import counted, percent

__all__ = ["Walk", "as_html", "check_target", "kernels_wanted", "layers_wanted"]

_UNKNOWN = "not known: the pretrained weights are not here to compare with"
_PHOTO_PIXELS = 760  # of the longer side


@dataclass(frozen=True)
class Walk:
    """What a report tells of; see `layers_wanted` and `kernels_wanted` for what belongs into it.

    Attributes:
        name: of the run; empty for a pretrained network.
        image: the picture's file name, without its folder.
        photo: the picture as it is, RGB.
        shown, kernels: by the layer's name.
        explained: None where the network has no classes.
        created: the day, as it is to be read.
    """

    name: str
    listed: LayersListed
    image: str
    photo: Image.Image
    shown: Mapping[str, LayerShown]
    kernels: Mapping[str, KernelsShown] = field(default_factory=dict)
    explained: Explained | None = None
    created: str = ""

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The network's parts."""
        return group(self.listed.layers)

    @property
    def answer(self) -> tuple[tuple[str, float], ...]:
        """Classes with their probabilities, the likeliest first; empty without classes."""
        told = (self.explained.answer,) if self.explained is not None else ()
        return next((one for one in (*told, *(one.answer for one in self.shown.values())) if one), ())


def layers_wanted(listed: LayersListed) -> tuple[Layer, ...]:
    """The layers that a report shows: the first and the last map of each stage, and the scores."""
    wanted = []
    for stage in group(listed.layers):
        found = maps(stage)
        wanted += [found[0], found[-1]] if found else []
    if listed.classes:
        wanted.append(listed.layers[-1])
    return tuple(dict.fromkeys(wanted))


def kernels_wanted(listed: LayersListed) -> tuple[Layer, ...]:
    """The layers whose kernels can be read: the first one, and the first depthwise one of each stage.

    A kernel of another convolution has a pattern for each of its many inputs, and one of them alone says little.
    """
    convolutions = [layer for layer in listed.layers if "onvolution" in layer.kind]
    wanted = convolutions[:1]
    for stage in group(listed.layers):
        wanted += [layer for layer in stage.layers if layer.kind.startswith("Depthwise")][:1]
    return tuple(dict.fromkeys(wanted))


def as_html(walk: Walk) -> str:
    """The whole document."""
    parts, head = chapters(walk.stages)
    body = [_header(walk), _contents(parts, bool(walk.answer)), _plan(walk)]
    told: set[str] = set()
    body += [_chapter(chapter, at, walk, told) for at, chapter in enumerate(parts, 1)]
    if walk.answer:
        body.append(_answer(walk, head))
    if walk.explained is not None:
        body.append(_why(walk.explained))
    body.append(_all_layers(walk.listed.layers))
    body.append(report_page.words("".join(body)))
    title = f"{walk.image} in {walk.name or walk.listed.title}"
    return report_page.document(title, STYLE, "\n".join(body), walk.created)


def _header(walk: Walk) -> str:
    listed = walk.listed
    size = listed.input_size
    if walk.answer:
        name, probability = walk.answer[0]
        told = (
            f'<p class="says">The network says <strong>{escape(name)}</strong>, {percent(probability)}</p>'
            + sections.answer_bars(walk.answer)
        )
    else:
        told = (
            "<p>This network was trained on everyday pictures (ImageNet) and has no classes of yours yet: "
            "it finds features, and gives no answer. Train one of your own to see the answer and its reasons.</p>"
        )
    facts = {
        "network": listed.title or listed.model,
        "run": walk.name,
        "layers": f"{len(listed.layers):,}",
        "learned weights": f"{listed.parameters:,}",
        "classes": f"{len(listed.classes):,}" if listed.classes else "",
        "input": f"{size} × {size} pixels",
    }
    seen = next((one.picture for one in walk.shown.values() if one.picture.size), None)
    inset = (
        f'<div class="inset"><img src="{photo_uri(seen)}" width="72" height="72" alt="The network’s input">'
        f'<span class="soft">What the network sees of it: {size} × {size} pixels.</span></div>'
        if seen is not None
        else ""
    )
    return (
        '<header class="top"><p class="over">A picture’s walk through a network</p>'
        f"<h1>{escape(walk.image)}</h1>"
        f'<div class="hero"><div><img class="photo" src="{photo_uri(walk.photo, _PHOTO_PIXELS)}" '
        f'alt="{escape(walk.image)}">{inset}</div><div>{told}{report_page.facts(facts)}</div></div></header>'
    )


def _contents(parts: Sequence[Chapter], has_answer: bool) -> str:
    links = [("plan", "The plan of the network")]
    links += [(f"chapter-{at}", f"{at}. {escape(chapter.title)}") for at, chapter in enumerate(parts, 1)]
    links += [("answer", "From maps to an answer"), ("why", "Why this answer")] if has_answer else []
    links += [("layers", "All layers"), ("words", "The words")]
    items = "".join(f'<li><a href="#{place}">{text}</a></li>' for place, text in links)
    return f'<nav aria-label="Contents"><section><ol>{items}</ol></section></nav>'


def _plan(walk: Walk) -> str:
    states = {trained(stage.layers) for stage in walk.stages}
    keys = (
        (True, "t", "changed by your training"),
        (False, "f", "frozen: as it was pretrained"),
        (None, "u", _UNKNOWN),
    )
    items = [f'<span class="key {kind}"></span>{text}' for state, kind, text in keys if state in states]
    key = "" if states <= {None} else f'<p class="soft">{" &ensp; ".join(items)}</p>'
    answer = walk.answer[0][0] if walk.answer else ""
    return (
        '<section id="plan"><h2>The plan of the network</h2>'
        f"<p>Your picture goes through {counted(len(walk.listed.layers), 'layer')}, from left to right. On its way it "
        "shrinks, so that one value stands for ever more of the picture, and it gets more channels, so that more "
        f"different things can be told apart.</p>{key}"
        f'<div class="scroll">{plan(walk.stages, walk.listed.input_size, answer)}</div>'
        f'<div class="scroll">{sections.stage_table(walk.stages)}</div></section>'
    )


def _chapter(chapter: Chapter, at: int, walk: Walk, told: set[str]) -> str:
    height, width = chapter.size
    stages = "".join(sections.stage_section(stage, walk.shown, walk.kernels, told) for stage in chapter.stages)
    return (
        f'<section class="chapter" id="chapter-{at}"><header><p class="over">Chapter {at} · maps of {height} × {width} '
        f"values</p><h2>{escape(chapter.title)}</h2><p>{escape(chapter.text)}</p></header>{stages}</section>"
    )


def _answer(walk: Walk, head: Sequence[Stage]) -> str:
    last = walk.shown.get(walk.listed.layers[-1].name)
    features = next((layer.shape[0] for stage in head for layer in stage.layers), 0)
    table = sections.scores(last, walk.answer) if last is not None and last.value_names else ""
    return (
        '<section id="answer"><h2>From maps to an answer</h2>'
        f"<p>Each of the last {features:,} maps is averaged into one number, a feature: it says how much of something "
        "is in the picture, and no longer where. The last layer weighs all features into one score for each class, "
        "and the softmax turns the scores into probabilities, which add up to 100&nbsp;%.</p>"
        f"{table}</section>"
    )


def _why(explained: Explained) -> str:
    return f'<section class="why" id="why"><h2>Why this answer</h2>{sections.why(explained)}</section>'


def _all_layers(layers: Sequence[Layer]) -> str:
    return (
        f'<section id="layers"><details><summary>All {len(layers)} layers</summary>'
        f'<div class="scroll">{sections.layer_table(layers)}</div></details></section>'
    )
