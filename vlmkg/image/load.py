"""Pixels of a film from DICOM, PNG or JPEG: grey in [0, 1], 0 black, whatever the file's own depth and polarity.

    RefusedError
    └── ImageError          `reason`: unreadable, too_large, no_pixels, many_frames, unsupported_encoding

Messages say nothing of what the file holds.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from vlmkg.errors import RefusedError
from vlmkg.reading_codes import UnreadReason

MAX_BYTES = 128 * 1024 * 1024
"""Of a file. The largest films, 4,300 x 3,600 pixels of 16 bits, take 31 MB."""
MAX_PIXELS = 50_000_000
"""Of a film, checked before its pixels are unpacked: a small file may hold a large one."""
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Of red, green and blue (ITU-R BT.601)."""

Grey = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A film: (H, W) grey in [0, 1], 0 black, as a viewer would show it."""

    grey: Grey


class ImageError(RefusedError):
    """A file that gives no film. `reason` is one of the codes above."""

    def __init__(self, reason: UnreadReason, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.reason = reason


def read_film(content: bytes) -> Film:
    """The film of a DICOM, PNG or JPEG file. Raises ImageError."""
    if len(content) > MAX_BYTES:
        raise ImageError(UnreadReason.TOO_LARGE, f"the image file has {len(content)} bytes, more than {MAX_BYTES}")
    return Film(_reader(content)(content))


def _reader(content: bytes) -> Callable[[bytes], Grey]:
    if content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return _read_picture
    # Loaded when the first DICOM file comes: a second of imports that PNG and JPEG do not need.
    from vlmkg.image.dicom_pixels import read_dicom  # noqa: PLC0415

    return read_dicom


def check_size(rows: int, columns: int) -> None:
    """Raise ImageError for a film without pixels, or with more than can be taken."""
    if rows < 1 or columns < 1:
        raise ImageError(UnreadReason.NO_PIXELS, "the image has no pixels")
    if rows * columns > MAX_PIXELS:
        raise ImageError(UnreadReason.TOO_LARGE, f"the image has {rows * columns} pixels, more than {MAX_PIXELS}")


def stretched(values: npt.NDArray[np.generic]) -> Grey:
    """The values as float32 from 0, the least, to 1, the greatest: what says nothing of its white. Flat gives 0."""
    grey = values.astype(np.float32)
    low, high = float(grey.min()), float(grey.max())
    stretched_grey: Grey = (grey - low) / (high - low) if high > low else np.zeros_like(grey)
    return stretched_grey


def luminance(rgb: npt.NDArray[np.generic], white: float) -> Grey:
    """(H, W, 3) red, green and blue from 0 to `white`, as (H, W) grey."""
    grey: Grey = (rgb.astype(np.float32) @ _LUMINANCE / white).clip(0.0, 1.0)
    return grey


def _read_picture(content: bytes) -> Grey:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            check_size(picture.height, picture.width)
            return _grey(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(UnreadReason.TOO_LARGE, f"the image has more than {MAX_PIXELS} pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError) as error:
        raise ImageError(UnreadReason.UNREADABLE, f"the image cannot be read: {type(error).__name__}") from error


def _grey(picture: Image.Image) -> Grey:
    if picture.mode.startswith("I") or picture.mode == "F":
        return stretched(np.asarray(picture))
    if picture.mode in {"1", "L", "LA"}:
        return np.asarray(picture.convert("L"), dtype=np.float32) / np.float32(255)
    return luminance(np.asarray(picture.convert("RGB")), white=255)
