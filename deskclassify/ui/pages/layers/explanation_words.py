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
    "gradcam": "Asks the last layers where they saw signs of it.",
    "occlusion": "Covers one square after the other and asks again.",
    "integrated": "Fades in from grey, sums up each pixel's share.",
}
TIME: dict[Method, str] = {"gradcam": "at once", "occlusion": "some seconds", "integrated": "some seconds"}
READ: dict[Method, str] = {
    "gradcam": "The brighter a place, the more speaks for the class there. What speaks against it is not shown.",
    "occlusion": "Covering an orange place makes the class less likely; covering a blue one makes it likelier.",
    "integrated": "Orange pixels make the class likelier, blue ones less likely. Look for areas, not for specks.",
}
LIMITS = "Heat says where, not what: check it with another way."
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


def headline(target: str, likeliest: str) -> str:
    """The question that is asked; either may be empty while it is not known."""
    if not target:
        return f"Why “{likeliest}”?" if likeliest else "Why this answer?"
    return f"Why “{target}”?" if target == likeliest else f"What speaks for “{target}”?"
