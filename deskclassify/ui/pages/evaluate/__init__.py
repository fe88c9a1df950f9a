"""The Evaluate page: a state that all its parts share, tabs that show it, and the pictures below them."""

from deskclassify.ui.pages.evaluate.page import EvaluatePage

__all__ = ["EvaluatePage"]
