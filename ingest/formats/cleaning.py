"""Texts and names as the ledger and the graph can hold them, and the limits of their size.

What is cleaned here: control characters (PostgreSQL refuses NUL), lone surrogates (no UTF-8), line ends. Words, signs
and letters stay as the sender wrote them: offsets of mentions count the cleaned text.
"""

import re

from ingest.errors import MessageRefusedError, Reason

RAW_LIMIT = 20 * 1024 * 1024
"""Bytes of one raw message. Films and PDF files travel inside messages, so it is well over the text's limit."""

DICOM_LIMIT = 64 * 1024 * 1024
"""Bytes of one DICOM object, and of a deflated one when it is inflated: a film of 4,280 x 3,520 pixels has 30 MB."""

TEXT_LIMIT = 128 * 1024
"""Bytes (UTF-8) of one report's text: 25 times the longest report that radiologists were seen to write.

It is what the whole way carries: a study is written in one transaction, whose memory in Neo4j (358 MB by default)
holds about 46,000 mentions, and no text has more than 170 a KiB (docs/performance.md).
"""

MESSAGE_TEXT_LIMIT = 2 * TEXT_LIMIT
"""Bytes of all texts of one message, for the same reason: what it brings is written at once."""

MARKUP_LIMIT = 2 * TEXT_LIMIT
"""Signs of markup (a tag, an entity, a control word of RTF) in one report: one takes up to 5 microseconds to read."""

NAME_LIMIT = 256
"""Characters of an identifier or a name. PostgreSQL can't index 2,700 bytes, and no hospital uses 100."""

_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def require_raw_size(raw: bytes) -> None:
    """Refuse a raw message over RAW_LIMIT before anything reads it."""
    if len(raw) > RAW_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the message is too large: it may have {RAW_LIMIT} bytes")


def require_words_size(characters: int) -> None:
    """Refuse words, still with their markup, of which no text within TEXT_LIMIT can come."""
    if characters > 2 * TEXT_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the report's text has more than {TEXT_LIMIT} bytes")


def require_markup_size(signs: int) -> None:
    """Refuse markup that would take seconds to read."""
    if signs > MARKUP_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the report has more than {MARKUP_LIMIT} characters of markup")


def clean_text(text: str) -> str:
    """The text with `\\n` as its line end, blanks for unprintable characters, and nothing blank around it."""
    return _UNPRINTABLE.sub(" ", _LINE_ENDS.sub("\n", text)).strip()


def clean_name(value: str) -> str:
    """An identifier or name as one line without blanks around it; empty where nothing is left."""
    # Most are one word, which holds nothing to be cleaned.
    if value.isalnum():
        return value
    return " ".join(_UNPRINTABLE.sub(" ", value).split())


def clean_words(value: str) -> str | None:
    """A describing word (a modality, a procedure's name), cut at NAME_LIMIT; None where it is blank."""
    return clean_name(value[: 4 * NAME_LIMIT])[:NAME_LIMIT] or None


def identifier(value: str, what: str) -> str:
    """A cleaned identifier. Refuses one over NAME_LIMIT: cutting it would make two reports one."""
    if len(value) > 4 * NAME_LIMIT or len(name := clean_name(value)) > NAME_LIMIT:
        raise MessageRefusedError(Reason.UNREADABLE, f"the {what} has more than {NAME_LIMIT} characters")
    return name


def report_text(text: str, *, source: str = "", external_id: str = "") -> str:
    """The cleaned text of a report. Refuses one that is blank or over TEXT_LIMIT."""
    cleaned = clean_text(text) if len(text) <= 4 * TEXT_LIMIT else text
    if len(cleaned) > TEXT_LIMIT or len(cleaned.encode()) > TEXT_LIMIT:
        detail = f"the report's text has more than {TEXT_LIMIT} bytes"
        raise MessageRefusedError(Reason.TOO_LARGE, detail, source=source, external_id=external_id)
    if not cleaned:
        raise MessageRefusedError(
            Reason.NO_REPORT_TEXT, "the report has no text", source=source, external_id=external_id
        )
    return cleaned
