"""A report as a DICOM structured report, in the ways that the standard allows and senders have: how sections are named
and nested, by which relationship a sentence stands where it does, what stands beside it, the character set, lengths,
the transfer syntax, and the file around it.
"""

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from random import Random
from typing import Any

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from benchmarks.variants.model import Report

Code = tuple[str, str, str]
"""Value, scheme, meaning."""

_SECTIONS: dict[str, tuple[Code, ...]] = {
    "FINDINGS": (
        ("121070", "DCM", "Findings"),
        ("59776-5", "LN", "Procedure Findings"),
        ("18782-3", "LN", "Radiology Study observation"),
        ("F1", "99VENDOR", "Findings:"),
        ("F2", "99VENDOR", "FINDINGS"),
        ("121070", "DCM", "Befund"),
    ),
    "IMPRESSION": (
        ("121072", "DCM", "Impressions"),
        ("121076", "DCM", "Conclusions"),
        ("19005-8", "LN", "Radiology - Impression"),
        ("I1", "99VENDOR", "Impression"),
        ("121072", "99VENDOR", "Conclusion"),
    ),
    "INDICATION": (
        ("121109", "DCM", "Indications for Procedure"),
        ("18785-6", "LN", "Radiology Reason for study"),
        ("H1", "99VENDOR", "Clinical History"),
    ),
}
_TEXT = ("T", "99VENDOR", "Text")
_ITEMS: dict[str, tuple[Code, ...]] = {
    "FINDINGS": (("121071", "DCM", "Finding"), _TEXT, ("121070", "DCM", "Findings")),
    "IMPRESSION": (("121073", "DCM", "Impression"), ("R", "99VENDOR", "Report text")),
    "INDICATION": (_TEXT, ("121071", "DCM", "Finding")),
}
_FORMS: tuple[Callable[[str], str], ...] = (
    str,
    "{} ".format,
    "{}\r\n".format,
    "\n{}".format,
    "<p>{}</p>".format,
    "<html><body><div>{}</div></body></html>".format,
)
_CHARSETS = ("ISO_IR 192", "ISO_IR 100", "ISO 2022 IR 100", "ISO_IR 148", "ISO_IR 109", "GB18030")
_SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian)
_OBSERVER: dict[str, Any] = {"RelationshipType": "HAS OBS CONTEXT"}


def variants(report: Report, seed: int) -> bytes:
    """The report in one of the ways. The same seed gives the same bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of dates with points
        return _Writer(report, Random(f"{report.number}/{seed}")).object()


def instance_of(report: Report) -> str:
    """The SOPInstanceUID, which is the report's id in DICOM."""
    return f"{report.study_uid}.2"


@dataclass(frozen=True)
class _Writer:
    """Writes one object."""

    report: Report
    random: Random

    def object(self) -> bytes:
        content = [part for heading, lines in self.report.sections for part in self._section(heading, lines)]
        while self.random.random() < 0.3:
            content = [self._item("CONTAINER", ("B", "99VENDOR", self.random.choice(("Body", "Section"))), content)]
        dataset = _dataset(
            SOPClassUID=f"1.2.840.10008.5.1.4.1.1.88.{self.random.choice((11, 22, 33, 34))}",
            SOPInstanceUID=instance_of(self.report),
            SeriesInstanceUID=f"{self.report.study_uid}.1",
            StudyInstanceUID=self.report.study_uid,
            SpecificCharacterSet=self.random.choice(_CHARSETS),
            Modality="SR",
            AccessionNumber=self.report.accession,
            StudyDescription=self.report.procedure,
            CompletionFlag="COMPLETE",
            ValueType="CONTAINER",
            ConceptNameCodeSequence=[_code(("18748-4", "LN", "Diagnostic imaging report"))],
            ContentSequence=content,
            **self._patient(),
            **self._times(),
            **self._signature(),
        )
        self._lengths(dataset)
        self._strangers(dataset)
        return self._file(dataset)

    def _section(self, heading: str, lines: Sequence[str]) -> list[Dataset]:
        placed: list[Dataset] = []
        last: Dataset | None = None
        for words in lines:
            item = self._sentence(heading, words)
            if last is not None and heading == "FINDINGS" and self.random.random() < 0.25:
                # Below the sentence before: it is read after it all the same.
                item.RelationshipType = self.random.choice(("HAS PROPERTIES", "INFERRED FROM"))
                last.ContentSequence = [*last.get("ContentSequence", []), item]
            elif self.random.random() < 0.2:
                placed.append(self._item("CONTAINER", ("S", "99VENDOR", "Section"), [item]))
            else:
                placed.append(item)
            placed += self._beside()
            last = item
        return [*self._beside(), self._item("CONTAINER", self.random.choice(_SECTIONS[heading]), placed)]

    def _sentence(self, heading: str, words: str) -> Dataset:
        marked = any(sign in words for sign in "<&")
        form = self.random.choices(_FORMS, [10, 2, 2, 1, 0 if marked else 1, 0 if marked else 1])[0]
        item = self._item("TEXT", self.random.choice(_ITEMS[heading]), TextValue=form(words))
        if self.random.random() < 0.1:
            del item.RelationshipType
        if self.random.random() < 0.05:
            del item.ValueType
        return item

    def _item(self, kind: str, name: Code, content: Sequence[Dataset] = (), **fields: Any) -> Dataset:
        """A content item. The code of its name may be of any kind of code value."""
        keyword = "CodeValue" if self.random.random() < 0.8 else self.random.choice(("LongCodeValue", "URNCodeValue"))
        given = {"RelationshipType": "CONTAINS", "ConceptNameCodeSequence": [_code(name, keyword)]} | fields
        return _dataset(ValueType=kind, **given, **({"ContentSequence": list(content)} if content else {}))

    def _beside(self) -> list[Dataset]:
        """What may stand anywhere and says nothing of the patient."""
        kinds: tuple[Callable[[], Dataset], ...] = (
            lambda: self._item("PNAME", ("121008", "DCM", "Person Observer Name"), **_OBSERVER),
            lambda: self._item("UIDREF", ("121012", "DCM", "Device Observer UID"), **_OBSERVER),
            lambda: self._item("IMAGE", ("260753009", "SCT", "Source")),
            lambda: self._item(
                "CODE",
                ("121049", "DCM", "Language of Content Item and Descendants"),
                RelationshipType="HAS CONCEPT MOD",
                ConceptCodeSequence=[_code(("eng", "RFC5646", "English"))],
            ),
        )
        return [self.random.choice(kinds)() for _ in range(self.random.choice((0, 0, 0, 1, 2)))]

    def _patient(self) -> dict[str, Any]:
        born = self.report.born.replace("-", self.random.choice(("", ".")))
        fields: dict[str, Any] = {
            "PatientID": f"{self.report.patient}{self.random.choice(('', ' '))}",
            "PatientSex": self.report.sex[0].upper(),
            "PatientBirthDate": born,
        }
        if self.random.random() < 0.5:
            return fields | {"IssuerOfPatientID": self.report.authority}
        qualifiers = _dataset(UniversalEntityID=self.report.authority, UniversalEntityIDType="URI")
        return fields | {"IssuerOfPatientIDQualifiersSequence": [qualifiers]}

    def _times(self) -> dict[str, str]:
        """Study and content, in one zone that the object names or, as UTC, does not."""
        hours = self.random.choice((0, 0, 2, -5))
        zone = timezone(timedelta(hours=hours))
        started, issued = self.report.started.astimezone(zone), self.report.issued.astimezone(zone)
        day, time = self.random.choice((("%Y%m%d", "%H%M%S"), ("%Y.%m.%d", "%H:%M:%S"), ("%Y%m%d", "%H%M%S.000000")))
        found = {
            "StudyDate": started.strftime(day),
            "StudyTime": started.strftime(time),
            "ContentDate": issued.strftime(day),
            "ContentTime": issued.strftime(time),
        }
        if hours or self.random.random() < 0.5:
            found["TimezoneOffsetFromUTC"] = issued.strftime("%z")
        return found

    def _signature(self) -> dict[str, Any]:
        return self.random.choice(
            ({"VerificationFlag": "VERIFIED"}, {"VerificationFlag": "UNVERIFIED", "PreliminaryFlag": "FINAL"})
        )

    def _lengths(self, dataset: Dataset) -> None:
        for element in list(dataset.iterall()):
            if element.VR == "SQ" and isinstance(element.value, Items):
                element.is_undefined_length = self.random.random() < 0.5
                for each in element.value:
                    each.is_undefined_length_sequence_item = self.random.random() < 0.5

    def _strangers(self, dataset: Dataset) -> None:
        """Private elements, and group lengths that are wrong."""
        if self.random.random() < 0.5:
            block = dataset.private_block(0x0009, "VENDOR", create=True)
            block.add_new(0x01, "LO", "Something of its own")
            block.add_new(0x02, "SQ", [_dataset(StudyDescription="inside")])
        if self.random.random() < 0.3:
            dataset.add_new(0x00080000, "UL", self.random.randrange(1 << 16))

    def _file(self, dataset: Dataset) -> bytes:
        syntax = self.random.choice(_SYNTAXES)
        form = self.random.choice(("file", "file", "no preamble", "bare"))
        stream = io.BytesIO()
        if form == "bare" and syntax in {ImplicitVRLittleEndian, ExplicitVRLittleEndian}:
            dcmwrite(stream, dataset, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
            return stream.getvalue()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        dcmwrite(stream, dataset, enforce_file_format=True)
        return stream.getvalue()[132 if form == "no preamble" else 0 :]


def _code(code: Code, keyword: str = "CodeValue") -> Dataset:
    return _dataset(**{keyword: code[0]}, CodingSchemeDesignator=code[1], CodeMeaning=code[2])


def _dataset(**fields: Any) -> Dataset:
    found = Dataset()
    for name, value in fields.items():
        setattr(found, name, value)
    return found
