"""A DiagnosticReport's content outside its text: the Observations of `result`, and `conclusionCode`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.event_warnings import EventWarning
from ingest.formats.fhir.references import Library
from ingest.formats.fhir.resources import CodeableConcept, DiagnosticReport, Observation, Reference
from ingest.formats.markup.convert import convert
from ingest.formats.section_codes import SECTION_CODES
from vlmkg.reading.sections import find_sections

FINDINGS, IMPRESSION = "FINDINGS", "IMPRESSION"
_TAKEN_BACK = frozenset({"cancelled", "entered-in-error"})
_MOST = 1000
"""The maximum number of Observations, and of coded conclusions, of one report. More give a warning."""
_KIND = re.compile(r"\s*\((?:disorder|finding|morphologic abnormality|situation|observable entity)\)\s*$")

RESULT_UNREAD, RESULT_ELSEWHERE = EventWarning.RESULT_UNREAD, EventWarning.RESULT_ELSEWHERE
CODE_UNREAD = EventWarning.CONCLUSION_CODE_UNREAD


@dataclass(slots=True)
class Said:
    """Texts under headings, in order, and warnings that name omitted parts."""

    parts: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[EventWarning] = field(default_factory=list)


def read_results(report: DiagnosticReport, library: Library) -> Said:
    """The texts of the report's Observations under the headings of their codes.

    Only an independent text is read: that of an Observation that is a section of the report or has no code. "Absent"
    under the code of a pneumothorax must not be read without the code; such a result gives a warning.
    """
    said = Said()
    for observation in _observations(report, library, said):
        if observation.status in _TAKEN_BACK:
            continue
        heading = _heading(observation.code, report)
        text = observation.value_string.strip()
        if heading and text:
            found = convert(text, "text/plain")
            said.parts.append((heading, found.text))
            said.warnings += found.warnings
        if not (heading and text) or any(note.text.strip() for note in observation.note):
            said.warnings.append(RESULT_UNREAD)
    return said


def read_codes(concepts: Sequence[CodeableConcept]) -> Said:
    """The coded conclusions in words, one per line. A code without words gives a warning."""
    said = Said()
    for concept in concepts[:_MOST]:
        name = _KIND.sub("", " ".join(concept.name.split()))
        if name:
            said.parts.append((IMPRESSION, name if name.endswith((".", "!", "?")) else f"{name}."))
        else:
            said.warnings.append(CODE_UNREAD)
    if len(concepts) > _MOST:
        said.warnings.append(CODE_UNREAD)
    return said


def _observations(report: DiagnosticReport, library: Library, said: Said) -> Iterator[Observation]:
    """The Observations that the report refers to, each once, the members of a panel after it."""
    todo, seen = [*reversed(report.result)], set[str]()
    followed = 0
    while todo and followed < _MOST:
        followed += 1
        reference = todo.pop()
        found = next(library.find(Observation, [reference], report.contained), None)
        if found is None or not reference.reference:
            said.warnings.append(RESULT_ELSEWHERE)
        elif reference.reference not in seen:
            seen.add(reference.reference)
            members = [Reference(reference=each.reference) for each in found.has_member]
            todo += reversed(members)
            if not members or found.value_string:
                yield found
    if todo:
        said.warnings.append(RESULT_UNREAD)


def _heading(code: CodeableConcept, report: DiagnosticReport) -> str:
    """The heading of an Observation's text; empty if its code is not a heading."""
    named = next((SECTION_CODES[each] for each in sorted(code.codes) if each in SECTION_CODES), "")
    if named:
        return named
    words = " ".join(code.words.split())
    if not words or code.codes & report.code.codes or words.casefold() == report.code.words.casefold():
        return FINDINGS
    return words.upper() if _is_heading(words) else ""


def _is_heading(words: str) -> bool:
    """Whether the section reader knows these words as a heading."""
    text = f"{words.upper()}:\nx"
    return ":" not in words and [section[1:] for section in find_sections(text)] != [(0, len(text))]
