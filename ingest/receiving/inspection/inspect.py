"""Take a message apart, and mark the part for which it was refused."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from ingest.errors import Reason
from ingest.formats.hl7.charset import charsets, declared_charset
from ingest.formats.origin import Format
from ingest.ledger.events.events import Event
from ingest.receiving.inspection import hl7, json_values, xml_elements
from ingest.receiving.inspection.parts import MOST_PARTS, TEXT_SHOWN, Inspected, Part, part

_SEEN: dict[Format, Callable[[str], Iterator[Part]]] = {
    Format.HL7: hl7.fields,
    Format.FHIR: json_values.values,
    Format.GRAPHQL: json_values.values,
    Format.OPENI: xml_elements.elements,
}
_ANYTHING = {"syntax", "tag", "damaged"}
_TEXTS = (
    "OBX-5",
    "TXA-2",
    "presentedForm",
    "conclusion",
    "text.div",
    "report.text",
    "ContentSequence",
    "Abstract",
    "text",
)
_PROBLEMS: dict[Reason, tuple[str, ...]] = {
    Reason.WRONG_MESSAGE_TYPE: ("MSH-9", "resourceType"),
    Reason.WRONG_PROCESSING_ID: ("MSH-11",),
    Reason.BAD_ENCODING: ("MSH-18", "SpecificCharacterSet"),
    Reason.FRAGMENT: ("MSH-14", "ADD-1", "DSC-1"),
    Reason.NO_PATIENT: ("PID-3", "subject", "PatientID"),
    Reason.NOT_RADIOLOGY: ("OBR-4", "OBR-24", "TXA-2", "category", "code"),
    Reason.NO_REPORT_TEXT: _TEXTS,
    Reason.UNSUPPORTED_TEXT: _TEXTS,
    Reason.UNSUPPORTED_FORMAT: ("OBX-2", "OBX-5", "presentedForm", "SOPClassUID"),
    Reason.UNSAFE_XML: (xml_elements.DECLARED, *_TEXTS),
    Reason.IDENTITY_MISMATCH: ("SOPInstanceUID", "StudyInstanceUID", "SOPClassUID", "id"),
}
"""The parts that a reason is about, in every format. What the event's detail names comes first."""
_EXPECTED: dict[tuple[Format, Reason], str] = {
    (Format.HL7, Reason.NO_PATIENT): "PID-3",
    (Format.HL7, Reason.NO_REPORT_TEXT): "OBX-5",
    (Format.HL7, Reason.UNREADABLE): "MSH",
    (Format.FHIR, Reason.NO_PATIENT): "subject",
    (Format.FHIR, Reason.NO_REPORT_TEXT): "presentedForm",
    (Format.FHIR, Reason.WRONG_MESSAGE_TYPE): "resourceType",
    (Format.DICOM, Reason.NO_PATIENT): "PatientID",
    (Format.DICOM, Reason.NO_REPORT_TEXT): "ContentSequence",
    (Format.OPENI, Reason.NO_REPORT_TEXT): "AbstractText",
}
"""A part that is the problem because it is missing."""
MOST_MARKS = 20
"""Places of bytes that fit no character set."""


def inspected(event: Event, raw: bytes) -> Inspected:
    """The message of an event, with what it was refused for."""
    return inspect(Format(event.format), raw, event.reason, event.detail)


def inspect(format: Format, raw: bytes, reason: str | None = None, detail: str | None = None) -> Inspected:  # noqa: A002
    """The message as text and its parts. `reason` and `detail` are those of a refused event.

    It takes time in proportion to TEXT_SHOWN (a film: to its number of elements) and refuses nothing.
    """
    if format is Format.DICOM:
        from ingest.receiving.inspection import dicom  # noqa: PLC0415 - most processes read no DICOM objects

        whole, parts = dicom.lines(raw)
    else:
        whole = _decoded(format, raw)
        parts = list(islice(_SEEN.get(format, _whole)(whole[:TEXT_SHOWN]), MOST_PARTS + 1))
    cut = len(whole) > TEXT_SHOWN or len(parts) > MOST_PARTS
    if cut:
        # Where the text was cut it seems to be damaged.
        parts = [one for one in parts[:MOST_PARTS] if one.name not in _ANYTHING]
    text = whole[:TEXT_SHOWN]
    shown = [one for one in parts if one.end is None or one.end <= len(text)]
    if reason in set(Reason):
        shown = _with_problems(format, text, shown, Reason(reason), detail or "", cut=cut)
    return Inspected(text, tuple(shown), cut)


def _decoded(format: Format, raw: bytes) -> str:  # noqa: A002
    """The text: as UTF-8, as the message declares, else with U+FFFD for each byte that does not fit."""
    raw = raw[: 4 * TEXT_SHOWN + 4]
    declared = (charsets(declared_charset(raw)) or ()) if format is Format.HL7 else ()
    for charset in ("utf-8", *declared):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    return raw.decode(errors="replace")


def _whole(text: str) -> Iterator[Part]:
    if text:
        yield part("text", text, 0, len(text))


def _with_problems(
    format: Format,  # noqa: A002
    text: str,
    parts: list[Part],
    reason: Reason,
    detail: str,
    *,
    cut: bool,
) -> list[Part]:
    if reason is Reason.BAD_ENCODING:
        marks = (mark.start() for mark in islice(re.finditer("\ufffd+", text), MOST_MARKS))
        parts = [*parts, *(part("character", text, at, at + 1, problem=True) for at in marks)]
    told = _named_in(detail)
    for names in (told, _PROBLEMS.get(reason, ())):
        if any(_is(one, names) for one in parts):
            return [replace(one, problem=True) if _is(one, names) else one for one in parts]
    if any(one.problem for one in parts) or cut:
        return parts
    missing = told[0] if told else _EXPECTED.get((format, reason))
    if missing is None:
        # Neither the reason nor the detail names a part: it is the message as a whole.
        return parts
    return [*parts, Part(missing, "", None, None, problem=True)]


def _named_in(detail: str) -> tuple[str, ...]:
    """Fields, elements and attributes that a detail names: `PID-3`, `SOPInstanceUID`, those after `R4 has them: `."""
    paths = detail.partition("as FHIR R4 has them: ")[2].split(" ", 1)
    if len(paths) == 2:
        return tuple(path.strip() for path in paths[1].split(","))
    return tuple(re.findall(r"\b(?:[A-Z][A-Z0-9]{2}-\d+|[A-Z]\w+UID)\b", detail))


def _is(one: Part, names: Iterable[str]) -> bool:
    plain = re.sub(r"\[\d+\]", "", one.name)
    return any(re.search(rf"(^|[./]){re.escape(name)}($|[./])", plain, re.IGNORECASE) for name in names)
