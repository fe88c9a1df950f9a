"""Classify pictures with a model from deskclassify: python classify.py MODEL.onnx PICTURE…"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

net = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
how = (card := json.loads(net.get_modelmeta().custom_metadata_map["deskclassify"]))["preprocess"]
for path in sys.argv[2:]:
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    square = Image.new("RGB", (how["size"], how["size"]), tuple(how["pad_color"]))
    factor = {"crop": how["resize_to"] / min(image.size), "pad": how["size"] / max(image.size)}.get(how["resize"])
    shape = [max(1, round(side * factor)) for side in image.size] if factor else square.size
    image = image.resize(shape, Image.Resampling[how["interpolation"].upper()], reducing_gap=how["reducing_gap"])
    square.paste(image, (int((square.width - image.width) / 2), int((square.height - image.height) / 2)))
    print(path, card["classes"][(p := net.run(None, {"images": np.array([square])})[0][0]).argmax()], p.max(), sep=",")
