from __future__ import annotations

import imagehash
import numpy as np
from PIL import Image

from deskclassify.ml.checking.hashing import frequencies, perceptual


def small(count: int = 20) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, 32, 32), dtype=np.uint8)


def test_hashes_are_those_of_imagehash() -> None:
    pictures = small()
    wanted = [str(imagehash.phash(Image.fromarray(one))) for one in pictures]
    assert [f"{value:016x}" for value in perceptual(pictures).tolist()] == wanted


def test_a_mirror_image_has_the_same_frequencies_with_other_signs() -> None:
    pictures = small()
    values = frequencies(pictures)
    np.testing.assert_allclose(np.abs(frequencies(pictures[:, :, ::-1])), np.abs(values), atol=1e-6)
    np.testing.assert_allclose(frequencies(pictures.transpose(0, 2, 1)), values.transpose(0, 2, 1), atol=1e-6)
    assert not np.allclose(frequencies(pictures[:, :, ::-1]), values)
