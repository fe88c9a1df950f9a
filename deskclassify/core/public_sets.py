"""Public sets of pictures that can be downloaded with one command: what, how large, whose, and under which terms.

Addresses and digests are those of torchvision's dataset classes (0.29) and of fastai (2.8: `fastai.data.external` and
`download_checks`). Imagewoof has no digest of the whole file in either of them, and so is not checked.
Sizes are exact where a digest table tells them, and rounded where `about` is set.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deskclassify.core.errors import InputError
from deskclassify.core.words import size

_VGG = "https://www.robots.ox.ac.uk/~vgg/data"
_FAST_AI = "https://s3.amazonaws.com/fast-ai-"
_ERDA = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370"
_EUROSAT = "https://huggingface.co/datasets/torchgeo/eurosat/resolve/c877bcd43f099cd0196738f714544e355477f3fd"


@dataclass(frozen=True)
class Download:
    """One file of a set.

    Attributes:
        address: of the web.
        digest: `md5:…`; empty where none is published.
    """

    address: str
    digest: str = ""

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.address.rpartition("/")[2]


@dataclass(frozen=True)
class PublicSet:
    """A set of pictures that its publisher gives away.

    Attributes:
        name: for the command line.
        title: for people.
        about: what is in it, a sentence.
        archive: with the pictures.
        bytes: of the download.
        images: number of pictures.
        classes: number of classes.
        licence: as the publisher states it.
        page: where the publisher states it.
        rule: the label rule that fits; empty: found when it is unpacked.
        renamed: names of class folders in the archive → names that people read.
        labels: a file with the class of each picture, where neither folders nor names tell it.
        label_names: the classes that this file counts, from 1.
        is_rounded: whether `bytes` is known only roughly.
    """

    name: str
    title: str
    about: str
    archive: Download
    bytes: int
    images: int
    classes: int
    licence: str
    page: str
    rule: str = "folder"
    renamed: dict[str, str] = field(default_factory=dict)
    labels: Download | None = None
    label_names: tuple[str, ...] = ()
    is_rounded: bool = False

    @property
    def size(self) -> str:
        """Size of the download in words."""
        if self.bytes < 1_000_000:
            return f"{self.bytes / 1e6:.1f} MB"
        return f"about {size(self.bytes)}" if self.is_rounded else size(self.bytes)

    @property
    def is_checked(self) -> bool:
        """Whether a damaged download would be noticed by its digest."""
        return bool(self.archive.digest)


_STATED = "as stated by the publisher"
_RESEARCH = "for research, as stated by the publisher"
_IMAGENET = "pictures of ImageNet: for research, as stated by its publisher"
_IMAGENETTE_PAGE = "https://github.com/fastai/imagenette"
_IMAGENETTE = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
_IMAGEWOOF = {
    "n02086240": "Shih-Tzu",
    "n02087394": "Rhodesian ridgeback",
    "n02088364": "beagle",
    "n02089973": "English foxhound",
    "n02093754": "Border terrier",
    "n02096294": "Australian terrier",
    "n02099601": "golden retriever",
    "n02105641": "Old English sheepdog",
    "n02111889": "Samoyed",
    "n02115641": "dingo",
}
_FLOWERS = (
    "pink primrose, hard-leaved pocket orchid, canterbury bells, sweet pea, english marigold, tiger lily, moon "
    "orchid, bird of paradise, monkshood, globe thistle, snapdragon, colt's foot, king protea, spear thistle, yellow "
    "iris, globe-flower, purple coneflower, peruvian lily, balloon flower, giant white arum lily, fire lily, "
    "pincushion flower, fritillary, red ginger, grape hyacinth, corn poppy, prince of wales feathers, stemless "
    "gentian, artichoke, sweet william, carnation, garden phlox, love in the mist, mexican aster, alpine sea holly, "
    "ruby-lipped cattleya, cape flower, great masterwort, siam tulip, lenten rose, barbeton daisy, daffodil, sword "
    "lily, poinsettia, bolero deep blue, wallflower, marigold, buttercup, oxeye daisy, common dandelion, petunia, "
    "wild pansy, primula, sunflower, pelargonium, bishop of llandaff, gaura, geranium, orange dahlia, pink-yellow "
    "dahlia?, cautleya spicata, japanese anemone, black-eyed susan, silverbush, californian poppy, osteospermum, "
    "spring crocus, bearded iris, windflower, tree poppy, gazania, azalea, water lily, rose, thorn apple, morning "
    "glory, passion flower, lotus, toad lily, anthurium, frangipani, clematis, hibiscus, columbine, desert-rose, tree "
    "mallow, magnolia, cyclamen, watercress, canna lily, hippeastrum, bee balm, ball moss, foxglove, bougainvillea, "
    "camellia, mallow, mexican petunia, bromelia, blanket flower, trumpet creeper, blackberry lily"
)

SETS: tuple[PublicSet, ...] = (
    PublicSet(
        "mnist_tiny",
        "MNIST, a tiny part",
        "Handwritten threes and sevens: downloaded and trained within a minute.",
        Download(f"{_FAST_AI}sample/mnist_tiny.tgz", "md5:56143e8f24db90d925d82a5a74141875"),
        342_207,
        1_428,
        2,
        _STATED,
        "https://docs.fast.ai/data.external.html",
    ),
    PublicSet(
        "imagenette",
        "Imagenette, 160 pixels",
        "Ten kinds of things that are easy to tell apart, such as fish, churches and parachutes.",
        Download(f"{_FAST_AI}imageclas/imagenette2-160.tgz", "md5:e793b78cc4c9e9a4ccc0c1155377a412"),
        99_003_388,
        13_394,
        10,
        _IMAGENET,
        _IMAGENETTE_PAGE,
        renamed=_IMAGENETTE,
    ),
    PublicSet(
        "imagenette_320",
        "Imagenette, 320 pixels",
        "The same pictures, larger: better results, and slower.",
        Download(f"{_FAST_AI}imageclas/imagenette2-320.tgz", "md5:3df6f0d01a2c9592104656642f5e78a3"),
        341_663_724,
        13_394,
        10,
        _IMAGENET,
        _IMAGENETTE_PAGE,
        renamed=_IMAGENETTE,
    ),
    PublicSet(
        "imagewoof",
        "Imagewoof, 160 pixels",
        "Ten breeds of dogs, which are hard to tell apart.",
        Download(f"{_FAST_AI}imageclas/imagewoof2-160.tgz"),
        92_612_825,
        12_954,
        10,
        _IMAGENET,
        _IMAGENETTE_PAGE,
        renamed=_IMAGEWOOF,
    ),
    PublicSet(
        "eurosat",
        "EuroSAT",
        "Land seen by the satellite Sentinel-2: fields, forests, rivers, towns.",
        Download(f"{_EUROSAT}/EuroSAT.zip", "md5:c8fa014336c82ac7804f0398fcb19387"),
        94_000_000,
        27_000,
        10,
        _STATED,
        "https://github.com/phelber/EuroSAT",
        is_rounded=True,
    ),
    PublicSet(
        "flowers",
        "Oxford 102 Flowers",
        "Flowers that grow in Britain, 40 to 258 photos of each kind.",
        Download(f"{_VGG}/flowers/102/102flowers.tgz", "md5:52808999861908f626f3c1f4e79d11fa"),
        345_000_000,
        8_189,
        102,
        _STATED,
        f"{_VGG}/flowers/102/",
        rule="csv:labels.csv",
        labels=Download(f"{_VGG}/flowers/102/imagelabels.mat", "md5:e0620be6f572b9609742df49c70aed4d"),
        label_names=tuple(_FLOWERS.split(", ")),
        is_rounded=True,
    ),
    PublicSet(
        "pets",
        "Oxford-IIIT Pet",
        "Cats and dogs of 37 breeds: the pictures of fast.ai's first lesson.",
        Download(f"{_VGG}/pets/data/images.tar.gz", "md5:5c4f3ee8e5d25df40f4fd59a7f44e54c"),
        791_918_971,
        7_390,
        37,
        "Creative Commons BY-SA 4.0",
        f"{_VGG}/pets/",
        rule=r"regex:^(.+)_\d+",
    ),
    PublicSet(
        "textures",
        "Describable Textures",
        "47 kinds of textures, such as banded, bubbly and woven.",
        Download(f"{_VGG}/dtd/download/dtd-r1.0.1.tar.gz", "md5:fff73e5086ae6bdbea199a49dfb8a4c1"),
        625_000_000,
        5_640,
        47,
        _RESEARCH,
        f"{_VGG}/dtd/",
        is_rounded=True,
    ),
    PublicSet(
        "signs",
        "German traffic signs (GTSRB)",
        "43 traffic signs, each filmed in 30 pictures: group them, or the split leaks.",
        Download(f"{_ERDA}/GTSRB-Training_fixed.zip", "md5:513f3c79a4c5141765e10e952eaa2478"),
        190_000_000,
        26_640,
        43,
        _STATED,
        "https://benchmark.ini.rub.de/",
        is_rounded=True,
    ),
    PublicSet(
        "food",
        "Food-101",
        "101 dishes, 1,000 photos of each, some labels wrong on purpose: large.",
        Download("http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz", "md5:85eeb15f3717b99a5da872d97d918f87"),
        5_000_000_000,
        101_000,
        101,
        _STATED,
        "https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
        is_rounded=True,
    ),
)


def get(name: str) -> PublicSet:
    """The set of this name.

    Raises:
        InputError: there is none.
    """
    for one in SETS:
        if one.name == name:
            return one
    raise InputError(f"There is no public set “{name}”. There are: {', '.join(one.name for one in SETS)}.")
