"""The report of a walk: read as a browser reads it, with names that try to break it."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from deskclassify.core import walk_report
from deskclassify.core.colormap import table
from deskclassify.core.errors import InputError
from deskclassify.core.layer_events import Explained, KernelsShown, Layer, LayerShown, LayersListed
from deskclassify.core.network_parts import group
from deskclassify.core.walk_chapters import chapters, is_map, trained
from deskclassify.core.walk_report import Walk, as_html, check_target, kernels_wanted, layers_wanted
from deskclassify.core.walk_sections import number, percent

EVIL = '<script>alert("x")</script> & Söhne-Co'
LAYERS = (
    Layer("conv1", "Convolution", (4, 16, 16), 108, "3 → 4, 3×3", receptive_field=3, trained=False),
    Layer("layer1.0.conv1", "Depthwise convolution", (4, 8, 8), 36, "4 → 4, 3×3", receptive_field=7, trained=False),
    Layer("layer1.0.relu", "ReLU", (4, 8, 8), 0, receptive_field=7),
    Layer("layer2.0.conv1", "Convolution", (20, 4, 4), 80, "4 → 20, 1×1", receptive_field=7, trained=True),
    Layer("avgpool", "Average pooling", (20, 1, 1), 0),
    Layer("head.linear", "Linear", (2,), 42, trained=True),
)
VOID = {"meta", "img", "br", "circle", "line", "rect", "polygon", "link"}


class Reader(HTMLParser):
    """Fails where an element is not closed in its place; collects what tests look at."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def of(self, tag):
        return [attributes for name, attributes in self.attributes if name == tag]


def listed(classes=("fish", EVIL)) -> LayersListed:
    layers = LAYERS if classes else LAYERS[:-1]
    return LayersListed("/home/somebody/runs/first", layers, 266, classes, 32, "A network")


def shown(layer: Layer) -> LayerShown:
    count = layer.shape[0] if is_map(layer) else 0
    side = layer.shape[1] if count else 1
    rng = np.random.default_rng(count)
    return LayerShown(
        layer,
        f"What {layer.kind} does.",
        rng.integers(0, 256, (count, side, side), dtype=np.uint8),
        np.array([0] + [-1.5] * (count - 1), np.float32),  # number 0 is silent
        np.arange(count, dtype=np.float32),
        np.arange(count, dtype=np.float32),
        rng.integers(0, 256, (32, 32, 3), dtype=np.uint8),
        values=np.array([2.5, -0.5], np.float32) if layer.kind == "Linear" else np.zeros(0, np.float32),
        value_names=("fish", EVIL) if layer.kind == "Linear" else (),
        answer=((EVIL, 0.9996), ("fish", 0.0004)),
    )


def walk(classes=("fish", EVIL)) -> Walk:
    network = listed(classes)
    tiles = np.full((4, 3, 3, 3), 90, np.uint8)
    kernels = KernelsShown("conv1", "colour", tiles, np.ones(4, np.float32), np.zeros(0), (), 0.0, 1.0, "Four.", "")
    heat = np.zeros((32, 32), np.float32)
    heat[8:16, 8:16] = 1
    answers = {layer.name: shown(layer) for layer in layers_wanted(network)}
    explained = Explained("", "gradcam", EVIL, heat, shown(LAYERS[0]).picture, answers["conv1"].answer, "Look here.")
    if not classes:
        answers = {name: replace(one, answer=()) for name, one in answers.items()}
    return Walk(
        "first",
        network,
        "a<b>.png",
        Image.new("RGB", (300, 200), "teal"),
        answers,
        {"conv1": kernels},
        explained if classes else None,
        "2026-01-02",
    )


@pytest.fixture(scope="module")
def page() -> Reader:
    return Reader(as_html(walk()))


def test_it_is_balanced_and_leads_in_order(page):
    assert [name for name in page.tags if name in ("h1", "h2", "h3")][:3] == ["h1", "h2", "h2"]
    places = [page.text.index(words) for words in ("The plan of the network", "Edges and colours", "Whole things")]
    after = (
        page.text.rindex("From maps to an answer"),
        page.text.rindex("Why this answer"),
        page.text.rindex("The words"),
    )
    assert sorted([*places, *after]) == [*places, *after]
    links = {link["href"].removeprefix("#") for link in page.of("a")}
    assert links <= {attributes.get("id") for _, attributes in page.attributes}


def test_names_are_text_and_never_markup(page):
    assert "script" not in page.tags
    assert "b" in page.tags  # numbers of channels
    assert page.text.count(EVIL) >= 4  # said, in a bar, as a score, with its reasons
    assert "a<b>.png" in page.text


def test_all_pictures_are_inside_and_told(page):
    images = page.of("img")
    assert len(images) > 20
    for image in images:
        assert image["alt"]
        kind, _, data = image["src"].partition(";base64,")
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as opened:
            opened.load()
            assert kind == f"data:image/{opened.format.lower()}"
            assert not opened.getexif()


def test_nothing_is_loaded_and_no_folder_is_told():
    html = as_html(walk())
    assert "http" not in html.replace("http-equiv", "")
    assert "/home" not in html and "somebody" not in html
    assert len(html) < 400_000


def test_tiles_are_the_strongest_channels_in_exact_colours():
    one = shown(LAYERS[3])
    page = Reader(as_html(walk()))
    names = [image["alt"] for image in page.of("img") if image["alt"].startswith("Channel")]
    assert names[-12:] == [f"Channel {at}" for at in range(19, 7, -1)]
    source = next(image["src"] for image in reversed(page.of("img")) if image["alt"] == "Channel 19")
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as opened:
        assert (np.asarray(opened.convert("RGB")) == table("viridis")[one.activations[19]]).all()
    assert "The 12 strongest of 20 channels" in page.text
    assert "1 channel is silent here" in page.text  # number 0


def test_the_answer_is_told_as_it_is(page):
    assert "> 99.9 %" in page.text and "< 0.1 %" in page.text
    assert "2.50" in page.text and "−0.50" in page.text


def test_an_explanation_is_given_once(page):
    assert page.text.count("What Convolution does.") == 1


def test_the_glossary_has_the_words_of_the_document(page):
    words = page.text[page.text.rindex("The words") :]
    assert "Receptive field" in words and "Kernel" in words
    assert "Momentum" not in words


def test_a_network_without_classes_gives_no_answer():
    page = Reader(as_html(walk(())))
    assert "has no classes of yours yet" in page.text
    assert "Why this answer" not in page.text and "From maps to an answer" not in page.text


def test_what_is_asked_for():
    assert [layer.name for layer in layers_wanted(listed())] == [
        "conv1", "layer1.0.conv1", "layer1.0.relu", "layer2.0.conv1", "head.linear"
    ]  # fmt: skip
    assert [layer.name for layer in kernels_wanted(listed())] == ["conv1", "layer1.0.conv1"]
    assert layers_wanted(LayersListed("x", (), 0)) == ()


def test_chapters_follow_the_size_of_the_picture():
    found, head = chapters(group(LAYERS))
    assert [chapter.size for chapter in found] == [(16, 16), (8, 8), (4, 4)]
    assert found[0].title == "Edges and colours" and found[-1].title == "Whole things"
    assert [layer.name for stage in head for layer in stage.layers] == ["avgpool", "head.linear"]
    assert chapters(()) == ((), ())


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((8, 4, 4), True), ((8, 1, 1), False), ((8,), False), ((2, 1, 3), True), ((), False)],
)
def test_maps_have_more_than_one_place(shape, expected):
    assert is_map(Layer("x", "Linear", shape, 0)) == expected


def test_training_is_known_of_some_layers_or_of_none():
    assert trained(LAYERS) is True
    assert trained(LAYERS[:3]) is False
    assert trained(LAYERS[2:3]) is None


def test_the_plan_marks_what_was_trained():
    html = as_html(walk())
    assert html.count('class="plan-frozen plan-front"') == 2  # the stem and the first stage
    assert html.count('class="plan-trained plan-front"') == 2


def test_what_is_not_known_is_not_said_to_be_frozen():
    one = walk()
    layers = tuple(replace(layer, trained=True if layer.kind == "Linear" else None) for layer in LAYERS)
    html = as_html(replace(one, listed=replace(one.listed, layers=layers)))
    assert html.count('class="plan-unknown plan-front"') == 3 and 'class="plan-frozen plan-front"' not in html
    assert "not known" in html and "They are frozen" not in html
    none = tuple(replace(layer, trained=None) for layer in LAYERS)
    html = as_html(replace(one, listed=replace(one.listed, layers=none)))
    assert "in your training" not in html and "changed by your training" not in html


def test_numbers_in_few_signs():
    assert [number(value) for value in (0.0, -1.5, -1e-7, -1234.4)] == ["0", "−1.5", "≈0", "−1,234"]
    assert [percent(value) for value in (1.0, 0.99999, 0.5, 0.00001, 0.0)] == [
        "100.0 %", "> 99.9 %", "50.0 %", "< 0.1 %", "0.0 %"
    ]  # fmt: skip


def test_the_target_must_be_an_html_file(tmp_path):
    check_target(tmp_path / "a.HTML")
    with pytest.raises(InputError, match="is a folder"):
        check_target(tmp_path)
    with pytest.raises(InputError, match=r"does not end in \.html"):
        check_target(tmp_path / "a.pdf")


def test_it_reads_light_dark_and_on_paper():
    style = walk_report.STYLE
    assert "prefers-color-scheme: dark" in style and "@media print" in style and "break-before: page" in style
    assert style.count("{") == style.count("}")
