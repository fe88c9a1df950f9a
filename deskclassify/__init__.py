"""deskclassify: turn folders of pictures into a classifier, on your own computer."""

__version__ = "0.1.0"
