"""Messages that are dear to read, in any size: each kind repeats one part of a message without end.

The tests read them in growing sizes, and `python -m benchmarks.abuse` sends them beside an honest sender. All names and
numbers are invented.
"""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from ingest.formats.origin import Format

Maker = Callable[[int], bytes]
"""Makes a message of about the given number of bytes."""

_HEADER = "MSH|^~\\&|RIS|NORTH|VLMKG|WARD|20260301101500||ORU^R01|M1|P|2.5.1\r"
_PATIENT = "PID|1||4711^^^NORTH^MR\r"
_ORDER = "OBR|1|P1|F1^RIS|CXR^XR CHEST^L|||20260301100000||||||||||||||||||F\r"
_TEXT = "OBX|1|FT|GDT^FINDINGS||No pneumothorax.||||||F\r"


def _fill(size: int, head: str, part: str, tail: str = "") -> bytes:
    """`head`, then `part` as often as it fits, then `tail`."""
    times = max((size - len(head) - len(tail)) // len(part), 1)
    return f"{head}{part * times}{tail}".encode()


def _numbered(size: int, head: str, part: Callable[[int], str], tail: str = "") -> bytes:
    """The same with parts that differ by their number."""
    found, length = [head], len(head) + len(tail)
    for number in count(1):
        piece = part(number)
        length += len(piece)
        if length > size and number > 1:
            break
        found.append(piece)
    return ("".join(found) + tail).encode()


def _field(name: str, before: str, part: str, after: str = "\r") -> Maker:
    """A result whose field holds `part` again and again. `name`: which of the segments is replaced."""
    segments = {"PID": _PATIENT, "OBR": _ORDER, "OBX": _TEXT}
    names = [*segments]
    lead = _HEADER + "".join(segments[each] for each in names[: names.index(name)])
    rest = after + "".join(segments[each] for each in names[names.index(name) + 1 :])
    return lambda size: _fill(size, lead + before, part, rest)


_MERGE = _HEADER.replace("ORU^R01", "ADT^A40") + _PATIENT
_RESULT = _HEADER + _PATIENT + _ORDER

HL7: dict[str, Maker] = {
    "PID-3 of separators": _field("PID", "PID|1||", "~", "4711^^^NORTH^MR\r"),
    "PID-3 of identifiers": _field("PID", "PID|1||", "4711^^^NORTH^MR~"),
    "PID-3 of escapes": _field("PID", "PID|1||4711", "\\E\\"),
    "PID-3 of components": _field("PID", "PID|1||4711", "^"),
    "PID-3 of subcomponents": _field("PID", "PID|1||4711^^^NORTH", "&"),
    "PID-5 of repetitions": _field("PID", "PID|1||4711^^^NORTH^MR||", "DOE^JANE~"),
    "MRG-1 of separators": lambda size: _fill(size, _MERGE + "MRG|", "~", "4712^^^NORTH^MR\r"),
    "MRG-1 of identifiers": lambda size: _fill(size, _MERGE + "MRG|", "4712^^^NORTH^MR~", "\r"),
    "merges": lambda size: _numbered(size, _MERGE, lambda n: f"MRG|{n}^^^NORTH^MR\r"),
    "patients of an ADT": lambda size: _numbered(
        size, _HEADER.replace("ORU^R01", "ADT^A08"), lambda n: f"PID|{n}||{n}^^^NORTH^MR\r"
    ),
    "patients": lambda size: _numbered(
        size, _HEADER, lambda n: f"PID|{n}||{n}^^^NORTH^MR\rOBR|1|P{n}|F{n}|CXR^XR CHEST\rOBX|1|TX|||Clear.||||||F\r"
    ),
    "patients with bare orders": lambda size: _numbered(
        size, _HEADER, lambda n: f"PID|{n}||{n}^^^NORTH^MR\rOBR|1|P{n}|F{n}|CXR^XR CHEST\r", _TEXT
    ),
    "orders of one number": lambda size: _fill(
        size, _HEADER + _PATIENT, "OBR|1|P|F|CXR^XR CHEST|||202603011000||||||||||||||||||F\rOBX|1|TX|||Clear.||||||F\r"
    ),
    "orders of one number and many exams": lambda size: _numbered(
        size,
        _HEADER + _PATIENT,
        lambda n: f"OBR|1|P|F|X{n}^{'XR CHEST' if n % 2 else 'CT HEAD'} {n}\rOBX|1|TX|||Clear {n}.||||||F\r",
    ),
    "orders of many numbers": lambda size: _numbered(
        size, _HEADER + _PATIENT, lambda n: f"OBR|1|P{n}|F{n}|CXR^XR CHEST\rOBX|1|TX|||Clear {n}.||||||F\r"
    ),
    "bare orders": lambda size: _numbered(size, _HEADER + _PATIENT, lambda n: f"OBR|1|P{n}|F{n}|CXR^XR CHEST\r", _TEXT),
    "withdrawn orders": lambda size: _numbered(
        size, _HEADER + _PATIENT, lambda n: f"OBR|1|P|F|CXR^XR CHEST|||||||||||||||||||||X\rOBX|1|TX|||Clear {n}.\r"
    ),
    "orders that are to be": lambda size: _numbered(
        size,
        _HEADER.replace("ORU^R01", "ORM^O01") + _PATIENT,
        lambda n: f"ORC|NW|P{n}|F{n}\rOBR|1|P{n}|F{n}|CXR^XR CHEST\r",
    ),
    "ORCs": lambda size: _fill(size, _HEADER + _PATIENT, "ORC|NW|P|F\r", _ORDER + _TEXT),
    "documents": lambda size: _fill(size, _HEADER.replace("ORU^R01", "MDM^T02") + _PATIENT, "TXA|1|DI|TX\r", _TEXT),
    "orders and documents": lambda size: _fill(
        size, _HEADER.replace("ORU^R01", "MDM^T02") + _PATIENT, _ORDER, "TXA|1|DI|TX\r" + _TEXT
    ),
    "OBR-4 of components": _field("OBR", "OBR|1|P1|F1|CXR", "^", "|\r"),
    "OBR-3 of repetitions": _field("OBR", "OBR|1|P1|F1", "~F1", "|CXR^XR CHEST\r"),
    "OBR-4 of words": _field("OBR", "OBR|1|P1|F1|CXR^XR CHEST", " chest", "|\r"),
    "OBR fields": _field("OBR", "OBR|1|P1|F1|CXR^XR CHEST|", "|"),
    "results": lambda size: _fill(size, _RESULT, "OBX|1|TX|||Clear.||||||F\r"),
    "results of many codes": lambda size: _numbered(size, _RESULT, lambda n: f"OBX|{n}|TX|C{n}^N{n}||Clear.||||||F\r"),
    "empty results": lambda size: _fill(size, _RESULT + _TEXT, "OBX|\r"),
    "numbers": lambda size: _fill(size, _RESULT + _TEXT, "OBX|1|NM|A^B||12|mg\r"),
    "codes": lambda size: _fill(size, _RESULT, "OBX|1|CE|IMP^IMPRESSION||A^Clear^L~B^Normal^L\r", _TEXT),
    "OBX-5 of repetitions": _field("OBX", "OBX|1|CE|IMP^IMPRESSION||", "A^Clear^L~", "||||||F\r" + _TEXT),
    "attachments": lambda size: _fill(size, _RESULT, "OBX|1|ED|||^TEXT^^Base64^Q2xlYXIu||||||F\r", _TEXT),
    "one attachment": _field("OBX", "OBX|1|ED|||^TEXT^HTML^Base64^", "PHA+Q2xlYXIu", "||||||F\r"),
    "OBX-3 of components": _field("OBX", "OBX|1|FT|GDT", "^", "||Clear.||||||F\r"),
    "OBX-3 of subcomponents": _field("OBX", "OBX|1|FT|GDT", "&", "||Clear.||||||F\r"),
    "breaks": _field("OBX", "OBX|1|FT|GDT||", "\\.br\\", "Clear.||||||F\r"),
    "hexadecimal escapes": _field("OBX", "OBX|1|FT|GDT||", "\\X41\\", "||||||F\r"),
    "hexadecimal escapes without end": _field("OBX", "OBX|1|FT|GDT||", "\\X41", "||||||F\r"),
    "escapes of code points": _field("OBX", "OBX|1|FT|GDT||", "\\X0041\\", "||||||F\r"),
    "escape characters": _field("OBX", "OBX|1|FT|GDT||", "\\", "||||||F\r"),
    "doubled escapes": _field("OBX", "OBX|1|FT|GDT||", "\\E\\.br\\E\\", "Clear.||||||F\r"),
    "character set escapes": _field("OBX", "OBX|1|FT|GDT||", "\\C2842\\A", "||||||F\r"),
    "local escapes": _field("OBX", "OBX|1|FT|GDT||", "\\Zabc\\", "Clear.||||||F\r"),
    "blanks": _field("OBX", "OBX|1|FT|GDT||<br>Clear.", " ", "x||||||F\r"),
    "blanks and line ends": _field("OBX", "OBX|1|FT|GDT||<br>Clear.", " " * 500 + "\\.br\\", "x||||||F\r"),
    "tags": _field("OBX", "OBX|1|FT|GDT||Clear.", "<br>", "x||||||F\r"),
    "open tags": _field("OBX", "OBX|1|FT|GDT||<p>Clear.", "<a ", "x||||||F\r"),
    "attributes": _field("OBX", "OBX|1|FT|GDT||<p ", 'a="b" ', ">Clear.||||||F\r"),
    "entities": _field("OBX", "OBX|1|FT|GDT||<p>Clear.", "&lt;", "||||||F\r"),
    "groups of RTF": _field("OBX", "OBX|1|FT|GDT||{\\E\\rtf1 Clear.", "{", "||||||F\r"),
    "RTF lines": lambda size: _fill(size, _RESULT, "OBX|1|FT|||{\\rtf1 Clear. {\\b x}||||||F\r"),
    "one long word": _field("OBX", "OBX|1|FT|GDT||Clear. ", "a", "||||||F\r"),
    "headings": _field("OBX", "OBX|1|FT|GDT||Clear.\\.br\\", "FINDINGS: clear.\\.br\\", "||||||F\r"),
    "about signs": _field("OBX", "OBX|1|FT|GDT||Clear", " ~1 x", "||||||F\r"),
    "Base64 without a break": _field("OBX", "OBX|1|FT|GDT||", "QUJD", "||||||F\r"),
    "notes": lambda size: _fill(size, _RESULT + _TEXT, "NTE|1|L|Seen.\r"),
    "notes on orders": lambda size: _numbered(size, _RESULT, lambda n: f"NTE|{n}|L|Clear {n}.\r"),
    "notes on patients": lambda size: _fill(size, _HEADER + _PATIENT, "NTE|1|L|Seen.\r", _ORDER + _TEXT),
    "continuations": lambda size: _fill(size, _RESULT + _TEXT, "ADD|x\r"),
    "continuations of a long text": lambda size: _fill(
        size, _RESULT + "OBX|1|FT|GDT||" + "Clear. " * (size // 14) + "\r", "CXR|"[:3] + "|x\r"
    ),
    "stray lines": lambda size: _fill(size, _RESULT + _TEXT, "x\r"),
    "segments of the sender": lambda size: _fill(size, _RESULT + _TEXT, "ZZZ|x y z\r"),
    "a long segment of the sender": lambda size: _fill(size, _RESULT + _TEXT + "ZZZ|", "a", "\r"),
    "words in a segment of the sender": lambda size: _fill(size, _RESULT + _TEXT + "ZZZ|", "a bb ", "\r"),
    "diagnoses": lambda size: _fill(size, _RESULT + _TEXT, "DG1|1||C34^Cancer\r"),
    "study UIDs": lambda size: _fill(size, _RESULT + _TEXT, "ZDS|1.x\r"),
    "headers": lambda size: _fill(size, _HEADER, "MSH|^~\\&|A\r"),
    "MSH-18 of sets": lambda size: _fill(
        size, _HEADER[:-1] + "||||||8859/1", "~8859/1", "\r" + _PATIENT + _ORDER + _TEXT
    ),
    "MSH-3 of components": lambda size: _fill(
        size, "MSH|^~\\&|RIS", "^", "|N|||20260301||ORU^R01|M|P|2.5\r" + _PATIENT + _ORDER + _TEXT
    ),
    "line ends": lambda size: _fill(size, _RESULT + _TEXT, "\r"),
    "letters of another script": _field("OBX", "OBX|1|FT|GDT||Clear.", "ж", "||||||F\r"),
}


def _bundle(size: int, part: Callable[[int], dict[str, Any]], **more: Any) -> bytes:
    """A Bundle of as many entries as fit."""
    entries = ",".join(_parts(size, lambda n: json.dumps(part(n))))
    return json.dumps({"resourceType": "Bundle", "type": "collection", **more, "entry": []})[:-2].encode() + (
        entries.encode() + b"]}"
    )


def _parts(size: int, part: Callable[[int], str]) -> Iterator[str]:
    length = 0
    for number in count(1):
        piece = part(number)
        length += len(piece) + 1
        if length > size and number > 1:
            return
        yield piece


def _report(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "identifier": [{"system": "urn:north", "value": "R1"}],
        "code": {"text": "XR CHEST"},
        "subject": {"identifier": {"system": "urn:north", "value": "4711"}},
        "conclusion": "No pneumothorax.",
        **more,
    }


def _list(name: str, element: Any, kind: str = "DiagnosticReport") -> Maker:
    """A resource whose element `name` holds `element` again and again."""

    def make(size: int) -> bytes:
        resource = _report() if kind == "DiagnosticReport" else _study(1)
        elements = ",".join(_parts(size, lambda _: json.dumps(element)))
        return json.dumps({**resource, name: []})[:-2].encode() + elements.encode() + b"]}"

    return make


def _study(number: int) -> dict[str, Any]:
    return {
        "resourceType": "ImagingStudy",
        "id": f"s{number}",
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:1.2.{number}"}],
        "subject": {"identifier": {"system": "urn:north", "value": "4711"}},
    }


def _pair(number: int) -> dict[str, Any]:
    if number % 2:
        return {"fullUrl": f"urn:s{number}", "resource": _study(number)}
    own, study = [{"system": "n", "value": f"R{number}"}], [{"reference": f"urn:s{number - 1}"}]
    return {"resource": _report(identifier=own, imagingStudy=study)}


def _of_one_study(number: int) -> dict[str, Any]:
    if number == 1:
        return {"fullUrl": "urn:s", "resource": _study(1)}
    own = [{"system": "n", "value": f"R{number}"}]
    return {"resource": _report(identifier=own, imagingStudy=[{"reference": "urn:s"}])}


def _nested(size: int, opening: str, closing: str) -> bytes:
    depth = size // (len(opening) + len(closing))
    text = json.dumps(_report(extension="@@"))
    return text.replace('"@@"', opening * depth + "1" + closing * depth).encode()


FHIR: dict[str, Maker] = {
    "wrong identifiers": _list("identifier", 1),
    "identifiers": _list("identifier", {"system": "n", "value": "1"}),
    "empty identifiers": _list("identifier", {}),
    "identifiers of a type": _list("identifier", {"type": {"coding": [{"code": "MR"}, {"code": "PI"}]}, "value": "1"}),
    "wrong codings": lambda size: json.dumps(_report(code={"coding": [1] * (size // 3)})).encode(),
    "contained resources": _list("contained", {"resourceType": "Observation", "id": "o", "status": "final"}),
    "empty contained resources": _list("contained", {}),
    "results": _list("result", {"reference": "#o"}),
    "orders": _list("basedOn", {"reference": "urn:x"}),
    "studies of a report": _list("imagingStudy", {"reference": "urn:x"}),
    "categories": _list("category", {"text": "RAD"}),
    "conclusion codes": _list("conclusionCode", {"text": "Clear"}),
    "forms": _list("presentedForm", {"contentType": "text/plain", "data": "Q2xlYXIu"}),
    "media": _list("media", {"comment": "x"}),
    "extensions": _list("extension", {"valueString": "x"}),
    "numbers": _list("unknown", 1),
    "lists": _list("unknown", []),
    "objects": _list("unknown", {}),
    "nulls": _list("identifier", None),
    "series": _list("series", {"modality": {"code": "CR"}}, "ImagingStudy"),
    "modalities": _list("modality", {"code": "CR"}, "ImagingStudy"),
    "reports": lambda size: _bundle(
        size, lambda n: {"resource": _report(identifier=[{"system": "n", "value": f"R{n}"}])}
    ),
    "equal reports": lambda size: _bundle(size, lambda n: {"resource": _report()}),
    "small reports": lambda size: _bundle(
        size, lambda n: {"resource": {"resourceType": "DiagnosticReport", "status": "final"}}
    ),
    "studies": lambda size: _bundle(size, lambda n: {"resource": _study(n)}),
    "equal studies": lambda size: _bundle(size, lambda n: {"resource": _study(1)}),
    "pairs of report and study": lambda size: _bundle(size, _pair),
    "reports of one study": lambda size: _bundle(size, _of_one_study),
    "patients": lambda size: _bundle(
        size,
        lambda n: (
            {"resource": _report()}
            if n == 1
            else {"resource": {"resourceType": "Patient", "identifier": [{"system": "n", "value": f"{n}"}]}}
        ),
    ),
    "empty entries": lambda size: _bundle(size, lambda n: {} if n > 1 else {"resource": _report()}),
    "lists in lists": lambda size: _nested(size, "[", "]"),
    "objects in objects": lambda size: _nested(size, '{"a":', "}"),
    "members": lambda size: json.dumps(_report(**{f"a{n}": 1 for n in range(size // 10)})).encode(),
    "a long narrative": lambda size: json.dumps(
        _report(text={"status": "additional", "div": "<div>" + "<p>Clear.</p>" * (size // 13) + "</div>"})
    ).encode(),
    "a long conclusion": lambda size: json.dumps(_report(conclusion="Clear. " * (size // 7))).encode(),
    "references to each other": lambda size: _bundle(
        size,
        lambda n: (
            {"resource": _report(result=[{"reference": "Observation/2"}])}
            if n == 1
            else {
                "fullUrl": f"Observation/{n}",
                "resource": {
                    "resourceType": "Observation",
                    "status": "final",
                    "hasMember": [{"reference": f"Observation/{n + 1}"}, {"reference": f"Observation/{n + 2}"}],
                },
            }
        ),
    ),
}

FORMATS: dict[Format, dict[str, Maker]] = {Format.HL7: HL7, Format.FHIR: FHIR}
KINDS = [(form, name) for form, makers in FORMATS.items() for name in makers]
"""All kinds, by format and name."""


def abusive(form: Format, name: str, size: int) -> bytes:
    """A message of one kind, of about `size` bytes."""
    return FORMATS[form][name](size)
