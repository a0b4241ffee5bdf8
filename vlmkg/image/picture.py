"""A film as a picture file, for a screen."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vlmkg.image.levels import Levels, Window
from vlmkg.image.load import read_film

_JPEG_QUALITY = 92
_PNG_LEVEL = 1
"""The fastest that still packs: somebody waits for the picture, and the way to the browser is short."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG or JPEG file of 256 grey values. All sizes in pixels: `rows`, `columns` those of the film itself."""

    content: bytes
    rows: int
    columns: int
    shown_rows: int
    shown_columns: int
    levels: Levels | None


def picture_of(content: bytes, max_side: int, encoding: str, window: Window | None = None) -> Picture:
    """The picture of a film's file, its longer side at most `max_side`. `encoding`: PNG or JPEG. Raises ImageError.

    `window` replaces that of a DICOM file; other files have none, and are shown whole.
    """
    film = read_film(content, window)
    grey = film.grey
    # In place: a copy of a large film takes 200 MB.
    np.multiply(grey, 255, out=grey)
    shown = Image.fromarray(np.round(grey, out=grey).astype(np.uint8))
    shown.thumbnail((max_side, max_side), Image.Resampling.BOX, reducing_gap=2.0)
    file = io.BytesIO()
    shown.save(file, encoding, **({"compress_level": _PNG_LEVEL} if encoding == "PNG" else {"quality": _JPEG_QUALITY}))
    rows, columns = grey.shape
    return Picture(file.getvalue(), rows, columns, shown.height, shown.width, film.levels)
