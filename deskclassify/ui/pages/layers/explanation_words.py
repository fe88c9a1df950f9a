"""What the window says of an explanation."""

from __future__ import annotations

from deskclassify.core.layer_events import Explained
from deskclassify.core.layer_requests import Method
from deskclassify.ui.widgets.heat_view import Heat

TITLES: dict[Method, str] = {
    "gradcam": "Grad-CAM",
    "occlusion": "Occlusion",
    "integrated": "Integrated gradients",
}
HOW: dict[Method, str] = {
    "gradcam": "Asks the last layers where they saw signs of the class. At once.",
    "occlusion": "Covers one square after the other and asks again. Some seconds.",
    "integrated": "Fades the picture in from grey, sums up each pixel's share. Some seconds.",
}
READ: dict[Method, str] = {
    "gradcam": "How to read it: where it is bright, something speaks for the class. The edges are rough, for the "
    "last layers know places only roughly.",
    "occlusion": "How to read it: orange places are needed, for without them the class gets less likely. Blue ones "
    "stand in its way: without them it gets likelier.",
    "integrated": "How to read it: orange pixels make the class likelier, blue ones less likely. Single specks mean "
    "little; look for areas of one colour.",
}
LIMITS = (
    "What it cannot tell: heat says where the network looked, not what it saw there. Trust a place that more than "
    "one way points to."
)
NO_PICTURE = ("No picture yet", "Choose a picture, or drop one here, to see which parts of it decide the answer.")
NO_CLASSES = (
    "This network has no answers yet",
    "It is only pretrained and does not know your classes. Train a network of your own, then choose it above to ask "
    "why it answers as it does.",
)


def heat_of(found: Explained) -> Heat:
    """The heat with the words for its scale."""
    if found.method == "gradcam":
        return Heat(found.heat, False, "nothing", f"speaks for “{found.target}”", found.spot)
    return Heat(found.heat, True, "speaks against", f"speaks for “{found.target}”", found.spot)


def value_text(found: Explained, value: float) -> str:
    """What the heat at a place says."""
    if found.scale:
        points = 100 * found.scale * value
        if abs(points) < 0.05:
            return "Covered here, it stays as likely"
        return f"Covered here, “{found.target}” {'loses' if points > 0 else 'gains'} {abs(points):.1f} points"
    share = round(100 * value)
    if found.method == "gradcam":
        return f"{share} % of the strongest"
    if share == 0:
        return "No share here"
    return f"Speaks {'for' if share > 0 else 'against'} it, {min(100, abs(share))} % of the strongest"


def headline(target: str) -> str:
    """The question that is answered."""
    return f"Why “{target}”?" if target else "Why this answer?"
