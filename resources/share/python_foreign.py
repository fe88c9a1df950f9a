"""Classify pictures: pip install onnxruntime pillow numpy; python classify.py photo1.jpg photo2.jpg"""

import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

MODEL = "model.onnx"
CLASSES = ["ants", "bees"]
HOW = {"resize": "squish", "resize_to": 224, "size": 224, "interpolation": "bilinear", "reducing_gap": 2.0, "pad_color": [0, 0, 0], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}  # fmt: skip
LAYOUT, CHANNELS, OUTPUT = "nchw", "rgb", "logits"

net = onnxruntime.InferenceSession(MODEL, providers=["CPUExecutionProvider"])
kind = np.float16 if net.get_inputs()[0].type == "tensor(float16)" else np.float32
for path in sys.argv[1:]:
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    square = Image.new("RGB", (HOW["size"], HOW["size"]), tuple(HOW["pad_color"]))
    factor = {"crop": HOW["resize_to"] / min(image.size), "pad": HOW["size"] / max(image.size)}.get(HOW["resize"])
    shape = [max(1, round(side * factor)) for side in image.size] if factor else square.size
    image = image.resize(shape, Image.Resampling[HOW["interpolation"].upper()], reducing_gap=HOW["reducing_gap"])
    square.paste(image, (int((square.width - image.width) / 2), int((square.height - image.height) / 2)))
    values = (np.asarray(square) / 255 - HOW["mean"]) / HOW["std"]
    values = values[:, :, ::-1] if CHANNELS == "bgr" else values
    values = values.transpose(2, 0, 1) if LAYOUT == "nchw" else values
    output = net.run(None, {net.get_inputs()[0].name: values[None].astype(kind)})[0].reshape(-1).astype(np.float64)
    if OUTPUT == "logits":
        output = (powers := np.exp(output - output.max())) / powers.sum()
    print(path, CLASSES[output.argmax()], output.max(), sep=",")
