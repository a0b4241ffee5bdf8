"""The parts of a report that describe the exam, and those that are set aside, each with its reason.

Findings, impression and addendum are read. Indication, history, comparison, technique, advice, signatures and
administrative lines are set aside: they are about other days, a question, or no finding. Text without a heading, or
under an unknown heading, is read. Every character of a report belongs to exactly one part.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from vlmkg.reading.furniture import furniture
from vlmkg.reading.headings import Heading, headings_of, is_findings
from vlmkg.reading.language import set_foreign_aside
from vlmkg.reading.section_content import content_end, names_finding
from vlmkg.reading.section_words import section_words
from vlmkg.report_parts import READ, Part, SetAside, Stretch

FINDINGS, IMPRESSION, ADDENDUM = Part.FINDINGS.value, Part.IMPRESSION.value, Part.ADDENDUM.value
_KEPT = 256
_LOOK_BACK = 500
_BARE_ANSWER = re.compile(
    r"\s{0,8}(?:yes|no|none|nil|present|absent|positive|negative|possibl[ey]|probabl[ey])\b"
    r"(?=[ \t]{0,4}(?:[.,;\n-]|$))",
    re.IGNORECASE,
)
_ONE_LINE = frozenset({Part.ADMINISTRATIVE, Part.SIGN_OFF})


class Section(NamedTuple):
    """A stretch `text[start:end]` that is read, under its lower-case name."""

    name: str
    start: int
    end: int


def find_sections(text: str) -> list[Section]:
    """The stretches of `text` that describe the exam, in text order and without overlap, none blank."""
    return [
        Section(part.value, start, end)
        for start, end, part in partition(text)
        if part in READ and text[start:end].strip()
    ]


def find_set_aside(text: str) -> tuple[SetAside, ...]:
    """The stretches that are not read, in text order, none blank, each with its reason."""
    return tuple(
        SetAside(start, end, part.value)
        for start, end, part in partition(text)
        if part not in READ and text[start:end].strip()
    )


@lru_cache(maxsize=_KEPT)
def partition(text: str) -> tuple[Stretch, ...]:
    """All of `text` as stretches: each begins where the one before ends."""
    described = list(_without_furniture(text, _by_headings(text)))
    return tuple(_merged(set_foreign_aside(text, described)))


def _by_headings(text: str) -> list[Stretch]:
    headings = list(_answered(text, list(_sure(text, headings_of(text)))))
    last_findings = max(
        (one.start for one in headings if is_findings(one) and _is_filled(text, headings, one)), default=-1
    )
    final = any(one.words is Part.HEADING and one.part in READ for one in headings)
    stretches = [Stretch(0, headings[0].start if headings else len(text), Part.FINDINGS)]
    for heading, following in pairwise([*headings, None]):
        if heading is None:
            break
        end = following.start if following else len(text)
        words_to = heading.end if heading.words is not heading.part else heading.start
        stretches.append(Stretch(heading.start, words_to, heading.words))
        part = Part.IMPRESSION if heading.part is Part.PROVISIONAL and not final else heading.part
        if part in READ or (last_findings > heading.start and part not in _ONE_LINE):
            stretches.append(Stretch(words_to, end, part))
            continue
        ends = content_end(text, words_to, end, part, has_findings=last_findings >= 0, has_read=final)
        stretches += [Stretch(words_to, ends, part), Stretch(ends, end, Part.FINDINGS)]
    return stretches


def _sure(text: str, headings: Sequence[Heading]) -> Iterator[Heading]:
    """The headings less those that only look so: unsure names among findings, lines that change no part."""
    part = Part.FINDINGS
    begun = False
    ended = 0
    for one in headings:
        if one.words is one.part:
            if part in READ or not text[ended : one.start].strip():
                # Right under "INDICATION:" it is the indication: "COPD".
                continue
        elif part in READ and one.part not in READ and _is_unsure(text, one, begun):
            continue
        part, ended = one.part, one.end
        begun = begun or part in READ
        yield one


def _answered(text: str, headings: Sequence[Heading]) -> Iterator[Heading]:
    """The headings, a question that is answered by "yes" or "no" read together with its answer."""
    skip = begun = False
    for one, following in pairwise([*headings, None]):
        if skip or one is None:
            skip = False
            continue
        if one.name == "details" and not begun and _is_found_later(headings, one):
            # "REQUEST: ... DETAILS: ... REPORT: ...": the details of the request.
            yield one._replace(part=Part.INDICATION)
            continue
        begun = begun or one.part in READ
        skip = (
            one.name in section_words("questions")
            and following is not None
            and following.name == "answer"
            and _BARE_ANSWER.match(text, following.end) is not None
        )
        yield one._replace(part=Part.FINDINGS) if skip else one


def _is_found_later(headings: Sequence[Heading], before: Heading) -> bool:
    return any(one.start > before.start and is_findings(one) and one.name != before.name for one in headings)


def _is_unsure(text: str, one: Heading, begun: bool) -> bool:
    """Whether a heading may as well be words of a finding: "Nodule. Location: left apex."."""
    if one.name not in section_words("unsure_in_findings"):
        return False
    return begun or not one.opens_line or names_finding(text[max(0, one.start - _LOOK_BACK) : one.start])


def _is_filled(text: str, headings: Sequence[Heading], one: Heading) -> bool:
    """Whether anything stands between a heading and the next."""
    at = bisect_left(headings, one.end, key=lambda other: other.start)
    end = headings[at].start if at < len(headings) else len(text)
    return bool(text[one.end : end].strip())


def _without_furniture(text: str, stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """The parts, with lines in read parts that are not report text set aside."""
    gaps = list(furniture(text))
    starts = [gap.start for gap in gaps]
    for start, end, part in stretches:
        position = start
        if part in READ:
            for gap in gaps[bisect_left(starts, start) : bisect_left(starts, end)]:
                yield Stretch(position, gap.start, part)
                yield Stretch(gap.start, min(gap.end, end), gap.part)
                position = min(gap.end, end)
        yield Stretch(position, end, part)


def _merged(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """Neighbours of one part that is set aside as one stretch; empty ones left out."""
    held: Stretch | None = None
    for one in stretches:
        if one.start == one.end:
            continue
        if held and held.part is one.part and one.part not in READ:
            held = held._replace(end=one.end)
            continue
        if held:
            yield held
        held = one
    if held:
        yield held
