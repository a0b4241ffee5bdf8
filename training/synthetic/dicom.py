"""Phantom films as files: PNG of 8 or 16 bits, and DICOM (CR, 16 bits) by a writer of the few elements it needs.

DICOM PS3.10 (file format) and PS3.5 7.1 (explicit VR little endian). Identifiers are under the UUID root 2.25.
"""

import io
import struct
from enum import StrEnum
from hashlib import sha256

import numpy as np
from PIL import Image

from training.synthetic.film import Grey

CR_STORAGE = "1.2.840.10008.5.1.4.1.1.1"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_LONG_FORM = frozenset({"OB", "OW"})
"""Value representations whose length takes four bytes (PS3.5 7.1.2)."""


class FilmFormat(StrEnum):
    """The file of a film."""

    PNG8 = "png8"
    PNG16 = "png16"
    DICOM = "dicom"


def film_file(film: Grey, film_format: FilmFormat, study: str, patient: str) -> bytes:
    """The film as a file. `study` and `patient` are its names in DICOM; PNG holds none."""
    if film_format is FilmFormat.PNG8:
        return _png(np.round(film * 255).astype(np.uint8))
    whole = np.round(film * 65535).astype(np.uint16)
    return _png(whole) if film_format is FilmFormat.PNG16 else to_dicom(whole, study, patient)


def uid(*names: str) -> str:
    """A UID made of names: the same names give the same (PS3.5 B.2, as of a UUID)."""
    return f"2.25.{int.from_bytes(sha256('/'.join(names).encode()).digest()[:15], 'big')}"


def to_dicom(film: np.ndarray, study: str, patient: str) -> bytes:
    """A CR file of an (H, W) film of 16 bits, MONOCHROME2, of a synthetic patient."""
    rows, columns = film.shape
    instance = uid(study, "film")
    meta = _elements(
        (0x0002, 0x0001, "OB", b"\x00\x01"),
        (0x0002, 0x0002, "UI", CR_STORAGE),
        (0x0002, 0x0003, "UI", instance),
        (0x0002, 0x0010, "UI", EXPLICIT_LITTLE_ENDIAN),
        (0x0002, 0x0012, "UI", uid("vlmkg", "synthetic")),
    )
    body = _elements(
        (0x0008, 0x0016, "UI", CR_STORAGE),
        (0x0008, 0x0018, "UI", instance),
        (0x0008, 0x0020, "DA", "20260101"),
        (0x0008, 0x0030, "TM", "120000"),
        (0x0008, 0x0050, "SH", study[:16]),
        (0x0008, 0x0060, "CS", "CR"),
        (0x0008, 0x0070, "LO", "VLM-KG SYNTHETIC PHANTOM"),
        (0x0010, 0x0010, "PN", f"SYNTHETIC^{patient}"),
        (0x0010, 0x0020, "LO", patient),
        (0x0018, 0x0015, "CS", "CHEST"),
        (0x0018, 0x5101, "CS", "PA"),
        (0x0020, 0x000D, "UI", uid(study)),
        (0x0020, 0x000E, "UI", uid(study, "series")),
        (0x0020, 0x0013, "IS", "1"),
        (0x0028, 0x0002, "US", 1),
        (0x0028, 0x0004, "CS", "MONOCHROME2"),
        (0x0028, 0x0010, "US", rows),
        (0x0028, 0x0011, "US", columns),
        (0x0028, 0x0100, "US", 16),
        (0x0028, 0x0101, "US", 16),
        (0x0028, 0x0102, "US", 15),
        (0x0028, 0x0103, "US", 0),
        (0x7FE0, 0x0010, "OW", film.astype("<u2").tobytes()),
    )
    length = _elements((0x0002, 0x0000, "UL", struct.pack("<I", len(meta))))
    return b"\0" * 128 + b"DICM" + length + meta + body


def _elements(*elements: tuple[int, int, str, str | int | bytes]) -> bytes:
    return b"".join(_element(*element) for element in elements)


def _element(group: int, number: int, representation: str, value: str | int | bytes) -> bytes:
    if isinstance(value, int):
        content = struct.pack("<H", value)
    else:
        content = value if isinstance(value, bytes) else value.encode("ascii")
    if len(content) % 2:
        content += b"\0" if representation in {"UI", "OB"} else b" "
    head = struct.pack("<HH", group, number) + representation.encode()
    size = struct.pack("<HI", 0, len(content)) if representation in _LONG_FORM else struct.pack("<H", len(content))
    return head + size + content


def _png(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, format="PNG")
    return file.getvalue()
