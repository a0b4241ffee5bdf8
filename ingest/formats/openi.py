"""Open-i XML (eCitation): the reports of the Indiana University chest X-ray collection.

Only the collection's `uId` identifies a report, so patient, study and report have the same id. There is no study time:
`articleDate` is the same for all. The manual coding (`MeSH`) is not read, because it is the gold for measuring
readings.
"""

from typing import cast
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import clean_name, identifier, report_text, require_raw_size
from ingest.formats.origin import Origin
from ingest.messages import ParsedMessage, PatientFacts, ReportFacts, ReportStatus, StudyFacts

SOURCE = "openi"
_DESCRIBING = frozenset({"FINDINGS", "IMPRESSION"})


class _Citation:
    """A target of the XML parser. It keeps the root's name, the uId and the parts of the abstract, without a tree."""

    def __init__(self) -> None:
        self.root = ""
        self.uid = ""
        self.parts: list[tuple[str, list[str]]] = []
        self._inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.root = self.root or tag
        if tag == "uId":
            self.uid = self.uid or attributes.get("id", "")
        elif tag == "AbstractText":
            self.parts.append((clean_name(attributes.get("Label", "")).upper(), []))
            self._inside = True

    def end(self, tag: str) -> None:
        if tag == "AbstractText":
            self._inside = False

    def data(self, data: str) -> None:
        if self._inside:
            self.parts[-1][1].append(data)

    def close(self) -> "_Citation":
        return self


def parse(raw: bytes, origin: Origin) -> ParsedMessage:
    """Read one eCitation.

    Refuses other XML, DTDs and entities (`unsafe_xml`), and reports without findings and impression (`no_report_text`).
    """
    require_raw_size(raw)
    citation = _read(raw)
    source = origin.source or SOURCE
    if citation.root != "eCitation":
        raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, "the XML is not an Open-i eCitation", source=source)
    uid = identifier(citation.uid, "uId")
    if not uid:
        raise MessageRefusedError(Reason.UNREADABLE, "the eCitation has no uId", source=source)
    text = report_text(_text(citation, source, uid), source=source, external_id=uid)
    report = ReportFacts(report_id=uid, status=ReportStatus.FINAL, text=text)
    patient = PatientFacts(authority=source, identifier=uid)
    study = StudyFacts(patient=patient, body_part="CHEST", procedure="Chest X-ray", reports=(report,))
    return ParsedMessage(source, uid, origin.modified_at, (study,))


def _read(raw: bytes) -> _Citation:
    parser = XMLParser(target=_Citation(), forbid_dtd=True)
    try:
        parser.feed(raw)
        citation = cast(_Citation, parser.close())
    except DefusedXmlException:
        raise MessageRefusedError(Reason.UNSAFE_XML, "the XML has its own document type or entities") from None
    except (ParseError, ValueError, LookupError):
        raise MessageRefusedError(*_unreadable(raw)) from None
    return citation


def _unreadable(raw: bytes) -> tuple[Reason, str]:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return Reason.BAD_ENCODING, f"the XML is not UTF-8: byte {error.start} can't be decoded"
    return Reason.UNREADABLE, "the XML is not well formed"


def _text(citation: _Citation, source: str, uid: str) -> str:
    """The abstract under its own headings. Parts without a label are findings."""
    parts = [(label or "FINDINGS", " ".join("".join(words).split())) for label, words in citation.parts]
    if not any(text for label, text in parts if label in _DESCRIBING):
        detail = "neither findings nor impression has any text"
        raise MessageRefusedError(Reason.NO_REPORT_TEXT, detail, source=source, external_id=uid)
    return "\n\n".join(f"{label}:\n{text}" for label, text in parts if text)
