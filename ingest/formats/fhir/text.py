"""The words of a DiagnosticReport: presented form, narrative, conclusion."""

import base64
import binascii
import html
import re
from typing import cast
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.code_sets import code_set
from ingest.formats.fhir.resources import Attachment, DiagnosticReport

_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_-]+)", re.IGNORECASE)
_CHARSETS = {"utf-8": "utf-8-sig", "us-ascii": "ascii", "iso-8859-1": "cp1252", "windows-1252": "cp1252"}
_HEADED = re.compile(r"^[ \t]*(?:findings?|impressions?)\b", re.IGNORECASE | re.MULTILINE)
_NAMED_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z][A-Za-z0-9]{1,31};")
_BLOCKS = code_set("p div br li ul ol tr table h1 h2 h3 h4 h5 h6 pre blockquote dt dd hr")


def words(report: DiagnosticReport) -> tuple[str, str]:
    """The report's words and the conclusion that they lack (else empty).

    The presented form (text/plain) is the report as it was issued. The narrative is taken where it says more than the
    fields do: it is `additional`, or has headings of its own; a generated one repeats names and codes.
    """
    body = "\n\n".join(filter(None, (_plain_text(form) for form in report.presented_form)))
    if not body and report.text.div:
        narrative = strip_xhtml(report.text.div)
        body = narrative if report.text.status == "additional" or _HEADED.search(narrative) else ""
    conclusion = report.conclusion.strip()
    if " ".join(conclusion.split()) in " ".join(body.split()):
        return body, ""
    return body, conclusion


def under_headings(body: str, conclusion: str) -> str:
    """One text: a conclusion is an impression, and what precedes it findings, unless they bring their own headings."""
    if not conclusion:
        return body
    parts = [("FINDINGS", body)] if body.strip() else []
    parts.append(("IMPRESSION", conclusion))
    return "\n\n".join(part if _HEADED.search(part) else f"{heading}:\n{part}" for heading, part in parts)


def _plain_text(form: Attachment) -> str:
    kind, _, parameters = form.content_type.partition(";")
    if kind.strip().lower() != "text/plain" or not form.data:
        return ""
    charset = match[1].lower() if (match := _CHARSET.search(parameters)) else "utf-8"
    try:
        raw = base64.b64decode("".join(form.data.split()), validate=True)
        return raw.decode(_CHARSETS[charset])
    except (binascii.Error, KeyError) as error:
        reason = Reason.UNREADABLE if isinstance(error, binascii.Error) else Reason.BAD_ENCODING
        raise MessageRefusedError(reason, "presentedForm is not base64 of a known character set") from None
    except ValueError:
        raise MessageRefusedError(Reason.BAD_ENCODING, "presentedForm does not fit its character set") from None


class _Words:
    """A target of the XML parser: the words of XHTML, one line a block."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._verbatim = 0

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._boundary(tag, 1)

    def end(self, tag: str) -> None:
        self._boundary(tag, -1)

    def _boundary(self, tag: str, step: int) -> None:
        name = tag.rpartition("}")[2].lower()
        if name in _BLOCKS:
            self.parts.append("\n")
        elif name in ("td", "th"):
            self.parts.append(" ")
        if name == "pre":
            self._verbatim += step

    def data(self, data: str) -> None:
        self.parts.append(data if self._verbatim else data.replace("\n", " "))

    def close(self) -> str:
        lines = [line.strip() for line in "".join(self.parts).split("\n")]
        return "\n".join(line for line, before in zip(lines, ["", *lines], strict=False) if line or before).strip()


def strip_xhtml(div: str) -> str:
    """The words of a narrative's XHTML. Empty where it is not well formed; refuses (`unsafe_xml`) a DTD inside it."""
    parser = XMLParser(target=_Words(), forbid_dtd=True)
    try:
        parser.feed(_NAMED_ENTITY.sub(lambda match: html.unescape(match[0]), div).encode())
        text = cast(str, parser.close())
    except DefusedXmlException:
        raise MessageRefusedError(Reason.UNSAFE_XML, "the narrative brings a document type or entities") from None
    except (ParseError, ValueError):
        return ""
    return text
