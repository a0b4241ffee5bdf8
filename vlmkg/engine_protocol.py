"""The engine protocol and the results of reading: the contract between engines, ledger and graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from vlmkg.report_parts import SetAside
from vlmkg.schema import Kind, Presence, ReportGraph


class Modality(StrEnum):
    """An input of a reading."""

    TEXT = "text"
    IMAGE = "image"


class FilmDomain(StrEnum):
    """The kind of films: of patients, or drawn by a program for training and tests."""

    REAL = "real"
    SYNTHETIC = "synthetic"


class Lead(StrEnum):
    """Where a model's reading of a text stands against the rules'. Elsewhere the rules' stands; the other is shown."""

    NEVER = "never"
    UNKNOWN_WORDS = "unknown_words"
    """In sentences with a word that the lexicon does not know, but for presences, where the rules' stands."""
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class ImageInput:
    """One film of a study: its name (SOPInstanceUID, or a file's name) and its bytes as received: DICOM, PNG, JPEG."""

    key: str
    content: bytes


@dataclass(frozen=True, slots=True)
class StudyInput:
    """The input of one study: its report texts and films. Either may be empty.

    `chest`: whether the sender's words for the exam name the chest; False for other parts alone, None for none.
    """

    texts: tuple[str, ...]
    images: tuple[ImageInput, ...] = ()
    chest: bool | None = None


class WordLabels(NamedTuple):
    """A text witness's probabilities for one word: kind, presence, and role.

    `start` and `end` are half-open offsets in code points. The word is anatomy, or an observation that is present,
    uncertain or absent; the rest to 1 is no mention. `finding`: an observation that describes no other. `begins`: it is
    the first word of a mention.
    """

    start: int
    end: int
    anatomy: float
    present: float
    uncertain: float
    absent: float
    finding: float
    begins: float


@dataclass(frozen=True, slots=True)
class ReportOutput:
    """An engine's reading of one report.

    Mentions and relations of `graph` have the engine's witness and score. `truncated`: the engine's budget ended before
    the report did, so findings may be missing. `aside`: spans of the text (half-open, code points) that state no
    findings: communication, questions, advice; an engine that does not distinguish them has none. `words` are the
    labels of a checkpoint's text witness, in text order, where it was asked; none without one.
    """

    graph: ReportGraph
    truncated: bool = False
    aside: tuple[tuple[int, int], ...] = ()
    words: tuple[WordLabels, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageEntity:
    """A fact that only a film shows: a name of a closed list, without a span. `image` is the film's key.

    `score` is as in `schema.Mention`.
    """

    image: str
    text: str
    kind: Kind
    presence: Presence
    score: float | None = None


@dataclass(frozen=True, slots=True)
class UnreadImage:
    """A film that could not be read, by its key, and the reason code: `unreadable` or one of the engine's own."""

    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class StudyOutput:
    """An engine's reading of one study: one output for each text, in the same order.

    `modalities` are its inputs: `image` only if at least one film was read. A film that can't be read is in `unread`
    and does not prevent the reading of the reports.
    """

    reports: tuple[ReportOutput, ...]
    modalities: tuple[Modality, ...] = (Modality.TEXT,)
    image_entities: tuple[ImageEntity, ...] = ()
    unread: tuple[UnreadImage, ...] = ()


class Engine(Protocol):
    """Reads studies into graphs. The rules and the model implement it.

    `read` is called by one thread at a time. Results need not be bitwise repeatable: the ledger keeps the first one.
    """

    @property
    def name(self) -> str:
        """`rules`, or `model`."""
        ...

    @property
    def checkpoint(self) -> str | None:
        """The checkpoint's name; None for rules."""
        ...

    @property
    def checkpoint_digest(self) -> str | None:
        """SHA-256 (hex) of the checkpoint's manifest, which identifies it; None for rules."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over everything that determines the readings: the declared reading version, and its lexicon or
        its manifest, which has the SHA-256 of each file."""
        ...

    @property
    def film_domain(self) -> FilmDomain | None:
        """The domain of its training films; None: it reads no films. It gets only films of its domain."""
        ...

    @property
    def lead(self) -> Lead:
        """Where what it reads in a text stands against the rules'. Rules, which have no second witness: `always`."""
        ...

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        """One output for each study, in the same order. Offsets count code points of the texts as given.

        Raises DeviceMemoryError if the device has too little memory: then the caller retries with fewer studies.
        """
        ...


@dataclass(frozen=True, slots=True)
class ConceptLink:
    """The concept of a mention, the confidence (0 to 1), and the rule that linked it."""

    code: str
    system: str
    name: str
    score: float
    rule: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An observation without an outgoing `modify`, as one normalised statement.

    `mention` is its position in the graph's mentions. `place_codes` are the concept codes of all its locations, the
    composed ones first, implied ones (an effusion is in the pleural space) last.
    """

    mention: int
    concept: ConceptLink
    laterality: str | None
    severity: str | None
    place_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A triplet that validation rejected, with the reason code."""

    reason: str
    head: str
    relation: str
    tail: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ReadingWarning:
    """A triplet or mention that was kept but is doubtful, with the warning code."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """The number of mentions and relations of one report read by both, only by the model, only by the rules.

    `disputed` mentions are those on whose presence or kind the two disagree; they are included in the counts.
    """

    mentions_both: int = 0
    mentions_model: int = 0
    mentions_rules: int = 0
    relations_both: int = 0
    relations_model: int = 0
    relations_rules: int = 0
    disputed: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One report, read, validated and normalised. `links` has one entry for each mention, in the same order.

    `agreement` compares the model and the rules; None if only one engine read it. `set_aside` are the parts of the text
    that no engine reads, in text order, each with its reason.
    """

    graph: ReportGraph
    links: tuple[ConceptLink, ...]
    findings: tuple[Finding, ...]
    rejections: tuple[Rejection, ...] = ()
    warnings: tuple[ReadingWarning, ...] = ()
    truncated: bool = False
    agreement: Agreement | None = None
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyReadings:
    """The readings of one study: one for each report, in the order given, and one for each film with its own facts.

    `films` are by the film's key; their mentions have no span (start and end are 0) and the section `image`.
    `warnings` are the warning codes of this reading, without duplicates, sorted.
    """

    reports: tuple[Reading, ...]
    films: tuple[tuple[str, Reading], ...]
    modalities: tuple[Modality, ...]
    unread: tuple[UnreadImage, ...] = ()
    warnings: tuple[str, ...] = ()
