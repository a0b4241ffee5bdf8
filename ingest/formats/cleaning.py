"""Cleaning of texts and names for the ledger and the graph, and the limits of their size.

Control characters (PostgreSQL refuses NUL), lone surrogates (not valid UTF-8) and line ends are cleaned. All else stays
as the sender wrote it. Offsets of mentions refer to the cleaned text.
"""

import re

from ingest.errors import MessageRefusedError, Reason

RAW_LIMIT = 20 * 1024 * 1024
"""Bytes of one raw message.

It is much larger than the text's limit, because messages may contain films and PDF files.
"""

DICOM_LIMIT = 64 * 1024 * 1024
"""Bytes of one DICOM object, after inflation if it is deflated. A film of 4,280 x 3,520 pixels has 30 MB."""

TEXT_LIMIT = 128 * 1024
"""Bytes (UTF-8) of one report's text: 25 times the longest report that we have seen.

Every later step can process it: a study is written in one transaction, whose memory in Neo4j (358 MB by default) holds
about 46,000 mentions, and a text has at most 170 mentions per KiB (docs/performance.md).
"""

MESSAGE_TEXT_LIMIT = 2 * TEXT_LIMIT
"""Bytes of all texts of one message, for the same reason: they are written in one transaction."""

MARKUP_LIMIT = 2 * TEXT_LIMIT
"""Tags, entities and RTF control words of one report. Each takes up to 5 microseconds to read."""

NAME_LIMIT = 256
"""Characters of an identifier or a name. PostgreSQL can't index 2,700 bytes; hospitals use fewer than 100."""

_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def require_raw_size(raw: bytes) -> None:
    """Refuse a raw message over RAW_LIMIT before it is parsed."""
    if len(raw) > RAW_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the message is too large: it may have {RAW_LIMIT} bytes")


def require_words_size(characters: int) -> None:
    """Refuse marked-up text that is too long to give a text within TEXT_LIMIT."""
    if characters > 2 * TEXT_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the report's text has more than {TEXT_LIMIT} bytes")


def require_markup_size(signs: int) -> None:
    """Refuse markup that would take seconds to read."""
    if signs > MARKUP_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the report has more than {MARKUP_LIMIT} characters of markup")


def clean_text(text: str) -> str:
    """The text with `\\n` as its line end, blanks for unprintable characters, and without surrounding white space."""
    return _UNPRINTABLE.sub(" ", _LINE_ENDS.sub("\n", text)).strip()


def clean_name(value: str) -> str:
    """An identifier or name as one line without surrounding blanks; empty if nothing is left."""
    # Most are one word that needs no cleaning.
    if value.isalnum():
        return value
    return " ".join(_UNPRINTABLE.sub(" ", value).split())


def clean_words(value: str) -> str | None:
    """A descriptive term (a modality, a procedure's name), truncated at NAME_LIMIT; None if it is blank."""
    return clean_name(value[: 4 * NAME_LIMIT])[:NAME_LIMIT] or None


def identifier(value: str, what: str) -> str:
    """A cleaned identifier. Refuses one over NAME_LIMIT: if truncated, two reports could get the same one."""
    if len(value) > 4 * NAME_LIMIT or len(name := clean_name(value)) > NAME_LIMIT:
        raise MessageRefusedError(Reason.UNREADABLE, f"the {what} has more than {NAME_LIMIT} characters")
    return name


def report_text(text: str, *, source: str = "", external_id: str = "") -> str:
    """The cleaned text of a report. Refuses blank texts and texts over TEXT_LIMIT."""
    cleaned = clean_text(text) if len(text) <= 4 * TEXT_LIMIT else text
    if len(cleaned) > TEXT_LIMIT or len(cleaned.encode()) > TEXT_LIMIT:
        detail = f"the report's text has more than {TEXT_LIMIT} bytes"
        raise MessageRefusedError(Reason.TOO_LARGE, detail, source=source, external_id=external_id)
    if not cleaned:
        raise MessageRefusedError(
            Reason.NO_REPORT_TEXT, "the report has no text", source=source, external_id=external_id
        )
    return cleaned
