"""Numpy arrays as Qt pictures. The only place where the two meet: the pixels are always copied."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QLabel

_KINDS = {3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}


def to_qimage(array: np.ndarray) -> QImage:
    """A picture that owns its pixels.

    Args:
        array: uint8 `[h, w]` (grey), `[h, w, 3]` (RGB) or `[h, w, 4]` (RGB and opacity).

    Raises:
        ValueError: any other shape or type.
    """
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in _KINDS):
        raise ValueError(f"uint8 [h, w], [h, w, 3] or [h, w, 4] is needed, not {array.dtype} {array.shape}")
    pixels = np.ascontiguousarray(array)
    height, width = pixels.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else _KINDS[pixels.shape[2]]
    # QImage only borrows the buffer; without copy() it shows freed memory once numpy lets go.
    return QImage(pixels.data, width, height, pixels.strides[0], kind).copy()


def to_pixmap(array: np.ndarray) -> QPixmap:
    """As `to_qimage`, ready for the screen. In the window's thread only."""
    return QPixmap.fromImage(to_qimage(array))


def small_picture(label: QLabel, pixels: np.ndarray, edge: int) -> None:
    """Put the network's input, uint8 `[size, size, 3]`, into a label; nothing for an empty one."""
    if not pixels.size:
        label.clear()
        return
    ratio = label.devicePixelRatioF()
    pixmap = to_pixmap(pixels).scaled(
        round(edge * ratio),
        round(edge * ratio),
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    pixmap.setDevicePixelRatio(ratio)
    label.setPixmap(pixmap)
