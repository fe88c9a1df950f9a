"""Classify pictures with a model from deskclassify: python classify.py MODEL.onnx PICTURE…"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

net = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
how = (card := json.loads(net.get_modelmeta().custom_metadata_map["deskclassify"]))["preprocess"]
for path in sys.argv[2:]:
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I") and np.max(image) > 255:  # 16 bits for each pixel
        image = Image.fromarray(np.rint(np.array(image) / 257).astype("uint8"))
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB")
    image = image.crop([(a + s * min(a, 16 * b)) // 2 for s in (-1, 1) for a, b in (image.size, image.size[::-1])])
    square = Image.new("RGB", (how["size"], how["size"]), tuple(how["pad_color"]))
    factor = {"crop": how["resize_to"] / min(image.size), "pad": how["size"] / max(image.size)}.get(how["resize"])
    shape = [max(1, round(side * factor)) for side in image.size] if factor else square.size
    image = image.resize(shape, Image.Resampling[how["interpolation"].upper()], reducing_gap=how["reducing_gap"])
    square.paste(image, (int((square.width - image.width) / 2), int((square.height - image.height) / 2)))
    print(path, card["classes"][(p := net.run(None, {"images": np.array([square])})[0][0]).argmax()], p.max(), sep=",")
