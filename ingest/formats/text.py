"""A text file, plain or with markup: one report per file, identified only by its name.

The name is the id of patient, study and report, so two texts are never joined. The same name with another text is a new
version of the report.
"""

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import identifier, report_text, require_raw_size
from ingest.formats.detect import utf_16
from ingest.formats.markup.convert import PlainText, convert
from ingest.formats.markup.detect import HTML, RTF
from ingest.formats.origin import Origin
from ingest.messages import ParsedMessage, PatientFacts, ReportFacts, ReportStatus, StudyFacts

SOURCE = "text"


def parse(raw: bytes, origin: Origin) -> ParsedMessage:
    """Read one report.

    Refuses bytes that are neither UTF-8 nor UTF-16 (`bad_encoding`), blank or too long texts, and unreadable markup
    (`unsupported_text`, `unsupported_format`).
    """
    require_raw_size(raw)
    source = origin.source or SOURCE
    report_id = identifier(origin.name, "file's name")
    if not report_id:
        raise MessageRefusedError(Reason.UNREADABLE, "a plain text needs a file name as its report id", source=source)
    found = _plain(raw, source, report_id)
    text = report_text(found.text, source=source, external_id=report_id)
    report = ReportFacts(report_id=report_id, status=ReportStatus.FINAL, text=text)
    study = StudyFacts(patient=PatientFacts(authority=source, identifier=report_id), reports=(report,))
    return ParsedMessage(source, report_id, origin.modified_at, (study,), found.warnings)


def _plain(raw: bytes, source: str, report_id: str) -> PlainText:
    """The text. Markup may name its own character set; plain text is UTF-8 or UTF-16."""
    start = raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    try:
        if start.startswith(b"{\\rtf"):
            return convert(raw, RTF)
        if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
            return convert(raw, HTML)
        return convert(_decode(raw, source, report_id), "text/plain")
    except MessageRefusedError as error:
        raise MessageRefusedError(error.reason, error.detail, source=source, external_id=report_id) from None


def _decode(raw: bytes, source: str, report_id: str) -> str:
    try:
        text = raw.decode(utf_16(raw[:8]) or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        detail = f"the text is neither UTF-8 nor UTF-16: byte {error.start} can't be decoded"
    else:
        if "\0" not in text:
            return text
        detail = "the text has NUL bytes: it is UTF-16 without a byte-order mark, or not text"
    raise MessageRefusedError(Reason.BAD_ENCODING, detail, source=source, external_id=report_id)
