"""Grey values of films, for every file format, and the limits of their size."""

import numpy as np
import numpy.typing as npt

from vlmkg.errors import RefusedError
from vlmkg.reading_codes import UnreadReason

MAX_PIXELS = 50_000_000
"""Most pixels of a film, checked before decoding: a small file may contain a large film."""
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Weights of red, green and blue (ITU-R BT.601)."""


Grey = npt.NDArray[np.float32]


class ImageError(RefusedError):
    """A file that can't be read as a film. `reason` is one of the codes above."""

    def __init__(self, reason: UnreadReason, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.reason = reason


def check_size(rows: int, columns: int) -> None:
    """Raise ImageError for a film without pixels, or with too many."""
    if rows < 1 or columns < 1:
        raise ImageError(UnreadReason.NO_PIXELS, "the image has no pixels")
    if rows * columns > MAX_PIXELS:
        raise ImageError(UnreadReason.TOO_LARGE, f"the image has {rows * columns} pixels, more than {MAX_PIXELS}")


def stretched(values: npt.NDArray[np.generic], least: float | None = None, greatest: float | None = None) -> Grey:
    """The values scaled to float32 from 0, the least, to 1, the greatest, for files that do not define white.

    `least` and `greatest` are those of the whole film if `values` are a part of it. A constant gives 0.
    """
    grey = values.astype(np.float32)
    low = float(grey.min() if least is None else np.float32(least))
    high = float(grey.max() if greatest is None else np.float32(greatest))
    stretched_grey: Grey = (grey - low) / (high - low) if high > low else np.zeros_like(grey)
    return stretched_grey


def luminance(rgb: npt.NDArray[np.generic], white: float) -> Grey:
    """(H, W, 3) red, green and blue from 0 to `white`, as (H, W) grey."""
    grey: Grey = (rgb.astype(np.float32) @ _LUMINANCE / white).clip(0.0, 1.0)
    return grey
