"""A plain text: one report a file, and nothing is known of it but its name.

The name is patient, study and report at once, so two texts are never joined. The same name with other words is a new
version of the report.
"""

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import identifier, report_text, require_raw_size
from ingest.formats.origin import Origin
from ingest.messages import ParsedMessage, PatientFacts, ReportFacts, ReportStatus, StudyFacts

SOURCE = "text"


def parse(raw: bytes, origin: Origin) -> ParsedMessage:
    """Read one report. Refuses bytes that are no UTF-8 text (`bad_encoding`), blank ones and over-long ones."""
    require_raw_size(raw)
    source = origin.source or SOURCE
    report_id = identifier(origin.name, "file's name")
    if not report_id:
        raise MessageRefusedError(Reason.UNREADABLE, "a plain text needs a name to be its report id", source=source)
    text = report_text(_decode(raw, source, report_id), source=source, external_id=report_id)
    report = ReportFacts(report_id=report_id, status=ReportStatus.FINAL, text=text)
    study = StudyFacts(patient=PatientFacts(authority=source, identifier=report_id), reports=(report,))
    return ParsedMessage(source, report_id, origin.modified_at, (study,))


def _decode(raw: bytes, source: str, report_id: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = f"the text is not UTF-8: byte {error.start} can't be decoded"
    else:
        if "\0" not in text:
            return text
        detail = "the text holds NUL bytes: it is UTF-16 or no text"
    raise MessageRefusedError(Reason.BAD_ENCODING, detail, source=source, external_id=report_id)
