"""Messages with unmistakable markers where a patient could stand: in every field, right and broken."""

import base64
import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from pydicom import Dataset
from pydicom.datadict import DicomDictionary
from pydicom.uid import ExplicitVRLittleEndian

from tests.ingest.formats.dicom_files import DX, code, code_item, film, item, part10, report, text_item
from tests.ingest.formats.fhir.test_parser import IMAGING_STUDY, PATIENT, bundle, diagnostic_report, form
from tests.ingest.formats.test_openi import citation

WORD, NUMBER, BORN = "ZQXMARKER", "739164820", "17370713"
BORN_ISO = "1737-07-13"
TEXT = f"FINDINGS: Small left pleural effusion in {WORD}. No {WORD} pneumothorax."
TOO_LARGE = 20 * 1024 * 1024 + 1
"""Bytes: more than any door of messages takes."""

_PLAIN = bytes((WORD + TEXT), "ascii")


def leaks_of(text: str) -> list[str]:
    """The lines that hold a marker, as it is or encoded."""
    wanted = _forms()
    return [line[:300] for line in text.splitlines() if any(form in line.casefold() for form in wanted)]


def _forms() -> tuple[str, ...]:
    words = [WORD, NUMBER, BORN, BORN_ISO]
    hexadecimal = [word.encode().hex() for word in words]
    # Three ways in which a word can lie in base64; the signs at its ends depend on its neighbours.
    shifted = [base64.b64encode(b" " * shift + WORD.encode()).decode()[4:-4] for shift in range(3)]
    return tuple(form.casefold() for form in (*words, *hexadecimal, *shifted, NUMBER[::-1]))


# HL7 v2

_LENGTHS = {"PID": 39, "PV1": 52, "ORC": 30, "OBR": 50, "OBX": 25, "NTE": 4, "ZDS": 3, "MRG": 7, "NK1": 30, "AL1": 6}


def hl7_header(kind: str = "ORU^R01", control: str = "1", **fields: str) -> str:
    """A header without markers: what it holds is for the sender's own eyes again."""
    words = ["MSH", r"^~\&", "RIS", "NORTH", "VLMKG", "VLMKG", "20260301101500", "", kind, control, "P", "2.5.1"]
    words += ["", "", "", "", "", fields.get("charset", "")]
    return "|".join(words).rstrip("|")


def _full(name: str, **fields: str) -> str:
    """A segment with a marker in each field, but for those that are given: f3="A1"."""
    marker = f"{NUMBER}^{WORD}&{WORD}^{WORD}~{WORD}"
    return "|".join([name, *(fields.get(f"f{place}", marker) for place in range(1, _LENGTHS[name] + 1))])


def _study(number: str) -> list[str]:
    obr = _full("OBR", f1="1", f3=f"{NUMBER}{number}", f4="71046^XR CHEST 2 VIEWS^L", f24="CR", f25="F")
    pid = _full("PID", f1="1", f3=f"{NUMBER}^^^{WORD}^MR", f5=f"{WORD}^{WORD}", f7=BORN, f8="F")
    obx = _full("OBX", f1="1", f2="TX", f3="71046", f5=TEXT, f11="F")
    return [pid, _full("PV1"), _full("ORC", f1="RE"), obr, obx, _full("NTE"), _full("ZDS", f1=f"1.2.{NUMBER}")]


def hl7_messages() -> Iterator[bytes]:
    """Messages whose headers hold no marker, all answered at once."""
    yield _joined(hl7_header(), *_study("1"))
    for kind in ("ORM^O01", "ADT^A08", "ADT^A40", "ORU^R30", "MDM^T02", f"ORU^R01^{'ORU_R01'}"):
        yield _joined(hl7_header(kind), *_study("2"), _full("MRG"), _full("NK1"), _full("AL1"))
    segments = _study("3")
    for place, segment in enumerate(segments):
        # Every segment all markers, twice, left out, and cut in the middle.
        for instead in (_full(segment[:3]), f"{segment}\r{segment}", "", segment[: len(segment) // 2]):
            yield _joined(hl7_header(), *segments[:place], instead, *segments[place + 1 :])
    for charset in ("UNICODE UTF-8", "ASCII", "8859/1", "ISO IR87", "UTF-32"):
        yield _joined(hl7_header(charset=charset), *segments).replace(b"Small", b"K\xfc\xe9\xff")
    for kind in ("ED", "RP", "NM", "CE", "FT", "XX"):
        yield _joined(hl7_header(), *segments).replace(b"|TX|", f"|{kind}|".encode())
    yield _joined(hl7_header(), *segments).replace(b"\r", b"\r\n\n")
    yield _joined(hl7_header(), *segments, f"OBX|9|TX|1||{WORD * 20}\\X4E\\\\H\\\\.sk {WORD}\\\\Z{WORD}\\")
    yield _joined(hl7_header()) + _PLAIN
    yield _joined(hl7_header(), *segments) + b"x" * TOO_LARGE


def hl7_broken_headers() -> Iterator[bytes]:
    """Messages with markers in the header, of which answers hold what they must."""
    words = hl7_header().split("|")
    for place in range(1, len(words)):
        yield _joined("|".join([*words[:place], WORD, *words[place + 1 :]]), *_study("4"))
    for broken in (WORD, f"MSH{WORD}", f"MSH|^~\\&|{WORD}", f"MSH|^~\\&|{WORD}\rPID|{WORD}", f"BHS|^~\\&|{WORD}"):
        yield broken.encode()
    yield _joined("MSH" + WORD[0] + WORD, *_study("5"))
    yield "\r".join([hl7_header(), *_study("6")]).encode("utf-16")


def _joined(*segments: str) -> bytes:
    return "\r".join(segment for segment in segments if segment).encode() + b"\r"


# DICOM

_VALUES = dict.fromkeys(("AE", "CS", "LO", "LT", "SH", "ST", "UC", "UT", "UR", "PN"), WORD)
_VALUES |= {"DA": BORN, "DT": f"{BORN}101112", "DS": NUMBER, "IS": NUMBER, "UI": f"1.2.{NUMBER}", "AS": "017Y"}
_STRUCTURE = {
    "SOPClassUID",
    "SOPInstanceUID",
    "SpecificCharacterSet",
    "Modality",
    "ModalitiesInStudy",
    "CompletionFlag",
}
_STRUCTURE |= {
    "VerificationFlag",
    "ValueType",
    "PhotometricInterpretation",
    "BodyPartExamined",
    "TimezoneOffsetFromUTC",
}


def _every_text_attribute() -> Dataset:
    """All attributes of the dictionary whose values are words or numbers in words."""
    found = Dataset()
    for tag, (kind, _, _, _, keyword) in DicomDictionary.items():
        if kind in _VALUES and 0x0004 < tag >> 16 < 0x7F00 and keyword and keyword not in _STRUCTURE:
            setattr(found, keyword, _VALUES[kind])
    return found


def _marked(dataset: Dataset, number: int) -> Dataset:
    """The object with a marker in every text attribute, in a sequence and in private attributes too."""
    marked, inside = _every_text_attribute(), Dataset()
    inside.PatientName, inside.PatientID, inside.PatientBirthDate, inside.ReasonForStudy = WORD, NUMBER, BORN, WORD
    marked.update({element.tag: element for element in dataset if element.keyword in _STRUCTURE or not element.value})
    for element in dataset:
        if element.VR in {"US", "SQ", "OW", "OB"} or element.keyword in _STRUCTURE:
            marked[element.tag] = element
    marked.SOPInstanceUID = f"1.2.3.{number}"
    marked.StudyDescription = f"XR Chest {WORD}"
    marked.PatientSex = "F"
    marked.ReferencedStudySequence = [inside]
    for group in (0x0009, 0x0011, 0x0099):
        block = marked.private_block(group, f"{WORD} 1.0", create=True)
        for place, kind in enumerate(("LO", "LT", "PN", "UT", "UN", "OB"), start=1):
            block.add_new(place, kind, WORD.encode() if kind in {"UN", "OB"} else WORD)
        block.add_new(0x10, "SQ", [inside])
    return marked


def dicom_film(number: int = 1) -> Dataset:
    """A film that is all markers, in its pixels too."""
    return _marked(film(pixels=(WORD.encode() * 4)[:32]), number)


def dicom_report(number: int = 2) -> Dataset:
    """A structured report whose content is all markers, in every kind of content item."""
    name = (WORD, WORD, WORD)
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = NUMBER, [code(*name)]
    content = [
        text_item(TEXT),
        text_item(WORD, name),
        code_item(WORD, name),
        item("PNAME", name, PersonName=f"{WORD}^{WORD}"),
        item("DATE", name, Date=BORN),
        item("UIDREF", name, UID=f"1.2.{NUMBER}"),
        item("NUM", name, MeasuredValueSequence=[measured]),
        item("CONTAINER", name, ContentSequence=[text_item(WORD, name)], ContinuityOfContent="SEPARATE"),
        item(WORD, name, TextValue=WORD),
    ]
    return _marked(report(*content), number)


def dicom_files() -> Iterator[bytes]:
    """Files of objects: right ones, and ones that are broken in every way that came to mind."""
    plain = film(PatientName=f"{WORD}^{WORD}", PatientID=NUMBER, PatientBirthDate=BORN, AccessionNumber=NUMBER)
    whole = part10(dicom_film(11))
    yield whole
    yield part10(dicom_report(12))
    for keyword in ("Modality", "PhotometricInterpretation", "BodyPartExamined", "StudyTime"):
        broken = deepcopy(plain)
        broken.add_new(keyword_tag(keyword), "LO", WORD)
        broken.SOPInstanceUID = f"1.2.3.{len(keyword)}.1"
        yield part10(broken)
    small = part10(plain)
    plain.SpecificCharacterSet = "ISO_IR 192"
    yield part10(plain).replace(b"ISO_IR 192", WORD.encode() + b" ")
    del plain.SpecificCharacterSet
    for length in (100, 132, 140, 200, 300, 400, len(small) - 5):
        yield small[:length]
    for place in range(140, len(small), 23):
        yield small[:place] + b"\xff\xfe" + small[place + 2 :]
    yield small.replace(ExplicitVRLittleEndian.encode(), b"1.2.840.10008.9.9.9")
    yield small.replace(DX.encode(), b"1.2.826.9".ljust(len(DX), b"\0"))
    yield small.replace(b"UI\x08\x001.2.3.1\0", b"UI\x08\x00" + WORD[:8].encode())
    yield _PLAIN


def keyword_tag(keyword: str) -> int:
    """The tag of an attribute."""
    return next(tag for tag, entry in DicomDictionary.items() if entry[4] == keyword)


# FHIR

_OTHERS = {
    "text": {"status": "generated", "div": f"<div xmlns='http://www.w3.org/1999/xhtml'>{WORD}</div>"},
    "extension": [{"url": f"urn:{WORD}", "valueString": WORD}],
    "performer": [{"reference": f"Practitioner/{NUMBER}", "display": WORD}],
    "contained": [{"resourceType": "Observation", "id": WORD, "valueString": WORD, "code": {"text": WORD}}],
    "presentedForm": [form(TEXT.encode()) | {"title": WORD}, form(_PLAIN, "text/html"), form(_PLAIN, f"x/{WORD}")],
    "encounter": {"display": WORD},
}
_PATIENT = PATIENT | {
    "name": [{"family": WORD, "given": [WORD]}],
    "birthDate": BORN_ISO,
    "telecom": [{"value": NUMBER}],
    "address": [{"line": [WORD], "postalCode": NUMBER}],
    "id": NUMBER,
}


def fhir_requests() -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Path, body and headers of requests."""
    report_ = diagnostic_report(
        **_OTHERS, conclusion=TEXT, subject={"reference": f"Patient/{NUMBER}", "display": WORD}, id="r9"
    )
    study = IMAGING_STUDY | {"subject": {"reference": f"Patient/{NUMBER}"}, "description": WORD}
    for path, resource in (("/DiagnosticReport", report_), ("/ImagingStudy", study)):
        yield path, _json(resource), {}
        for marked in every_string_marked(resource):
            yield path, _json(marked), {}
    everything = bundle(report_, study, _PATIENT)
    entries = [entry | {"request": {"method": "POST", "url": WORD}} for entry in everything["entry"]]  # type: ignore[attr-defined]
    whole = everything | {"entry": entries}
    yield "", _json(whole), {}
    for number, marked in enumerate(every_string_marked(whole)):
        if number % 3 == 0:
            yield "", _json(marked), {}
    yield from _fhir_broken(_json(report_))


def _fhir_broken(raw: bytes) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    for broken in (raw[:-7], raw[: len(raw) // 2], _PLAIN, raw.decode().encode("utf-16"), raw + b"\xff", b'"' + _PLAIN):
        yield "/DiagnosticReport", broken, {}
        yield "", broken, {}
    yield "/DiagnosticReport", raw.replace(b"Small", b"\xff\xfe"), {}
    yield "/DiagnosticReport", b'{"' + WORD.encode() + b'":' + b"[" * 5000, {}
    yield "/DiagnosticReport", raw + b" " * TOO_LARGE, {}
    yield "/DiagnosticReport", raw, {"Content-Type": f"text/{WORD}"}
    yield "/DiagnosticReport", raw, {"If-None-Exist": f"{WORD}={NUMBER}"}
    yield "/DiagnosticReport", raw, {"If-None-Exist": f"identifier={WORD}|{NUMBER}"}
    yield "/DiagnosticReport", raw, {"Authorization": f"Bearer {WORD}"}
    yield f"/DiagnosticReport?name={WORD}", raw, {}
    yield f"/{WORD}", raw, {}
    yield f"/DiagnosticReport/{NUMBER}", raw, {}


def every_string_marked(resource: Any) -> Iterator[Any]:
    """The resource once for each string in it, with a marker instead of that one."""
    for path in list(_strings(resource)):
        marked = json.loads(json.dumps(resource))
        place = marked
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = WORD
        yield marked


def _strings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inside:
        yield from _strings(one, (*path, step))
    if isinstance(value, str):
        yield path


def _json(resource: Any) -> bytes:
    return json.dumps(resource).encode()


# Files


def files() -> Iterator[tuple[str, bytes]]:
    """Names and contents of files; the names are a patient's too."""
    openi = citation(TEXT, WORD).replace(b"CXR9", f"CXR{NUMBER}".encode()).replace(b"Cardiomegaly", WORD.encode())
    yield f"{WORD}-{NUMBER}.txt", TEXT.encode()
    yield f"{WORD}-blank.txt", b" \n"
    yield f"{WORD}-wrong.txt", TEXT.encode("utf-16")
    yield f"{WORD}-latin.txt", TEXT.encode() + b"\xfc\xff"
    yield f"{WORD}-large.txt", TEXT.encode() * 50_000
    yield f"{WORD}.xml", openi
    yield f"{WORD}-cut.xml", openi[:-40]
    yield (
        f"{WORD}-unsafe.xml",
        openi.replace(b"<eCitation>", f'<!DOCTYPE a [<!ENTITY x "{WORD}">]><eCitation>'.encode()),
    )
    yield f"{WORD}-other.xml", f"<{WORD} a='{WORD}'>{WORD}</{WORD}>".encode()
    yield f"{WORD}-entity.xml", openi.replace(b"</uId>", f"&{WORD};</uId>".encode())
    yield f"{WORD}.zip", b"PK\x03\x04" + _PLAIN
    yield f"{WORD}.hl7", _joined(hl7_header(), *_study("7"))
    yield f"{WORD}.json", _json(diagnostic_report(conclusion=TEXT))[:-4]
    yield f"{WORD}.dcm", part10(film(PatientName=WORD, PatientID=NUMBER))[:-3]


# GraphQL

SUBMIT = (
    "mutation ($input: SubmitReportInput!) { submitReport(input: $input) { event { state reason detail warnings } } }"
)
_INPUT: dict[str, Any] = {
    "reportId": NUMBER,
    "text": TEXT,
    "source": WORD,
    "issuedAt": "2026-03-01T10:00:00Z",
    "status": "FINAL",
    "addendum": False,
    "patient": {"authority": WORD, "identifier": NUMBER, "sex": "female", "birthDate": BORN_ISO},
    "study": {
        "studyUid": f"1.2.{NUMBER}",
        "accession": NUMBER,
        "modality": "CR",
        "bodyPart": WORD,
        "procedure": f"Chest {WORD}",
        "startedAt": "2026-03-01T08:00:00Z",
    },
}


def graphql_bodies() -> Iterator[bytes]:
    """Bodies of requests to /graphql."""
    for given in (_INPUT, *every_string_marked(_INPUT), *_mistyped()):
        yield _json({"query": SUBMIT, "variables": {"input": given}})
    for query in _broken_queries():
        yield _json({"query": query, "operationName": None})
    yield _json({"query": SUBMIT, "operationName": WORD, "variables": {"input": _INPUT, WORD: WORD}})
    whole = _json({"query": SUBMIT, "variables": {"input": _INPUT}})
    yield from (whole[:-9], whole.decode().encode("utf-16"), whole.replace(b"Small", b"\xff"), _PLAIN)
    yield whole.replace(b"Small", b"\\ud800")
    yield whole.replace(b"Small", b"x" * (8 * 1024 * 1024))


def _mistyped() -> Iterator[Any]:
    for name in _INPUT:
        for wrong in ([WORD], {"remark": WORD}, None, int(NUMBER)):
            yield _INPUT | {name: wrong}
    for part in ("patient", "study"):
        for name in _INPUT[part]:
            for wrong in ([WORD], {"remark": WORD}, int(NUMBER)):
                yield _INPUT | {part: _INPUT[part] | {name: wrong}}
    yield _INPUT | {"remark": WORD}
    yield _INPUT | {"patient": {"authority": WORD}}


def _broken_queries() -> Iterator[str]:
    """Documents with values in them. Names of fields, types and variables are repeated: typing errors must be found."""
    for words in (f'"{WORD}"', f'"{WORD}', f'"""{WORD}', f'"he said "{WORD}" here"', f'{{id: "{WORD}"}}', NUMBER, WORD):
        yield f"mutation {{ submitReport(input: {words}) {{ duplicate }} }}"
        yield f"mutation {{ submitReport(input: {{reportId: {words} text: {words}}}) {{ duplicate }} }}"
        yield f"{{ patient(id: {words}) {{ patientId }} findings(first: {words}) {{ totalCount }} }}"
        yield f"{{ findings(after: {words}, where: {{studiedAfter: {words}}}) {{ totalCount }} }}"
        if words != WORD:
            yield f"{{ {words} }}"
            yield f"query {words} {{ __typename }}"


FOLLOW = "subscription ($id: ID!) { eventUpdates(id: $id) { state reason detail warnings attempts } }"


def subscriptions(event_ids: Iterable[int]) -> Iterator[Any]:
    """Payloads of `subscribe`, right and broken."""
    for event_id in event_ids:
        yield {"query": FOLLOW, "variables": {"id": str(event_id)}}
    for wrong in (WORD, NUMBER, [WORD], {"remark": WORD}, None, int(NUMBER)):
        yield {"query": FOLLOW, "variables": {"id": wrong}}
        yield {"query": FOLLOW, "variables": wrong}
        yield {"query": wrong}
    for words in (f'"{WORD}"', f'"{WORD}', f'"""{WORD}', f'{{id: "{WORD}"}}'):
        yield {"query": f"subscription {{ eventUpdates(id: {words}) {{ state }} }}"}
    yield {"query": FOLLOW, "operationName": WORD, "variables": {"id": "1", WORD: WORD}}


def websocket_messages() -> Iterator[str | bytes]:
    """Messages that break the protocol: the connection is closed."""
    yield from (WORD, f'"{WORD}"', f'{{"{WORD}": "{WORD}"', _PLAIN)
    yield json.dumps({"type": WORD})
    yield json.dumps({"type": "subscribe", "id": [WORD], "payload": WORD})
    yield json.dumps({"type": "connection_init", "payload": {"Authorization": WORD}})
