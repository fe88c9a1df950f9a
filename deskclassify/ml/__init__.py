"""The learning: every job is a generator of events, and none of them knows Qt."""

import os

# ONNX Runtime has sent names and digests of models to its makers since 1.29, with a number for the machine, unless this
# is set before it is imported (https://github.com/microsoft/onnxruntime/pull/27379). This program sends nothing.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from deskclassify.ml import lone_torchvision

lone_torchvision.watch()
