"""Pixels of a DICOM film as a viewer shows them: modality LUT, VOI LUT or window, polarity (PS3.3 C.7.6.3, C.11)."""

import io
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut, apply_voi
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from vlmkg.image.codestream import sniff
from vlmkg.image.grey import Grey, ImageError, check_size, luminance, stretched
from vlmkg.image.levels import Levels, Window
from vlmkg.reading_codes import UnreadReason

# Invalid values in unused fields do not matter, and warnings would put them into the logs.
config.settings.reading_validation_mode = config.IGNORE

_FAULTS = (
    AttributeError,
    BytesLengthException,
    EOFError,
    IndexError,
    InvalidDicomError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""Errors of pydicom and its decoders for damaged files. It decodes lazily, so they can occur anywhere."""
_ITEM = b"\xfe\xff\x00\xe0"

PLAIN_SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)

STRIP = 1_000_000
"""Pixels that are scaled at a time."""

Values = npt.NDArray[Any]
Scale = Callable[[Values], Grey]


def read_windowed(content: bytes, window: Window | None) -> tuple[Grey, Levels | None]:
    """(H, W) grey in [0, 1], 0 black, of a DICOM file, with or without preamble and file meta, and its levels.

    `window` replaces the file's own VOI LUT or window. Films in colour have no levels. Raises ImageError.
    """
    try:
        dataset = dcmread(io.BytesIO(content), force=True)
        _check(dataset)
        return _shown(dataset, window)
    except ImageError:
        raise
    except _FAULTS as error:
        raise ImageError(UnreadReason.UNREADABLE, f"the DICOM image cannot be read: {type(error).__name__}") from error


def _check(dataset: Dataset) -> None:
    """Refuse objects without a single film, or with too large a one, before decoding. Add a missing transfer syntax."""
    if "SOPClassUID" not in dataset and "Rows" not in dataset:
        raise ImageError(UnreadReason.UNREADABLE, "the file is not DICOM, PNG or JPEG")
    if "PixelData" not in dataset:
        raise ImageError(UnreadReason.NO_PIXELS, "the DICOM object has no integer pixels, so it is not a film")
    check_size(int(dataset.Rows), int(dataset.Columns))
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise ImageError(UnreadReason.MANY_FRAMES, "the DICOM object has several frames, so it is not a single film")
    stored = sniff(_first_frame(dataset)) if _is_encapsulated(dataset) else None
    if stored is not None:
        check_size(stored.rows, stored.columns)
    if "file_meta" not in dataset.__dict__ or "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = stored.syntax if stored else _plain_syntax(dataset)


def _is_encapsulated(dataset: Dataset) -> bool:
    return bool(dataset["PixelData"].is_undefined_length or dataset.PixelData[:4] == _ITEM)


def _first_frame(dataset: Dataset) -> bytes:
    return next(iter(generate_frames(dataset.PixelData, number_of_frames=1)), b"")


def _plain_syntax(dataset: Dataset) -> UID:
    """The uncompressed syntax with which the data set was read. Raises ImageError for frames of an unknown codec."""
    if _is_encapsulated(dataset):
        raise ImageError(
            UnreadReason.UNSUPPORTED_ENCODING, "the DICOM object does not say how its pixels are compressed"
        )
    implicit, little = dataset.original_encoding
    if not little:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _shown(dataset: Dataset, window: Window | None) -> tuple[Grey, Levels | None]:
    polarity = str(dataset.PhotometricInterpretation)
    _require_decoder(dataset.file_meta.TransferSyntaxUID)
    stored: Values = dataset.pixel_array
    colours = int(dataset.get("SamplesPerPixel") or 1)
    if stored.ndim != (2 if colours == 1 else 3):
        # The decoder takes pixels beyond rows and columns for further frames.
        raise ImageError(UnreadReason.UNREADABLE, "the film has more pixels than its rows and columns")
    if colours == 3:
        return luminance(stored, white=float(2 ** int(dataset.BitsStored) - 1)), None
    if polarity not in {"MONOCHROME1", "MONOCHROME2"}:
        raise ImageError(UnreadReason.UNSUPPORTED_ENCODING, "the film is neither grey nor RGB")
    inverted, ends = polarity == "MONOCHROME1", _exposed_ends(stored, dataset)
    shown = _strip_by_strip(stored, dataset, _scale_of(dataset, window, ends), inverted=inverted)
    if not np.isfinite(shown).all():  # a slope or window that is not a number
        raise ImageError(UnreadReason.UNREADABLE, "the film's grey values are not numbers")
    return shown, _levels(ends, dataset, window, inverted=inverted)


def _levels(ends: tuple[Any, Any] | None, dataset: Dataset, window: Window | None, *, inverted: bool) -> Levels | None:
    """The levels of the exposed pixels; None if there are none. The file's own window, where no other was asked for."""
    if ends is None:
        return None
    least, greatest = float(ends[0]), float(ends[1])
    if window is None and not dataset.get("VOILUTSequence"):
        window = _own_window(dataset) or Window((least + greatest) / 2, max(greatest - least, 1.0))
    return Levels(least, greatest, window, inverted)


def _own_window(dataset: Dataset) -> Window | None:
    if dataset.get("WindowCenter") is None or dataset.get("WindowWidth") is None:
        return None
    center, width = _first(dataset.WindowCenter), _first(dataset.WindowWidth)
    return Window(center, width) if width > 0 else None


def _strip_by_strip(stored: Values, dataset: Dataset, scale: Scale, *, inverted: bool) -> Grey:
    """The film, some rows at a time: the steps between need 20 bytes and more per pixel."""
    shown: Grey = np.empty(stored.shape, dtype=np.float32)
    for rows in _strips(stored):
        part = stored[rows]
        grey = scale(apply_modality_lut(part, dataset))
        shown[rows] = np.float32(1) - grey if inverted else grey
        shown[rows][_padding(part, dataset)] = 0.0
    return shown


def _strips(stored: Values) -> Iterator[slice]:
    height = max(1, STRIP // stored.shape[1])
    return (slice(start, start + height) for start in range(0, stored.shape[0], height))


def _require_decoder(syntax: UID) -> None:
    try:
        available = syntax in PLAIN_SYNTAXES or get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise ImageError(UnreadReason.UNSUPPORTED_ENCODING, "the film's compression is not supported")


def _padding(stored: Values, dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Unexposed pixels: the padding value, or the range up to its limit (PS3.3 C.7.5.1.1.2)."""
    if dataset.get("PixelPaddingValue") is None:
        return np.zeros(stored.shape, dtype=bool)
    ends = (int(dataset.PixelPaddingValue), int(dataset.get("PixelPaddingRangeLimit", dataset.PixelPaddingValue)))
    within: npt.NDArray[np.bool_] = (stored >= min(ends)) & (stored <= max(ends))
    return within


def _scale_of(dataset: Dataset, window: Window | None, ends: tuple[Any, Any] | None) -> Scale:
    """What scales values to [0, 1]: the window that is asked for, else the first VOI LUT, else the first window, else
    the least and greatest exposed value."""
    if window is not None:
        return lambda values: _window(values.astype(np.float64), window.center, window.width, "LINEAR_EXACT")
    if dataset.get("VOILUTSequence"):
        white = np.float32(2 ** int(dataset.VOILUTSequence[0].LUTDescriptor[2]) - 1)
        return lambda values: (apply_voi(values, dataset).astype(np.float32) / white).clip(0.0, 1.0)
    if own := _own_window(dataset):
        function = str(dataset.get("VOILUTFunction") or "LINEAR")
        return lambda values: _window(values.astype(np.float64), own.center, own.width, function)
    if ends is None:
        return lambda values: np.zeros(values.shape, dtype=np.float32)
    least, greatest = ends
    return lambda values: stretched(values.clip(least, greatest), least, greatest)


def _exposed_ends(stored: Values, dataset: Dataset) -> tuple[Any, Any] | None:
    """The least and the greatest exposed value; None if all is padding."""
    found: list[Any] = []
    for rows in _strips(stored):
        exposed = apply_modality_lut(stored[rows], dataset)[~_padding(stored[rows], dataset)]
        found += (exposed.min(), exposed.max()) if exposed.size else ()
    return (min(found), max(found)) if found else None


def _window(values: npt.NDArray[np.float64], center: float, width: float, function: str) -> Grey:
    """The window's three functions (PS3.3 C.11.2.1.2 and C.11.2.1.3), in [0, 1]."""
    if function == "SIGMOID":
        grey = 1 / (1 + np.exp((-4 * (values - center) / width).clip(-700, 700)))
    elif function == "LINEAR_EXACT":
        grey = (values - center) / width + 0.5
    else:
        grey = (values - (center - 0.5)) / max(width - 1, 1e-9) + 0.5
    shown: Grey = grey.clip(0.0, 1.0).astype(np.float32)
    return shown


def _first(value: Any) -> float:
    """The first of one or several values."""
    return float(value[0] if isinstance(value, MultiValue) else value)
