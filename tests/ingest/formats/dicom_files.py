"""Synthetic DICOM objects, written by pydicom."""

import io
from collections.abc import Sequence
from typing import Any

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

CR = "1.2.840.10008.5.1.4.1.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
CT = "1.2.840.10008.5.1.4.1.1.2"


def film(*, pixels: bytes = b"\0\1" * 16, **fields: Any) -> Dataset:
    """A film of 4 x 4 pixels."""
    defaults = {
        "SOPClassUID": DX,
        "SOPInstanceUID": "1.2.3.1",
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.0",
        "PatientID": "P1",
        "IssuerOfPatientID": "HOSP",
        "PatientName": "Synthetic^Patient",
        "PatientSex": "F",
        "PatientBirthDate": "19610504",
        "AccessionNumber": "A1",
        "StudyDate": "20260102",
        "StudyTime": "101112",
        "Modality": "DX",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "StudyDescription": "XR Chest 2 views",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": 4,
        "Columns": 4,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
    }
    found = _dataset(defaults | fields)
    found.PixelData = pixels
    return found


def text_item(words: str, name: tuple[str, str, str] = ("121071", "DCM", "Finding"), **fields: Any) -> Dataset:
    """A TEXT content item."""
    return item("TEXT", name, TextValue=words, **fields)


def code_item(meaning: str, name: tuple[str, str, str] = ("121071", "DCM", "Finding"), **fields: Any) -> Dataset:
    """A CODE content item."""
    return item("CODE", name, ConceptCodeSequence=[code("C", "99X", meaning)], **fields)


def container(name: tuple[str, str, str], *content: Dataset) -> Dataset:
    """A CONTAINER content item."""
    return item("CONTAINER", name, ContinuityOfContent="SEPARATE", ContentSequence=list(content))


def item(kind: str, name: tuple[str, str, str], **fields: Any) -> Dataset:
    """A content item of any kind."""
    defaults = {"RelationshipType": "CONTAINS", "ValueType": kind, "ConceptNameCodeSequence": [code(*name)]}
    return _dataset(defaults | fields)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded concept."""
    return _dataset({"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning})


FINDINGS = ("121070", "DCM", "Findings")
IMPRESSIONS = ("121072", "DCM", "Impressions")


def report(*content: Dataset, **fields: Any) -> Dataset:
    """A structured report; of its own content where none is given."""
    own = (container(FINDINGS, text_item("No pneumothorax.")), container(IMPRESSIONS, text_item("Normal chest.")))
    defaults = {
        "SOPClassUID": BASIC_TEXT_SR,
        "SOPInstanceUID": "1.2.3.9",
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.8",
        "PatientID": "P1",
        "IssuerOfPatientID": "HOSP",
        "AccessionNumber": "A1",
        "Modality": "SR",
        "ContentDate": "20260102",
        "ContentTime": "120000",
        "CompletionFlag": "COMPLETE",
        "VerificationFlag": "VERIFIED",
        "ValueType": "CONTAINER",
        "ConceptNameCodeSequence": [code("18748-4", "LN", "Diagnostic imaging report")],
        "ContentSequence": list(content or own),
    }
    return _dataset(defaults | fields)


def predecessor(instance: str, study: str = "1.2.3") -> Dataset:
    """A reference to the document before."""
    instances = _dataset({"ReferencedSOPClassUID": BASIC_TEXT_SR, "ReferencedSOPInstanceUID": instance})
    series = _dataset({"SeriesInstanceUID": "1.2.3.8", "ReferencedSOPSequence": [instances]})
    return _dataset({"StudyInstanceUID": study, "ReferencedSeriesSequence": [series]})


def part10(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The object as a file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", DX)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2")
    stream = io.BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def bare(dataset: Dataset, *, implicit: bool = True, little: bool = True) -> bytes:
    """The data set alone, without preamble and file meta information."""
    stream = io.BytesIO()
    dcmwrite(stream, dataset, implicit_vr=implicit, little_endian=little)
    return stream.getvalue()


def _dataset(fields: dict[str, Any] | Sequence[Any]) -> Dataset:
    found = Dataset()
    for name, value in dict(fields).items():
        if value is not None:
            setattr(found, name, value)
    return found
