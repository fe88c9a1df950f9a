"""Opening pictures of any kind as upright RGB, or saying in one sentence why that cannot be.

| picture                  | treatment                                                        |
| ------------------------ | ---------------------------------------------------------------- |
| EXIF orientation         | turned upright                                                   |
| greyscale, palette, 1 bit| converted to RGB                                                 |
| 16-bit and float         | scaled to 8 bits: 16-bit by 257, others from minimum to maximum  |
| CMYK, YCbCr, LAB         | converted to RGB                                                 |
| alpha or transparency    | laid on white                                                    |
| animated, several pages  | first frame                                                      |
| truncated or damaged     | refused, with the reason: half a picture would be learned as one |
| over 89 megapixels       | refused: it may be a decompression bomb                          |
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from deskclassify.core.errors import InputError

# An explicit list: Pillow's other readers are rarely needed and are where its security bugs were.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "ICO", "TGA")
SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .apng .gif .bmp .dib .tif .tiff .webp .ppm .pgm .pbm .pnm "
    ".jp2 .j2k .avif .ico .tga".split()
)
# Recognised so that they are reported, not silently passed over.
UNSUPPORTED_SUFFIXES = frozenset(".heic .heif .cr2 .cr3 .nef .arw .dng .orf .rw2 .raf .psd .svg .jxl".split())

warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # remarks on odd but readable files
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
_LARGEST_PIXELS = 89_478_485  # Pillow's own warning level


class PictureError(InputError):
    """The file is no picture that can be read; the sentence says why."""


def is_picture_name(name: str) -> bool:
    """Whether a file name ends like a picture that can be read."""
    return Path(name).suffix.lower() in SUFFIXES


def open_rgb(source: str | Path | BinaryIO, draft: int | None = None) -> Image.Image:
    """Decode a picture completely and return it upright, as RGB.

    Args:
        source: a path, or a file opened for reading bytes.
        draft: shorter side in pixels that is enough; lets JPEG decode at a fraction of its size
            (by 2, 4 or 8), which is several times faster and changes pixels slightly.

    Raises:
        PictureError: whatever is wrong with the file.
    """
    try:
        with _open(source) as image:
            if draft is not None:
                image.draft("RGB", _draft_size(image, draft))
            image.load()
            return _to_rgb(_upright(image))
    except PictureError:
        raise
    except Exception as error:  # SyntaxError, struct.error, TypeError, IndexError occur on real bad files
        raise PictureError(reason(error)) from error


def drafts(image_size: tuple[int, int], image_format: str | None, draft: int) -> bool:
    """Whether decoding with `draft` would differ from decoding in full."""
    return image_format in ("JPEG", "MPO") and min(image_size) >= 2 * draft


def _open(source: str | Path | BinaryIO) -> Image.Image:
    image = Image.open(source, formats=FORMATS)
    if image.width * image.height > _LARGEST_PIXELS:
        image.close()
        raise Image.DecompressionBombError
    return image


def _draft_size(image: Image.Image, shorter: int) -> tuple[int, int]:
    factor = shorter / min(image.size)
    return max(1, int(image.width * factor)), max(1, int(image.height * factor))


def _upright(image: Image.Image) -> Image.Image:
    try:
        # Pillow's function copies what is upright already: 36 MB for 12 megapixels.
        is_turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        return ImageOps.exif_transpose(image) if is_turned else image
    except Exception:  # a broken EXIF block is no reason to refuse the pixels
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        # A loaded JPEG needs its file no more; what has several frames is cut loose from it.
        return image if type(image) is Image.Image or image.format == "JPEG" else image.copy()
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_to_8_bits(image)).convert("RGB")
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        if converted is None:
            raise PictureError("The colours of this LAB picture cannot be converted. Save it as RGB.")
        return converted
    return image.convert("RGB")


def _to_8_bits(image: Image.Image) -> np.ndarray:
    values = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if image.mode != "F" and low >= 0 and high <= 65535:
        return np.asarray(np.rint(values / 257), dtype=np.uint8) if high > 255 else values.astype(np.uint8)
    spread = (high - low) or 1.0
    return np.asarray(np.rint((values - low) * (255 / spread)), dtype=np.uint8)


def reason(error: BaseException) -> str:
    """One sentence that says why a file could not be read as a picture."""
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "The picture claims more than 89 megapixels; it may be damaged or a trap. Save a smaller copy."
    if isinstance(error, FileNotFoundError):
        return "The file is not there any more."
    if isinstance(error, PermissionError):
        return "The file may not be read. Change its permissions."
    if isinstance(error, UnidentifiedImageError):
        return "This is not a picture in a format that can be read, whatever its name says. Save it as JPEG or PNG."
    if isinstance(error, MemoryError):
        return "The picture needs more memory than there is. Save a smaller copy."
    text = str(error).lower()
    if "truncated" in text or "not enough" in text or "eof" in text or "broken" in text:
        return "The file is cut off or damaged: its end is missing. Copy it again from where it came from."
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
    return f"The file is damaged ({first_line}). Open it in another program and save it anew."
