"""Pixels of a film from DICOM, PNG or JPEG: grey in [0, 1], 0 black, for every bit depth and polarity.

    RefusedError
    └── ImageError          `reason`: unreadable, too_large, no_pixels, many_frames, unsupported_encoding

Messages contain nothing of the file's content.
"""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vlmkg.image.grey import MAX_PIXELS, Grey, ImageError, check_size, luminance, stretched
from vlmkg.image.levels import Levels, Window
from vlmkg.reading_codes import UnreadReason

MAX_BYTES = 128 * 1024 * 1024
"""Most bytes of a file. The largest films, 4,300 x 3,600 pixels of 16 bits, take 31 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A film: (H, W) grey in [0, 1], 0 black, as a viewer would show it. Only grey DICOM films have levels."""

    grey: Grey
    levels: Levels | None = None


def read_film(content: bytes, window: Window | None = None) -> Film:
    """The film of a DICOM, PNG or JPEG file. `window` replaces that of a DICOM file. Raises ImageError."""
    if len(content) > MAX_BYTES:
        raise ImageError(UnreadReason.TOO_LARGE, f"the image file has {len(content)} bytes, more than {MAX_BYTES}")
    if content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return Film(_read_picture(content))
    # Imported for the first DICOM file: this takes a second, which PNG and JPEG do not need.
    from vlmkg.image.dicom_pixels import read_windowed  # noqa: PLC0415

    return Film(*read_windowed(content, window))


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
