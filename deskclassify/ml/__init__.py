"""The learning: every job is a generator of events, and none of them knows Qt."""

from deskclassify.ml import lone_torchvision

lone_torchvision.watch()
