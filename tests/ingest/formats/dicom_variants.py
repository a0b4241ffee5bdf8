"""One report written as a structured report in many ways that the standard, or the field, allows. All say the same.

What varies: how sections are named and nested, by which relationship a sentence stands where it does, what stands
beside it, the character set, the value representation, lengths, the transfer syntax, and the file around it.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from pydicom import Dataset, dcmwrite
from pydicom.sequence import Sequence as ItemSequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.ingest.formats.dicom_files import code_item, container, item, part10, report, text_item

FINDINGS, IMPRESSION, HISTORY, COMPARISON = "findings", "impression", "history", "comparison"

_NAMES: dict[str, list[tuple[str, str, str]]] = {
    FINDINGS: [
        ("121070", "DCM", "Findings"),
        ("59776-5", "LN", "Procedure Findings"),
        ("18782-3", "LN", "Radiology Study observation"),
        ("F1", "99VENDOR", "Findings:"),
        ("F2", "99VENDOR", "FINDINGS"),
        ("121070", "DCM", "Befund"),
    ],
    IMPRESSION: [
        ("121072", "DCM", "Impressions"),
        ("121076", "DCM", "Conclusions"),
        ("19005-8", "LN", "Radiology - Impression"),
        ("I1", "99VENDOR", "Impression"),
        ("121072", "99VENDOR", "Conclusion"),
    ],
    HISTORY: [
        ("121060", "DCM", "History"),
        ("11329-0", "LN", "History General"),
        ("H1", "99VENDOR", "Clinical History"),
    ],
    COMPARISON: [
        ("121068", "DCM", "Previous Findings"),
        ("18834-2", "LN", "Radiology Comparison study"),
        ("C1", "99VENDOR", "Findings of prior exam"),
    ],
}
_ITEM_NAMES = {
    FINDINGS: [("121071", "DCM", "Finding"), ("T", "99VENDOR", "Text"), ("121070", "DCM", "Findings")],
    IMPRESSION: [("121073", "DCM", "Impression"), ("T", "99VENDOR", "Report text")],
    HISTORY: [("T", "99VENDOR", "Text"), ("121071", "DCM", "Finding")],
    COMPARISON: [("121069", "DCM", "Previous Finding"), ("121071", "DCM", "Finding"), ("T", "99VENDOR", "Text")],
}
_CHARSETS = {
    "ISO_IR 192": "utf-8",
    "ISO_IR 100": "latin_1",
    "ISO 2022 IR 100": "latin_1",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 109": "iso8859_3",
    "GB18030": "gb18030",
}
_SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
]


@dataclass(frozen=True)
class ReportModel:
    """What a report says: sections with their sentences, each a whole one, in order."""

    number: int
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    status: str = "F"


def variants(model: ReportModel, seed: int) -> bytes:
    """The report as one DICOM object. The seed alone decides how it is written."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of dates with points
        return _variant(model, seed)


def _variant(model: ReportModel, seed: int) -> bytes:
    random = Random(f"{model.number}/{seed}")
    content = [_section(name, sentences, random) for name, sentences in model.sections]
    content = [part for section in content for part in (*_furniture(random), section)]
    while random.random() < 0.3:
        content = [container(("B", "99VENDOR", random.choice(["Body", "Section", "Report"])), *content)]
    charset = random.choice([name for name, codec in _CHARSETS.items() if _fits(model, codec)])
    dataset = report(*content, **_fields(model, random), SpecificCharacterSet=charset)
    _vary(dataset, random)
    return _written(dataset, random)


def _section(name: str, sentences: tuple[str, ...], random: Random) -> Dataset:
    items = [_sentence(name, words, random) for words in sentences]
    placed: list[Dataset] = []
    last: Dataset | None = None
    for each in items:
        if last is not None and name == FINDINGS and random.random() < 0.25:
            # Below the sentence before: it is written after it all the same.
            each.RelationshipType = random.choice(["HAS PROPERTIES", "INFERRED FROM"])
            last.ContentSequence = [*last.get("ContentSequence", []), each]
        elif random.random() < 0.2:
            placed.append(container(("S", "99VENDOR", "Section"), each))
        else:
            placed.append(each)
        placed += _furniture(random)
        last = each
    return _named_anew(container(random.choice(_NAMES[name]), *placed), random)


def _sentence(name: str, words: str, random: Random) -> Dataset:
    found = text_item(_form(words, random), random.choice(_ITEM_NAMES[name]))
    if random.random() < 0.1:
        del found.RelationshipType
    if random.random() < 0.05:
        del found.ValueType
    return _named_anew(found, random)


def _form(words: str, random: Random) -> str:
    forms: list[Callable[[str], str]] = [
        str,
        lambda text: f"{text} ",
        lambda text: f"{text}\r\n",
        lambda text: f"\n{text}",
        lambda text: f"<p>{text}</p>",
        lambda text: f"<html><body><div>{text}</div></body></html>",
    ]
    return random.choices(forms, [10, 2, 2, 1, 1, 1])[0](words)


def _named_anew(found: Dataset, random: Random) -> Dataset:
    """The code of its name as another kind of code value."""
    name = found.ConceptNameCodeSequence[0]
    if random.random() < 0.2:
        keyword = random.choice(["LongCodeValue", "URNCodeValue"])
        setattr(name, keyword, name.CodeValue)
        del name.CodeValue
    return found


def _furniture(random: Random) -> list[Dataset]:
    """What may stand anywhere and says nothing of the patient."""
    kinds: list[Callable[[], Dataset]] = [
        lambda: code_item("English", ("121049", "DCM", "Language"), RelationshipType="HAS CONCEPT MOD"),
        lambda: item("PNAME", ("121008", "DCM", "Person Observer Name"), RelationshipType="HAS OBS CONTEXT"),
        lambda: code_item("Person", ("121005", "DCM", "Observer Type"), RelationshipType="HAS OBS CONTEXT"),
        lambda: item("UIDREF", ("121012", "DCM", "Device Observer UID"), RelationshipType="HAS OBS CONTEXT"),
        lambda: item("IMAGE", ("260753009", "SCT", "Source")),
    ]
    return [random.choice(kinds)() for _ in range(random.choice([0, 0, 0, 1, 2]))]


def _fits(model: ReportModel, codec: str) -> bool:
    try:
        "".join(words for _, sentences in model.sections for words in sentences).encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _fields(model: ReportModel, random: Random) -> dict[str, Any]:
    signed = random.choice(
        [{"VerificationFlag": "VERIFIED"}, {"VerificationFlag": "UNVERIFIED", "PreliminaryFlag": "FINAL"}]
    )
    flags = signed if model.status == "F" else {"VerificationFlag": "UNVERIFIED"}
    date, time = random.choice([("20260102", "120000"), ("2026.01.02", "12:00:00"), ("20260102", "120000.000000")])
    return {
        "SOPClassUID": f"1.2.840.10008.5.1.4.1.1.88.{random.choice([11, 22, 33, 34])}",
        "SOPInstanceUID": f"1.2.3.9.{model.number}",
        "PatientID": f"P{model.number}",
        "ContentDate": date,
        "ContentTime": time,
        **flags,
    }


def _vary(dataset: Dataset, random: Random) -> None:
    """Lengths of sequences and items, and elements of no consequence."""
    for element in list(dataset.iterall()):
        if element.VR == "SQ" and isinstance(element.value, ItemSequence):
            element.is_undefined_length = random.random() < 0.5
            for each in element.value:
                each.is_undefined_length_sequence_item = random.random() < 0.5
    if random.random() < 0.5:
        block = dataset.private_block(0x0009, "VENDOR", create=True)
        block.add_new(0x01, "LO", "Something of its own")
        inner = Dataset()
        inner.StudyDescription = "inside"
        block.add_new(0x02, "SQ", [inner])
    if random.random() < 0.3:
        dataset.add_new(0x00080000, "UL", random.randrange(1 << 16))


def _written(dataset: Dataset, random: Random) -> bytes:
    syntax = random.choice(_SYNTAXES)
    form = random.choice(["file", "file", "no preamble", "bare"])
    if form == "bare" and syntax in {ImplicitVRLittleEndian, ExplicitVRLittleEndian}:
        stream = io.BytesIO()
        dcmwrite(stream, dataset, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
        return stream.getvalue()
    raw = part10(dataset, syntax)
    return raw[132:] if form == "no preamble" else raw
