"""What an engine is, and what reading a report gives: the contract between engines, ledger and graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vlmkg.schema import ReportGraph


class Engine(Protocol):
    """Reads report texts into graphs. The rules engine and the model are both behind this."""

    @property
    def name(self) -> str:
        """`rules`, or the model's name."""
        ...

    @property
    def checkpoint(self) -> str | None:
        """The checkpoint's name; None for rules."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over everything that changes what the engine reads: its rules and lexicon, or weights."""
        ...

    def extract(self, texts: Sequence[str]) -> list[ReportGraph]:
        """One graph for each text, in the same order. Offsets count code points of the text as given."""
        ...


@dataclass(frozen=True, slots=True)
class ConceptLink:
    """The concept that a mention refers to, how surely (0 to 1), and which rule linked it."""

    code: str
    system: str
    name: str
    score: float
    rule: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An observation without an outgoing `modify`, as one normalised statement.

    `mention` is its position in the graph's mentions. `place_codes` are the concept codes of all its places, the
    composed ones first, implied ones (an effusion is in the pleural space) last.
    """

    mention: int
    concept: ConceptLink
    laterality: str | None
    severity: str | None
    place_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A triplet that was read and refused, with the reason code of the rule that refused it."""

    reason: str
    head: str
    relation: str
    tail: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ReadingWarning:
    """A triplet or mention that was kept but looks odd, with the reason code of the rule that noticed."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One report, read, validated and normalised. `links` has one entry for each mention, in the same order."""

    graph: ReportGraph
    links: tuple[ConceptLink, ...]
    findings: tuple[Finding, ...]
    rejections: tuple[Rejection, ...] = ()
    warnings: tuple[ReadingWarning, ...] = ()
