"""The Predict page: bring pictures in, read the answers, take them along."""

from deskclassify.ui.pages.predict.page import PredictPage

__all__ = ["PredictPage"]
