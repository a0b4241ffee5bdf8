"""Whether two names can mean the same exam, judged by modality and body part.

A filler number may be shared by several exams that were ordered together ("XR CHEST", "XR ABDOMEN"), and the name of
one exam may change ("XR CHEST 1 VIEW", "XR CHEST 2 VIEWS").
"""

import re
from functools import lru_cache
from typing import NamedTuple

from ingest.formats.modalities import modality_of_words

_PARTS = (
    ("chest", re.compile(r"\b(?:chest|thorax|lungs?|cxr|pulmonary)\b", re.IGNORECASE)),
    ("ribs", re.compile(r"\bribs?\b|\bsternum\b", re.IGNORECASE)),
    ("abdomen", re.compile(r"\babd(?:om\w*)?\b|\bkub\b|\bliver\b|\brenal\b|\bkidneys?\b", re.IGNORECASE)),
    ("pelvis", re.compile(r"\bpelvi\w*|\bsacrum\b", re.IGNORECASE)),
    ("head", re.compile(r"\b(?:head|brain|skull|crani\w*|orbits?|sinus\w*|facial|face)\b", re.IGNORECASE)),
    ("neck", re.compile(r"\b(?:neck|thyroid|carotid)\b", re.IGNORECASE)),
    ("spine", re.compile(r"\b(?:spine|spinal|cervical|lumbar|vertebra\w*)\b", re.IGNORECASE)),
    ("breast", re.compile(r"\bbreasts?\b|\bmamm\w*", re.IGNORECASE)),
    ("heart", re.compile(r"\b(?:heart|cardiac|coronary)\b", re.IGNORECASE)),
    ("shoulder", re.compile(r"\b(?:shoulder|clavicle|scapula|humerus)\b", re.IGNORECASE)),
    ("arm", re.compile(r"\b(?:elbow|forearm|wrist|hand|fingers?|thumb)\b", re.IGNORECASE)),
    ("hip", re.compile(r"\b(?:hips?|femur)\b", re.IGNORECASE)),
    ("leg", re.compile(r"\b(?:knees?|tibia|fibula|ankles?|foot|feet|toes?)\b", re.IGNORECASE)),
)


class Exam(NamedTuple):
    """The modality code and body parts in an exam's name, as far as known."""

    method: str | None
    parts: frozenset[str]


@lru_cache(maxsize=4096)
def exam_of(name: str) -> Exam:
    """The modality and body parts of a name."""
    return Exam(
        modality_of_words(name) if name else None,
        frozenset(part for part, pattern in _PARTS if pattern.search(name)),
    )


def are_apart(one: Exam, other: Exam) -> bool:
    """Whether they are different exams: other modalities, or disjoint body parts."""
    methods = bool(one.method and other.method) and one.method != other.method
    return methods or (bool(one.parts and other.parts) and one.parts.isdisjoint(other.parts))
