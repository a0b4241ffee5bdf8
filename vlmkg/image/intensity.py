"""One preparation of grey values for training and service, so that a film is the same in every file it comes in.

The same film comes as a histogram-equalised JPEG (MIMIC-CXR-JPG), as 8- or 16-bit PNG, or as DICOM with any window. All
of these differ by a rising map of grey values. Equalisation removes such maps: it depends on the order of the grey
values alone, so every form of a film gives the same input, but for the rounding of 8 bits.
"""

from enum import StrEnum

import numpy as np

from vlmkg.image.grey import Grey

_LEVELS = 4096


class Intensity(StrEnum):
    """How the grey values of a film are prepared for an encoder."""

    AS_SHOWN = "as_shown"
    """As a viewer shows the film; for encoders that were trained on films of one source."""
    EQUALISED = "equalised"
    """Each value becomes the share of the film's pixels that are darker, ties in the middle."""


def equalised(grey: Grey) -> Grey:
    """(H, W) grey in [0, 1] -> (H, W): values spread evenly over [0, 1]. A constant film gives 0."""
    low, high = float(grey.min()), float(grey.max())
    if high <= low:
        return np.zeros_like(grey)
    levels = ((grey - low) * ((_LEVELS - 1) / (high - low))).round().astype(np.int64)
    counts = np.bincount(levels.ravel(), minlength=_LEVELS)
    below = np.cumsum(counts) - counts
    shares: Grey = ((below + 0.5 * counts) / grey.size).astype(np.float32)
    even: Grey = shares[levels]
    return even
