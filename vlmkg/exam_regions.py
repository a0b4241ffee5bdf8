"""The parts of a report that are about the chest.

On a film of the chest an effusion is pleural and an edema pulmonary, even if the report does not say so. In other exams
they are only what they are called. The report's title decides, then the sender's name of the exam, then the headings
("ABDOMEN:", "LOWER CHEST:"). A report that names no exam counts as one of the chest.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from vlmkg.domain import is_never_plain, names_other_part, names_region
from vlmkg.reading.headings import headings_of
from vlmkg.reading.sections import partition
from vlmkg.report_parts import Part

_LONGEST_TITLE = 120
_MOST_TITLE_WORDS = 14
_TITLE_END = re.compile(r"[.:\n]|\s-\s")
_TITLE = re.compile(r"(?:^|[.;\n])[ \t]*([A-Za-z][A-Za-z ,/&()-]{2,40}):")
_WORD = re.compile(r"[a-z]+")
_BESIDE_LUNGS = re.compile(
    r"\b(?:spin\w+|thoracic|cervical|lumbar|shoulders?|humer\w+|breasts?|cardiac|heart|coronary|clavicles?|scapulae?|"
    r"soft tissues?|skeletal|upper abdomen|visuali[sz]ed)\b"
)
"""Parts for which a chest report has headings: the text under them still belongs to the chest."""
_METHODS = frozenset(
    {"ct", "cta", "ctpa", "cat", "hrct", "mr", "mri", "mra", "us", "ultrasound", "sonogram", "sonography", "doppler"}
    | {"echo", "echocardiogram", "echocardiography", "mammogram", "mammography", "tomosynthesis", "xr", "xray", "cr"}
    | {"dx", "radiograph", "radiographs", "film", "films", "scan", "venogram", "arthrogram", "urogram", "esophagram"}
    | {"skeletal", "bone", "kub", "axr", "cxr", "dexa", "opg", "usg", "duplex", "tte", "tee", "fluoroscopy"}
)
_FILLERS = frozenset(
    {
        "left",
        "right",
        "bilateral",
        "both",
        "lt",
        "rt",
        "l",
        "r",
        "of",
        "the",
        "and",
        "with",
        "without",
        "contrast",
        "ap",
    }
    | {"pa", "lat", "lateral", "oblique", "view", "views", "two", "three", "one", "x", "ray", "rays", "v", "w", "wo"}
    | {"portable", "complete", "limited", "screening", "diagnostic", "digital", "venous", "arterial", "lower", "upper"}
    | {"extremity", "soft", "tissue", "tissues", "joint", "plain", "standard", "series", "exam", "examination", "study"}
    | {
        "non",
        "iv",
        "enhanced",
        "unenhanced",
        "infant",
        "whole",
        "frontal",
        "supine",
        "erect",
        "trauma",
        "survey",
        "for",
    }
    | {
        "axial",
        "sagittal",
        "coronal",
        "multiplanar",
        "routine",
        "report",
        "post",
        "pre",
        "noncontrast",
        "min",
        "protocol",
    }
)


class ExamRegions(NamedTuple):
    """From `starts[n]` on the report is about the chest, or is not, as `chest[n]` says. `named`: the exam is named."""

    starts: tuple[int, ...]
    chest: tuple[bool, ...]
    named: bool

    def is_chest(self, position: int) -> bool:
        """Whether the text at this position is about the chest."""
        return self.chest[bisect_right(self.starts, position) - 1]


CHEST = ExamRegions((0,), (True,), named=True)
"""All of a report is about the chest."""


def exam_regions(text: str, told: bool | None = None) -> ExamRegions:
    """The regions of one report. `told`: whether the sender's words name the chest; None: they name no part."""
    title = _title(text)
    titled = names_region(title)
    if titled is None and told is None and is_never_plain(title):
        titled = False
    named = told if titled is None else titled
    chest = True if named is None else named
    starts, flags = [0], [chest]
    for start, name in _headings(text) if chest and not names_other_part(title) else _titles(text):
        here = _heading_region(name, chest=chest)
        if here is not flags[-1]:
            starts.append(start)
            flags.append(here)
    return ExamRegions(tuple(starts), tuple(flags), named=named is not None)


def _headings(text: str) -> Iterator[tuple[int, str]]:
    """The position of each heading, and the region that it names; headings of report sections name no region."""
    return ((one.start, "" if one.words is Part.HEADING else one.name) for one in headings_of(text))


def _titles(text: str) -> Iterator[tuple[int, str]]:
    """As `_headings`, also of titles in the middle of a line: "LOWER CHEST: effusion. LIVER: no mass."."""
    return ((one.start(1), one[1].lower()) for one in _TITLE.finditer(text))


def _heading_region(name: str, *, chest: bool) -> bool:
    """The region of the text under this title; the exam's region if the title names none."""
    named = names_region(name)
    if named is None or (named is False and _BESIDE_LUNGS.search(name)):
        return chest
    return named


def _title(text: str) -> str:
    """The name of the exam: the words set aside as such, else the report's opening words."""
    names = " ".join(
        text[one.start : min(one.end, one.start + _LONGEST_TITLE)] for one in partition(text) if one.part is Part.EXAM
    )
    told = names_region(names) is not None or is_never_plain(names)
    return names if names and told else _opening(text)


def _opening(text: str) -> str:
    """The first words of the report, if they are the name of an exam and not a sentence."""
    start = len(text) - len(text.lstrip())
    end = _TITLE_END.search(text, start, start + _LONGEST_TITLE)
    opening = text[start : end.start() if end else start + _LONGEST_TITLE]
    words = _WORD.findall(opening.lower())
    if not 0 < len(words) <= _MOST_TITLE_WORDS:
        return ""
    if words[0] in _METHODS:
        return opening
    plain = all(word in _METHODS or word in _FILLERS or names_region(word) is not None for word in words)
    return opening if plain else ""
