"""What is said of the places that excite a channel, and of the search for them."""

from __future__ import annotations

import math
from collections import Counter

from deskclassify.core.layer_events import Layer, LayersListed, Patch, PatchesShown
from deskclassify.core.machine import cpu_count
from deskclassify.core.words import about, counted

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Of one processor, measured with EfficientNet-Lite0 and ResNet-50; only to tell seconds from minutes beforehand.
_PRODUCTS_A_SECOND, _VALUES_A_SECOND, _SECONDS_A_PICTURE = 25e9, 8e8, 0.012
_PIN = "A click sends this picture through the network."
_NOTE = "Left: what the channel sees there. Right: which pixels raise its answer (guided gradients); grey ones do not."


def seconds_of(listed: LayersListed, pictures: int) -> float:
    """About how long a search takes."""
    products = sum(layer.parameters * math.prod(layer.shape[1:]) for layer in listed.layers)
    values = sum(math.prod(layer.shape) for layer in listed.layers)
    each = products / _PRODUCTS_A_SECOND + values / _VALUES_A_SECOND + _SECONDS_A_PICTURE
    return pictures * each / cpu_count()


def offer(listed: LayersListed, chosen: int, total: int) -> str:
    """What a search would do."""
    text = (
        "For every channel of every layer, a search finds the nine places in your pictures that it answers most to. "
        f"It takes about {about(seconds_of(listed, chosen))}, and only once."
    )
    if chosen < total:
        text += f" Of your {total:,} pictures {chosen:,} are taken at random, of each class as many as there are."
    return text


def gives_scores(listed: LayersListed, layer: Layer) -> bool:
    """Whether a layer's channels are the classes."""
    return layer == listed.layers[-1] and layer.shape == (len(listed.classes),)


def sentence(listed: LayersListed, layer: Layer, shown: PatchesShown) -> str:
    """What the places have in common."""
    count = len(shown.patches)
    channel = f"Channel {shown.channel}"
    if not count:
        return f"{channel}: none of the pictures can be read any more."
    if all(patch.value == 0 for patch in shown.patches):
        return f"{channel} stays at 0 in all of the pictures: it answers to nothing in them."
    sees_all = all(patch.box[2:] == patch.picture.shape[:2] for patch in shown.patches)
    what = f"{_word(count).capitalize()} {'picture' if sees_all else 'place'}{'' if count == 1 else 's'}"
    if gives_scores(listed, layer):
        first = f"{what} with the highest score for “{listed.classes[shown.channel]}”."
    else:
        first = f"{what} that channel {shown.channel} answers most to."
    return f"{first} {_shared(shown)}".strip()


def _shared(shown: PatchesShown) -> str:
    """How many of the pictures are of one class."""
    labels = Counter(patch.label for patch in shown.patches if patch.label)
    if not labels:
        return ""
    (label, most), *others = labels.most_common()
    if not others and most == len(shown.patches):
        return f"All show “{label}”." if most > 1 else ""
    if most * 2 > len(shown.patches):
        return f"{_word(most).capitalize()} of {_word(len(shown.patches))} show “{label}”."
    return f"They are of {_word(len(labels))} classes."


def sees(patch: Patch) -> str:
    """How much of the picture the channel sees there."""
    height, width = patch.box[2:]
    whole_height, whole_width = patch.picture.shape[:2]
    if (height, width) == (whole_height, whole_width):
        return f"Sees the whole picture. {_PIN}"
    return f"Sees {width} × {height} of {whole_width} × {whole_height} pixels. {_PIN}"


def note(shown: PatchesShown) -> str:
    """How to read the pairs, and what was searched."""
    text = f"{_NOTE} Searched: {counted(shown.images, 'picture')}"
    return f"{text}; {shown.skipped_images:,} more cannot be read." if shown.skipped_images else f"{text}."


def _word(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"
