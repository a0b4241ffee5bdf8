"""The text of an order's report, under headings that the section reader knows.

Senders mark a line's section in OBX-3: by suffix (`&GDT` general description, `&IMP` impression, `&ADT` addendum; HL7
v2.8 chapter 7.2.4), by LOINC or DICOM code, or by the heading itself. If the text lacks the heading, it is inserted.
Otherwise an impression sent line by line would be read as findings, and a referrer's question as an answer. A text
coded as history or request ends with its OBX; the next OBX without such a code is findings.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from ingest.errors import MessageRefusedError, Reason
from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import require_markup_size, require_words_size
from ingest.formats.hl7.escapes import unescape
from ingest.formats.hl7.lines import UNESCAPED
from ingest.formats.hl7.orders import NOTE_UNREAD, Order
from ingest.formats.hl7.sections import ADDENDUM, FINDINGS, section_heading
from ingest.formats.hl7.segments import EMPTY, Segment
from ingest.formats.hl7.status import is_deleted, is_no_result
from ingest.formats.hl7.values import Kind, attachment_text, coded_words, embedded_document, kind_of
from ingest.formats.markup.convert import PlainText, convert
from ingest.formats.markup.detect import HTML, RTF, looks_like, without_entities, without_escaped_tags
from ingest.formats.markup.rtf import join_pieces
from vlmkg.reading.headings import heading_part
from vlmkg.report_parts import READ

ATTACHMENT_UNREAD, CODED_UNREAD, NUMBER_UNREAD, TEXT_UNREAD = (
    EventWarning.ATTACHMENT_UNREAD,
    EventWarning.CODED_VALUE_UNREAD,
    EventWarning.NUMBER_UNREAD,
    EventWarning.TEXT_UNREAD,
)

_ESCAPES = 3
"""Escape characters per markup token: RTF and HTML are escaped for HL7 v2."""

_READ = frozenset({FINDINGS, "IMPRESSION", "CONCLUSION", ADDENDUM})
_PARAGRAPHS = ("INDICATION", "HISTORY", "CLINICAL", "REASON", "TECHNIQUE", "COMPARISON", "RECOMMENDATION", "PROTOCOL")
_ABOUT = re.compile(r"(?<= )~(?=[0-9]+(?:[.,][0-9]+)?\s*(?:[x-]\s*[0-9]|mm|cm|m?l\b|cc|%|mg|hu\b))", re.IGNORECASE)
_ABOUT_MARK = "\ue000"
# Matches only at the first of several blanks; otherwise a run of blanks would be scanned from each one.
_LINE_END_IN_HTML = re.compile(r"(<[^<>\n]*>)?(?<![ \t])[ \t]*\n(?![^<>\n]*>)")
_BREAK = re.compile(
    r"</?(?:br|p|div|li|tr|td|th|h[1-6]|pre|table|tbody|ul|ol|dl|dd|dt|html|body|head|hr)\b", re.IGNORECASE
)


class ReportText(NamedTuple):
    """The texts of the report and of its addendum; each empty if there is none. Warnings name omitted parts."""

    body: str
    addendum: str
    warnings: tuple[EventWarning, ...]


@dataclass(slots=True)
class _Reading:
    """The results of an order as lines, warnings, and the error of the first unreadable part."""

    charset: str
    warnings: dict[EventWarning, None] = field(default_factory=dict)
    error: MessageRefusedError | None = None

    def left_out(self, code: EventWarning, error: MessageRefusedError) -> None:
        """Record an unreadable part. Errors of limits and safety are raised, because they refuse the message."""
        if error.reason in (Reason.TOO_LARGE, Reason.UNSAFE_XML):
            raise error
        self.warnings[code] = None
        self.error = self.error or error

    def words_of(self, found: PlainText) -> str:
        """The text of a converted document."""
        self.warnings.update(dict.fromkeys(found.warnings))
        return found.text


class _Group(NamedTuple):
    """Consecutive results under one heading (None: no section is named)."""

    heading: str | None
    results: list[Segment]


def order_text(order: Order, charset: str) -> ReportText:
    """The text of all results and notes in message order. `charset` is that of hexadecimal escapes.

    Raises the error of an unreadable part (`unsupported_format`, `unsupported_text`) if there is no other text;
    otherwise it is a warning.
    """
    stated = [part for part in order.words if not is_deleted(_status(part)) and part.field(_place(part)) != EMPTY]
    kept = [part for part in stated if not is_no_result(_status(part))]
    without_result = [part for part in stated if is_no_result(_status(part))]
    # Before splitting, because each separator may become a line.
    texts = [part.field(_place(part)) for part in kept if part.name == "NTE" or kind_of(part) is Kind.TEXT]
    require_words_size(
        max(sum(map(len, texts)) // 64, sum(len(text.split(kept[0].separators.repetition)) for text in texts))
    )
    require_markup_size(sum(text.count(kept[0].separators.escape) for text in texts) // _ESCAPES)
    reading = _Reading(charset)
    if any(part.text(5) for part in without_result):
        reading.warnings[TEXT_UNREAD] = None
    if order.notes and any(note.text(3) for note in order.notes):
        reading.warnings[NOTE_UNREAD] = None
    body: list[str] = []
    addendum: list[str] = []
    groups = list(_groups(kept))
    # If some results have a section, those without one describe the exam.
    bare = FINDINGS if any(group.heading not in (None, ADDENDUM) for group in groups) else None
    for heading, results in groups:
        lines = _lines(results, heading, reading)
        # Before the search for headings, which needs plain text.
        require_words_size(sum(map(len, lines)))
        known = heading or bare
        if heading and not _is_read(heading):
            # An empty line would end the section, and the text after it would be findings.
            lines = [line for line in lines if line.strip()]
        (addendum if heading == ADDENDUM else body).extend(_under(known, lines))
    if any("\ufffd" in line for line in (*body, *addendum)):
        reading.warnings[EventWarning.UNDECODABLE_CHARACTER] = None
    text = ReportText(_join(body), _join(addendum), tuple(reading.warnings))
    if reading.error and not text.body.strip() and not text.addendum.strip():
        raise reading.error
    return text


def _status(part: Segment) -> str:
    return part.text(11) if part.name == "OBX" else ""


def _place(part: Segment) -> int:
    return 3 if part.name == "NTE" else 5


def _groups(parts: Sequence[Segment]) -> Iterator[_Group]:
    """A note belongs to the result before it, so it gets the same heading."""
    group: _Group | None = None
    for part in parts:
        heading = group.heading if part.name == "NTE" and group else section_heading(part)
        if group and heading == group.heading:
            group.results.append(part)
            continue
        if group:
            yield group
        group = _Group(heading, [part])
    if group:
        yield group


def _lines(results: Sequence[Segment], heading: str | None, reading: _Reading) -> list[str]:
    """The lines of a group. Consecutive texts are converted together, because senders split documents into lines."""
    found: list[str] = []
    texts: list[str] = []
    for before, result in zip([None, *results], results, strict=False):
        kind = Kind.TEXT if result.name == "NTE" else kind_of(result)
        if kind is Kind.TEXT:
            if result.name == "NTE" and before and before.name != "NTE":
                texts.append("")
            texts.append(_text(result, reading))
            continue
        found += _converted(texts, reading)
        texts = []
        found += _other(result, kind, heading, reading)
    return found + _converted(texts, reading)


def _text(result: Segment, reading: _Reading) -> str:
    """The text of a result. Repetitions and line break sequences end a line; component separators are text."""
    separators, value = result.separators, result.field(_place(result))
    if value.lstrip()[:5].lower() == "{\\rtf" and separators.escape == "\\":
        # The text was not escaped: every line has the escape character and the repetition separator.
        return value
    if separators.repetition == "~" and " ~" in value and _ABOUT.search(value):
        value = _ABOUT.sub(_ABOUT_MARK, value)
        reading.warnings[UNESCAPED] = None
    words = "\n".join(
        unescape(part, separators, reading.charset) for part in value.split(separators.repetition)
    ).replace(_ABOUT_MARK, "~")
    return "\n".join(words.splitlines()) if words else ""


def _converted(texts: Sequence[str], reading: _Reading) -> list[str]:
    """Consecutive texts without their markup."""
    found: list[str] = []
    for number, document in enumerate(_documents(texts)):
        if number:
            found.append("")
        try:
            embedded = embedded_document(document)
        except MessageRefusedError as error:
            reading.left_out(ATTACHMENT_UNREAD, error)
            continue
        words = reading.words_of(embedded) if embedded else document
        try:
            words = _without_markup(words, reading)
        except MessageRefusedError as error:
            reading.left_out(TEXT_UNREAD, error)
            continue
        found += [line.rstrip() for line in words.split("\n")]
    return found


def _without_markup(words: str, reading: _Reading) -> str:
    kind = looks_like(words)
    if kind is None:
        return without_entities(words)
    if kind == HTML:
        words = without_escaped_tags(words)
        words = _LINE_END_IN_HTML.sub(_line_end_in_html, words)
    return reading.words_of(convert(words, kind))


def _line_end_in_html(match: re.Match[str]) -> str:
    """A line end of the message ends a line of the report, unless a tag does that already."""
    tag = match[1] or ""
    return match[0] if _BREAK.match(tag) else f"{tag}<br>"


def _documents(texts: Sequence[str]) -> Iterator[str]:
    """Each RTF document with all its lines, and the texts between the documents."""
    run: list[str] = []
    depth = 0
    for text in texts:
        if depth <= 0 and looks_like(text[:64]) == RTF:
            if run:
                yield "\n".join(run)
            run, depth = [text], _open_groups(text)
        else:
            run.append(text)
            depth += _open_groups(text) if depth > 0 else 0
            if depth > 0:
                continue
        if looks_like(run[0][:64]) == RTF and depth <= 0:
            yield join_pieces(run)
            run = []
    if run:
        yield "\n".join(run)


def _open_groups(text: str) -> int:
    plain = text.replace("\\\\", "").replace("\\{", "").replace("\\}", "")
    return plain.count("{") - plain.count("}")


def _other(result: Segment, kind: Kind, heading: str | None, reading: _Reading) -> list[str]:
    """The words of a result that is not text, or a warning that names it."""
    if not result.field(5).strip():
        return []
    if kind is Kind.ATTACHMENT:
        try:
            return reading.words_of(attachment_text(result, reading.charset)).split("\n")
        except MessageRefusedError as error:
            reading.left_out(ATTACHMENT_UNREAD, error)
            return []
    if kind is Kind.CODED and heading in _READ:
        return coded_words(result, reading.charset).split("\n")
    reading.warnings[NUMBER_UNREAD if kind is Kind.NUMBER else CODED_UNREAD] = None
    return []


def _under(heading: str | None, lines: list[str]) -> list[str]:
    """The lines of one section, with its heading inserted before the first line without a heading."""
    if heading is None or (place := _unheaded(heading, lines)) is None:
        return lines
    return [*lines[:place], f"{heading}:", *lines[place:]]


def _unheaded(heading: str, lines: list[str]) -> int | None:
    """The first line without a heading; None if the section starts with its own.

    A heading of unread text covers its paragraph; a line such as the exam's name or a signature covers only itself.
    """
    covered = False
    for number, line in enumerate(lines):
        if not line.strip():
            covered = False
        elif _has_heading(line):
            if heading not in _READ or _names_read(line):
                return None
            covered = line.lstrip().upper().startswith(_PARAGRAPHS)
        elif not covered:
            return number
    return None


def _has_heading(line: str) -> bool:
    return heading_part(line) is not None


def _names_read(line: str) -> bool:
    """Whether the line's heading begins a section that is read."""
    return heading_part(line) in READ


@lru_cache(maxsize=256)
def _is_read(heading: str) -> bool:
    return _names_read(f"{heading}:")


def _join(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n")
