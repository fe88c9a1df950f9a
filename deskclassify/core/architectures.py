"""The networks that can be chosen: what the window shows of them without importing torch.

Sizes, accuracies and file names of torchvision's networks repeat torchvision's own weight
metadata; `tests/ml/test_zoo.py` holds them against it.
"""

from __future__ import annotations

from dataclasses import dataclass

from deskclassify.core.errors import InputError
from deskclassify.core.preprocess import Preprocess, Resize

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)
DEFAULT = "efficientnet_lite0"
WEIGHTS_URL = "https://download.pytorch.org/models"


@dataclass(frozen=True)
class Architecture:
    """A network of the zoo.

    Attributes:
        name: as on the command line.
        title: as in the window.
        parameters: number, with the ImageNet classifier.
        megabytes: size of the weight file.
        accuracy: ImageNet top-1, percent.
        file: name of the weight file; the hash of its content stands in it, after the last dash.
        features: length of the pooled feature vector.
        bundled: whether the weights come with the program.
    """

    name: str
    title: str
    parameters: int
    megabytes: float
    accuracy: float
    file: str
    features: int
    bundled: bool = False
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    interpolation: str = "bilinear"
    size: int = 224

    @property
    def sha256_prefix(self) -> str:
        """First hexadecimal digits of the weight file's SHA-256, as torchvision names its files."""
        return self.file.rsplit("-", 1)[-1].partition(".")[0]

    def preprocess(self, resize: Resize, size: int | None = None) -> Preprocess:
        """How pictures are resized for this network; `size` in pixels, None for the usual one."""
        size = size or self.size
        return Preprocess(resize, size, size, interpolation=self.interpolation, mean=self.mean, std=self.std)


_TABLE = (
    Architecture(
        DEFAULT, "EfficientNet-Lite0", 4_652_008, 17.9, 74.8, "efficientnet-lite0-57934424.pth", 1280, True, HALF, HALF
    ),
    Architecture("resnet18", "ResNet-18", 11_689_512, 44.7, 69.8, "resnet18-f37072fd.pth", 512),
    Architecture("resnet34", "ResNet-34", 21_797_672, 83.3, 73.3, "resnet34-b627a593.pth", 512),
    Architecture("resnet50", "ResNet-50", 25_557_032, 97.8, 80.9, "resnet50-11ad3fa6.pth", 2048),
    Architecture("vgg16_bn", "VGG-16 (BN)", 138_365_992, 527.9, 73.4, "vgg16_bn-6c64b313.pth", 512),
    Architecture(
        "mobilenet_v3_large", "MobileNet V3 Large", 5_483_032, 21.1, 75.3, "mobilenet_v3_large-5c1a4163.pth", 960
    ),
    Architecture(
        "efficientnet_b0",
        "EfficientNet-B0",
        5_288_548,
        20.5,
        77.7,
        "efficientnet_b0_rwightman-7f5810bc.pth",
        1280,
        interpolation="bicubic",
    ),
    Architecture("convnext_tiny", "ConvNeXt Tiny", 28_589_128, 109.1, 82.5, "convnext_tiny-983f1562.pth", 768),
)
ARCHITECTURES: dict[str, Architecture] = {one.name: one for one in _TABLE}


def get(name: str) -> Architecture:
    """Look an architecture up.

    Raises:
        InputError: there is none of that name; the sentence lists those there are.
    """
    if name not in ARCHITECTURES:
        raise InputError(f"There is no network “{name}”. Choose one of: {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]
