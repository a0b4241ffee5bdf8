"""Phantom films as files: PNG of 8 or 16 bits, and DICOM (CR, 16 bits). Identifiers are under the UUID root 2.25."""

import io
from enum import StrEnum
from hashlib import sha256
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from training.synthetic.film import Grey


class FilmFormat(StrEnum):
    """The file of a film."""

    PNG8 = "png8"
    PNG16 = "png16"
    DICOM = "dicom"


def film_file(film: Grey, film_format: FilmFormat, study: str, patient: str) -> bytes:
    """The film as a file. `study` and `patient` are its names in DICOM; PNG has none."""
    if film_format is FilmFormat.PNG8:
        return _png(np.round(film * 255).astype(np.uint8))
    if film_format is FilmFormat.PNG16:
        return _png(_whole(film))
    facts = {
        "StudyInstanceUID": uid(study),
        "SeriesInstanceUID": uid(study, "series"),
        "SOPInstanceUID": uid(study, "film"),
        "AccessionNumber": study[:16],
        "PatientID": patient,
        "PatientName": f"SYNTHETIC^{patient}",
        "StudyDate": "20260101",
        "StudyTime": "120000",
    }
    return part10(film_dataset(film, **facts))


def uid(*names: str) -> str:
    """A UID from names: the same names give the same UID (PS3.5 B.2, UUID-derived)."""
    return f"2.25.{int.from_bytes(sha256('/'.join(names).encode()).digest()[:15], 'big')}"


def film_dataset(film: Grey, **facts: Any) -> Dataset:
    """A CR object of an (H, W) film: 16 bits, MONOCHROME2, PA, marked as a phantom; `facts` by DICOM keyword."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.ImplementationClassUID = UID(uid("vlmkg", "synthetic"))
    made.SOPClassUID, made.Modality = ComputedRadiographyImageStorage, "CR"
    made.Manufacturer, made.ImageComments = "VLM-KG SYNTHETIC PHANTOM", "SYNTHETIC: a phantom, no film of anybody"
    made.BodyPartExamined, made.ViewPosition, made.InstanceNumber = "CHEST", "PA", 1
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.Rows, made.Columns = film.shape
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
    made.PixelData = _whole(film).astype("<u2").tobytes()
    for keyword, value in facts.items():
        setattr(made, keyword, value)
    return made


def part10(dataset: Dataset) -> bytes:
    """The object as a file (PS3.10)."""
    file = io.BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def _whole(film: Grey) -> np.ndarray:
    return np.round(film * 65535).astype(np.uint16)


def _png(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, format="PNG")
    return file.getvalue()
