"""HL7 CDA R2 documents as plain text: the narrative of each section under the heading of its code or title.

The narrative is the attested content (CDA R2 4.3.5); coded entries only repeat it. The header is not part of the
report.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from ingest.errors import MessageRefusedError, Reason, UnsupportedTextError
from ingest.event_warnings import EventWarning
from ingest.formats.code_sets import code_set
from ingest.formats.markup.layout import Layout
from ingest.formats.section_codes import SECTION_CODES
from vlmkg.reading.sections import find_sections

_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?ClinicalDocument[\s/>]")
_BLOCKS = code_set("paragraph list item table thead tbody tfoot caption text section component title")
_UNREAD = {"renderMultiMedia": EventWarning.PICTURE_UNREAD, "observationMedia": EventWarning.PICTURE_UNREAD}


class CdaText(NamedTuple):
    """The text, warnings, and the content of an unstructured document: its bytes and their media type."""

    text: str
    warnings: tuple[EventWarning, ...]
    body: bytes = b""
    body_type: str = ""


def is_cda(document: str) -> bool:
    """Whether the text is a CDA document."""
    return bool(_ROOT.search(document, 0, 4096))


def read_cda(document: str) -> CdaText:
    """The text of a document. Refuses a DTD or entities (`unsafe_xml`) and malformed XML."""
    target = _Words()
    parser = XMLParser(target=target, forbid_dtd=True)
    try:
        # The text is already decoded, whatever encoding the declaration names.
        parser.feed(_without_declaration(document).encode("utf-8", "replace"))
        parser.close()
    except DefusedXmlException:
        raise MessageRefusedError(Reason.UNSAFE_XML, "the CDA document has a document type or entities") from None
    except (ParseError, ValueError):
        raise UnsupportedTextError("the CDA document is not well formed") from None
    if target.body is not None:
        return CdaText("", tuple(target.warnings), *target.body)
    return CdaText(target.layout.text(), tuple(target.warnings))


def _without_declaration(document: str) -> str:
    document = document.lstrip("\ufeff \t\r\n")
    return document.partition("?>")[2] if document.startswith("<?xml") else document


class _Section:
    """An open section. `unread`: it or an enclosing one is about earlier exams, or has no findings."""

    def __init__(self, *, unread: bool) -> None:
        self.unread = unread
        self.code = ""


class _Words:
    """A target of the XML parser."""

    def __init__(self) -> None:
        self.layout = Layout()
        self.warnings: dict[EventWarning, None] = {}
        self.body: tuple[bytes, str] | None = None
        self._path: list[str] = []
        self._sections: list[_Section] = []
        self._narrative = 0
        self._skipped = 0
        self._title: list[str] | None = None
        self._non_xml: list[str] | None = None
        self._non_xml_type = ""
        self._non_xml_base64 = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self._path.append(name)
        if self._narrative:
            self._start_in_narrative(name, attributes)
        elif name == "section":
            self._sections.append(_Section(unread=bool(self._sections) and self._sections[-1].unread))
        elif name == "code" and self._is_child_of("section"):
            self._sections[-1].code = attributes.get("code", "")
        elif name == "title" and self._is_child_of("section"):
            self._title = []
        elif name == "text" and self._is_child_of("nonXMLBody"):
            self._non_xml = []
            self._non_xml_type = attributes.get("mediaType", "text/plain")
            self._non_xml_base64 = attributes.get("representation", "").upper() == "B64"
        elif name == "text" and self._path[-2:-1] and self._path[-2] in ("section", "component"):
            self._open_text()
        elif name in _UNREAD:
            self.warnings[_UNREAD[name]] = None

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        self._path.pop()
        if self._narrative:
            self._end_in_narrative(name)
        elif name == "title" and self._title is not None:
            self._end_title("".join(self._title))
        elif name == "section" and self._sections:
            self._sections.pop()
            self._set_tight()
        elif name == "text" and self._non_xml is not None:
            self.body = (_decoded("".join(self._non_xml), base64_=self._non_xml_base64), self._non_xml_type)
            self._non_xml = None

    def data(self, words: str) -> None:
        if self._title is not None:
            self._title.append(words)
        elif self._non_xml is not None:
            self._non_xml.append(words)
        elif self._narrative and not self._skipped:
            self.layout.words(words)

    def close(self) -> None:
        """The result is in the layout."""

    def _is_child_of(self, name: str) -> bool:
        return self._path[-2:-1] == [name] and (name != "section" or bool(self._sections))

    def _open_text(self) -> None:
        """Begin a section's narrative. Without a title its code gives the heading."""
        if self._sections and self._sections[-1].code:
            self._end_title("")
        self._narrative = 1

    def _end_title(self, title: str) -> None:
        """Write the section's heading: its title if it is a known heading, else that of its code."""
        section = self._sections[-1]
        words = " ".join(title.split()).rstrip(":")
        coded = SECTION_CODES.get(section.code, "")
        section.code = ""
        self._title = None
        heading = words if _is_heading(words) and not (coded and _is_read(words) != _is_read(coded)) else coded
        self.layout.tight = False
        if heading and not section.unread:
            self.layout.words(f"{heading.upper()}:")
            section.unread = not _is_read(heading)
        elif words and not section.unread:
            self.layout.words(words)
        self.layout.block_end()
        self._set_tight()

    def _set_tight(self) -> None:
        self.layout.block_end()
        self.layout.tight = bool(self._sections) and self._sections[-1].unread

    def _start_in_narrative(self, name: str, attributes: Mapping[str, str]) -> None:
        self._narrative += 1
        if self._skipped or attributes.get("revised") == "delete":
            self._skipped += 1
            self.warnings[EventWarning.STRUCK_TEXT] = None
        elif name in _UNREAD:
            self.warnings[_UNREAD[name]] = None
        elif name == "tr":
            self.layout.row_start()
        elif name in _BLOCKS:
            self.layout.block_end()

    def _end_in_narrative(self, name: str) -> None:
        self._narrative -= 1
        if self._skipped:
            self._skipped -= 1
        elif name == "br":
            self.layout.line_end()
        elif name == "tr":
            self.layout.row_end()
        elif name in ("td", "th"):
            self.layout.cell_end()
        elif name in _BLOCKS:
            self.layout.block_end()


def _decoded(words: str, *, base64_: bool) -> bytes:
    if not base64_:
        return words.encode("utf-8", "replace")
    try:
        return base64.b64decode("".join(words.split()), validate=True)
    except (binascii.Error, ValueError):
        raise UnsupportedTextError("the body of the CDA document is not base64") from None


def _is_heading(words: str) -> bool:
    sections = find_sections(f"{words}:\nx")
    return not sections or sections[0].start > 0


def _is_read(heading: str) -> bool:
    return bool(find_sections(f"{heading}:\nx"))
