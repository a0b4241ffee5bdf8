"""DiagnosticReport.presentedForm: the report as it was issued, in one or several forms that show the same."""

import base64
import binascii
import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.fhir.library import Library
from ingest.formats.fhir.resources import Attachment, Binary, Reference
from ingest.formats.markup.convert import PlainText, convert

_WIDE = re.compile(r"charset\s*=\s*[\"']?(utf-?(?:16|32)[a-z-]*)", re.IGNORECASE)
_LEFT_BREAKS = re.compile(r"\\(?:E\\)?\.(?:br|sp ?[+]?\d*|ce|ti ?[+-]?\d+|in ?[+-]?\d+)(?:\\E)?\\", re.IGNORECASE)
"""HL7 v2 line breaks that a converter left in the text."""
_ENGLISH = ("", "en")

UNREAD, ELSEWHERE, OTHER_LANGUAGE = "attachment_unread", "attachment_elsewhere", "attachment_in_another_language"

_SKIPPED = frozenset({Reason.UNSUPPORTED_FORMAT, Reason.UNSUPPORTED_TEXT, Reason.NO_REPORT_TEXT})
"""Why a form is left out where others have words. What is damaged or unsafe is refused whatever else there is."""


@dataclass(slots=True)
class Forms:
    """What forms say. `refusal` is why the first was left out, for a report that has no other words."""

    texts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refusal: MessageRefusedError | None = None


def read_forms(forms: Sequence[Attachment], library: Library) -> Forms:
    """The words of each form that says more than the others, in their order. Refuses what is damaged or unsafe."""
    found = Forms()
    english = [form for form in forms if form.language.lower().partition("-")[0] in _ENGLISH]
    if english and len(english) < len(forms):
        found.warnings.append(OTHER_LANGUAGE)
    for form in english or forms:
        try:
            text, warnings = _read(form, library)
        except MessageRefusedError as error:
            if error.reason not in _SKIPPED:
                raise
            found.refusal = found.refusal or error
            found.warnings.append(ELSEWHERE if error.reason is Reason.NO_REPORT_TEXT else UNREAD)
        else:
            found.texts.append(with_breaks(text))
            found.warnings += warnings
    found.texts = _distinct(found.texts)
    return found


def with_breaks(text: str) -> str:
    """The text with line ends where a converter left those of HL7 v2 (`\\.br\\`) as they were."""
    return _LEFT_BREAKS.sub("\n", text)


def _read(form: Attachment, library: Library) -> PlainText:
    kind, data = form.content_type, form.data
    if not data and (binary := next(library.find(Binary, [Reference(reference=form.url)]), None)):
        kind, data = kind or binary.content_type, binary.data
    if data:
        return _text(_decoded(data), kind)
    if form.url:
        detail = "the report's text stands at an address, and addresses are not fetched"
        raise MessageRefusedError(Reason.NO_REPORT_TEXT, detail)
    return PlainText("", ())


def _decoded(data: str) -> bytes:
    """The bytes of base64, in either alphabet and with or without its padding. Refuses (`unreadable`) another text."""
    plain = "".join(data.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise MessageRefusedError(Reason.UNREADABLE, "presentedForm.data is not base64") from None


def _text(raw: bytes, kind: str) -> PlainText:
    if wide := _WIDE.search(kind):
        return convert(_wide_text(raw, wide[1]), kind.partition(";")[0])
    if b"\0" in raw and not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, "the attachment is no text that can be read")
    return convert(raw, kind)


def _wide_text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset).removeprefix("\ufeff")
    except (LookupError, UnicodeDecodeError):
        detail = "presentedForm does not fit its character set"
        raise MessageRefusedError(Reason.BAD_ENCODING, detail) from None


def _distinct(texts: Sequence[str]) -> list[str]:
    """The texts without those whose words all stand in another one, as they do in two forms of one report."""
    words = [" ".join(text.split()).casefold() for text in texts]
    kept: list[int] = []
    for number in sorted(range(len(texts)), key=lambda each: (-len(words[each]), each)):
        if words[number] and not any(words[number] in words[other] for other in kept):
            kept.append(number)
    return [texts[number] for number in sorted(kept)]
