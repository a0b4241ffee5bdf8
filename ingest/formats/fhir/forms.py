"""DiagnosticReport.presentedForm: the report as it was issued, in one or several forms of the same content."""

import base64
import binascii
import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.errors import MessageRefusedError, Reason
from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import require_markup_size
from ingest.formats.fhir.references import Library
from ingest.formats.fhir.resources import Attachment, Binary, Reference
from ingest.formats.markup.convert import PlainText, convert, markup_signs

_WIDE = re.compile(r"charset\s*=\s*[\"']?(utf-?(?:16|32)[a-z-]*)", re.IGNORECASE)
_LEFT_BREAKS = re.compile(r"\\(?:E\\)?\.(?:br|sp ?[+]?\d*|ce|ti ?[+-]?\d+|in ?[+-]?\d+)(?:\\E)?\\", re.IGNORECASE)
"""HL7 v2 line breaks that a converter did not replace."""
_MOST = 50
"""The maximum number of forms of one report. More give a warning."""
_ENGLISH = ("", "en")

UNREAD, ELSEWHERE, OTHER_LANGUAGE = (
    EventWarning.ATTACHMENT_UNREAD,
    EventWarning.ATTACHMENT_ELSEWHERE,
    EventWarning.ATTACHMENT_IN_ANOTHER_LANGUAGE,
)

_SKIPPED = frozenset({Reason.UNSUPPORTED_FORMAT, Reason.UNSUPPORTED_TEXT, Reason.NO_REPORT_TEXT})
"""Reasons for which a form is left out if others have text. Damaged and unsafe forms refuse the whole message."""


@dataclass(slots=True)
class Forms:
    """The texts of forms. `refusal` is the error of the first omitted form, for reports without other text."""

    texts: list[str] = field(default_factory=list)
    warnings: list[EventWarning] = field(default_factory=list)
    refusal: MessageRefusedError | None = None


def read_forms(forms: Sequence[Attachment], library: Library) -> Forms:
    """The texts of forms, without those contained in others, in order. Refuses damaged and unsafe forms."""
    found = Forms()
    english = [form for form in forms if form.language.lower().partition("-")[0] in _ENGLISH]
    if english and len(english) < len(forms):
        found.warnings.append(OTHER_LANGUAGE)
    chosen = english or forms
    if len(chosen) > _MOST:
        found.warnings.append(UNREAD)
    signs = 0
    for form in chosen[:_MOST]:
        try:
            raw, kind = _content(form, library)
            text, warnings = _text(raw, kind) if raw else PlainText("", ())
        except MessageRefusedError as error:
            if error.reason not in _SKIPPED:
                raise
            found.refusal = found.refusal or error
            found.warnings.append(ELSEWHERE if error.reason is Reason.NO_REPORT_TEXT else UNREAD)
        else:
            signs += markup_signs(raw.decode("latin-1"))
            require_markup_size(signs)
            found.texts.append(with_breaks(text))
            found.warnings += warnings
    found.texts = _distinct(found.texts)
    return found


def with_breaks(text: str) -> str:
    """The text with line ends where a converter left those of HL7 v2 (`\\.br\\`) as they were."""
    return _LEFT_BREAKS.sub("\n", text)


def _content(form: Attachment, library: Library) -> tuple[bytes, str]:
    """The bytes of a form and their media type; None if it has neither data nor a URL."""
    kind, data = form.content_type, form.data
    if not data and (binary := next(library.find(Binary, [Reference(reference=form.url)]), None)):
        kind, data = kind or binary.content_type, binary.data
    if not data and form.url:
        detail = "the report's text is at an address, which is not fetched: send it inline"
        raise MessageRefusedError(Reason.NO_REPORT_TEXT, detail)
    return _decoded(data), kind


def _decoded(data: str) -> bytes:
    """The bytes of base64, in either alphabet, with or without padding. Refuses (`unreadable`) other text."""
    plain = "".join(data.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise MessageRefusedError(Reason.UNREADABLE, "presentedForm.data is not base64") from None


def _text(raw: bytes, kind: str) -> PlainText:
    if wide := _WIDE.search(kind):
        return convert(_wide_text(raw, wide[1]), kind.partition(";")[0])
    if b"\0" in raw and not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, "the attachment can't be read as text")
    return convert(raw, kind)


def _wide_text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset).removeprefix("\ufeff")
    except (LookupError, UnicodeDecodeError):
        detail = "presentedForm can't be decoded with its character set"
        raise MessageRefusedError(Reason.BAD_ENCODING, detail) from None


def _distinct(texts: Sequence[str]) -> list[str]:
    """The texts without those that another one contains completely, as with two forms of one report."""
    words = [" ".join(text.split()).casefold() for text in texts]
    kept: list[int] = []
    for number in sorted(range(len(texts)), key=lambda each: (-len(words[each]), each)):
        if words[number] and not any(words[number] in words[other] for other in kept):
            kept.append(number)
    return [texts[number] for number in sorted(kept)]
