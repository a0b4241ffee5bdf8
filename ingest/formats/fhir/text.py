"""The words of a DiagnosticReport as one text: presented forms, narrative, results, conclusion, coded conclusions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.errors import MessageRefusedError, Reason
from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import require_words_size
from ingest.formats.fhir.forms import read_forms, with_breaks
from ingest.formats.fhir.references import Library
from ingest.formats.fhir.resources import DiagnosticReport, Narrative
from ingest.formats.fhir.results import FINDINGS, IMPRESSION, read_codes, read_results
from ingest.formats.markup.convert import convert
from vlmkg.reading.sections import find_sections

_HEADED = re.compile(r"^[ \t]*(?:findings?|impressions?)\b", re.IGNORECASE | re.MULTILINE)
_DOCTYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_END = r" ?(?:[.!?;]|\n\n|$)"
_START = r"(?:^|[.!?:;] |\n\n)(?:(?:[-*•]|\d{1,3}[.)]) )?"

_MARKUP = 8
"""The maximum size of a narrative with its markup, as a multiple of TEXT_LIMIT."""
_LONG = 200
"""A text of at least this many words that occurs in another text counts as contained, in any context."""

NARRATIVE_UNREAD, MEDIA_COMMENT_UNREAD, EXTENSION_UNREAD = (
    EventWarning.NARRATIVE_UNREAD,
    EventWarning.MEDIA_COMMENT_UNREAD,
    EventWarning.EXTENSION_UNREAD,
)
_WORDED = ("valueString", "valueMarkdown", "valueAnnotation", "valueCodeableConcept", "valueAttachment")


@dataclass(frozen=True, slots=True)
class Words:
    """A report's text; empty if it has none, then perhaps with the error.

    `warnings` name the parts that were not read.
    """

    text: str
    warnings: tuple[EventWarning, ...]
    refusal: MessageRefusedError | None


def words(report: DiagnosticReport, library: Library) -> Words:
    """The report's words.

    The presented form is the report as it was issued. The narrative is used only if it has more than the fields: it is
    `additional`, or it has headings and there is no form; a generated one repeats names and codes. Texts of results,
    the conclusion and coded conclusions follow if the text lacks them.
    """
    forms = read_forms(report.presented_form, library)
    narrative, warnings = _narrative(report.text, forms_read=bool(forms.texts))
    results, codes = read_results(report, library), read_codes(report.conclusion_code)
    conclusion = convert(report.conclusion.strip(), "text/plain")
    body = "\n\n".join(forms.texts)
    require_words_size(max(len(body), len(narrative), len(conclusion.text)))
    if narrative and not is_said(narrative, [body]):
        body = f"{body}\n\n{narrative}".strip()
    parts = [(heading, with_breaks(text)) for heading, text in results.parts]
    parts += [(IMPRESSION, with_breaks(conclusion.text)), *codes.parts]
    told = (*forms.warnings, *warnings, *results.warnings, *conclusion.warnings, *codes.warnings, *_others(report))
    return Words(one_text(body, parts), told, forms.refusal)


def one_text(body: str, parts: Sequence[tuple[str, str]]) -> str:
    """The body, followed by the parts that it lacks, each once, under their headings."""
    lacking: list[tuple[str, str]] = []
    read = ["\n\n".join(map(_normal, _read_sections(body)))]
    under: dict[str, list[str]] = {}
    for heading, text in parts:
        words = _normal(text)
        if words and not _is_in(words, [*read, *under.get(heading, [])]):
            lacking.append((heading, text.strip()))
            under.setdefault(heading, []).append(words)
    if not lacking:
        return body
    more = "\n\n".join(_under_headings(lacking))
    return f"{_headed(body, more)}\n\n{more}" if body.strip() else more


def is_said(text: str, stretches: Sequence[str]) -> bool:
    """Whether one of the stretches has these words as whole sentences: "No effusion" does not contain "Effusion"."""
    return _is_in(_normal(text), [_normal(stretch) for stretch in stretches])


def _is_in(words: str, read: Sequence[str]) -> bool:
    """`is_said` for texts in normal form."""
    words = words.rstrip(".!?; ")
    found = [stretch for stretch in read if words in stretch]
    if not found or words.count(" ") > _LONG:
        return bool(found)
    pattern = re.compile(_START + re.escape(words) + _END)
    return any(pattern.search(stretch) for stretch in found)


def _normal(text: str) -> str:
    """The words in lower case, separated by single blanks; runs of empty lines become one."""
    paragraphs: list[list[str]] = [[]]
    for line in text.splitlines():
        if words := line.casefold().split():
            paragraphs[-1] += words
        elif paragraphs[-1]:
            paragraphs.append([])
    return "\n\n".join(" ".join(words) for words in paragraphs if words)


def _read_sections(text: str) -> list[str]:
    """The stretches that will be read. Only these give findings."""
    return [text[start:end] for _, start, end in find_sections(text)]


def _under_headings(parts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The parts, with consecutive parts of one heading joined; a part's own heading takes precedence."""
    before = ""
    for heading, text in parts:
        yield text if heading == before or _HEADED.search(text) else f"{heading}:\n{text}"
        before = heading


def _headed(body: str, more: str) -> str:
    """The body, under a heading if it needs one: what is read of it alone is also read before `more`."""
    if _HEADED.search(body):
        return body
    alone = find_sections(body)
    wanted = {_normal(body[start:end]) for _, start, end in alone}
    first = alone[0].start if alone else 0
    inserted = f"{body[:first].rstrip()}\n\n{FINDINGS}:\n{body[first:].lstrip()}".strip()
    for candidate in (f"{FINDINGS}:\n{body}", inserted, body):
        if wanted <= set(map(_normal, _read_sections(f"{candidate}\n\n{more}"))):
            return candidate
    return inserted


def _narrative(narrative: Narrative, *, forms_read: bool) -> tuple[str, list[EventWarning]]:
    """The narrative's text if it has more than the fields, and a warning if it may have more and is not read."""
    if not narrative.div.strip():
        return "", []
    if _DOCTYPE.search(narrative.div):
        raise MessageRefusedError(Reason.UNSAFE_XML, "the narrative has a document type or entities")
    require_words_size(len(narrative.div) // _MARKUP)
    text, warnings = convert(narrative.div, "text/html")
    if narrative.status == "additional" or (not forms_read and _HEADED.search(text)):
        return text, [*warnings]
    return "", [NARRATIVE_UNREAD] if narrative.status == "extensions" and text.strip() else []


def _others(report: DiagnosticReport) -> Iterator[EventWarning]:
    """Warnings for elements that may have more and are never read."""
    if any(each.comment.strip() for each in report.media):
        yield MEDIA_COMMENT_UNREAD
    extensions = (*report.extension, *report.beside_conclusion.extension)
    if any(name in extension for extension in extensions for name in _WORDED):
        yield EXTENSION_UNREAD
