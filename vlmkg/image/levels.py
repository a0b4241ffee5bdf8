"""The grey values of a DICOM film, and the window under which it is shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """A window (PS3.3 C.11.2.1.2), in the units of the film's grey values after the modality LUT. `width` > 0."""

    center: float
    width: float


@dataclass(frozen=True, slots=True)
class Levels:
    """The least and the greatest grey value of a film, and the window under which it is shown.

    `window` is None for a film that is shown by a VOI LUT. `inverted`: greater values are darker.
    """

    least: float
    greatest: float
    window: Window | None
    inverted: bool
