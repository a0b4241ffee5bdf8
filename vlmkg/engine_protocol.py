"""What an engine is, and what reading a report gives: the contract between engines, ledger and graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from vlmkg.report_parts import SetAside
from vlmkg.schema import Kind, Presence, ReportGraph


class Modality(StrEnum):
    """What an engine read of a study."""

    TEXT = "text"
    IMAGE = "image"


class FilmDomain(StrEnum):
    """Where films come from: of patients, or made by a program to train and test on."""

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
    """What there is to read of one study: its report texts, its films. Either may be empty."""

    texts: tuple[str, ...]
    images: tuple[ImageInput, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportOutput:
    """What an engine read in one report.

    Mentions and relations of `graph` bear the engine's witness and score. `truncated`: the engine's budget was spent
    before it was through, so the graph may lack facts. `aside`: spans of the text (half-open, code points) that it took
    for talk: told, sought, advised; an engine that does not tell talk apart has none.
    """

    graph: ReportGraph
    truncated: bool = False
    aside: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ImageEntity:
    """A fact that a film shows and no report names: words of a closed list, without a span. `image` is the film's key.

    `score` is as in `schema.Mention`.
    """

    image: str
    text: str
    kind: Kind
    presence: Presence
    score: float | None = None


@dataclass(frozen=True, slots=True)
class UnreadImage:
    """A film that could not be read, by its key, and the reason code: `unreadable` and what the engine adds."""

    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class StudyOutput:
    """What an engine read of one study: one output for each text, in the same order.

    `modalities` are those that had a part in it: `image` only where at least one film was really read. A film that
    can't be read stands in `unread` and never costs the reports theirs.
    """

    reports: tuple[ReportOutput, ...]
    modalities: tuple[Modality, ...] = (Modality.TEXT,)
    image_entities: tuple[ImageEntity, ...] = ()
    unread: tuple[UnreadImage, ...] = ()


class Engine(Protocol):
    """Reads studies into graphs. The rules engine and the model are both behind this.

    `read` is called by one thread at a time. It need not be bitwise repeatable: the ledger keeps the first result.
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
        """SHA-256 (hex) of the checkpoint's manifest, by which it is known to operators; None for rules."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over what changes what the engine reads: the declared reading version, and its lexicon or its
        manifest, which has the SHA-256 of each file."""
        ...

    @property
    def film_domain(self) -> FilmDomain | None:
        """The films that it was trained on; None: it reads no films. Films of another domain are not given to it."""
        ...

    @property
    def lead(self) -> Lead:
        """Where what it reads in a text stands against the rules'. Rules, which have no second witness: `always`."""
        ...

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        """One output for each study, in the same order. Offsets count code points of the texts as given.

        Raises DeviceMemoryError where the device has no memory for so many studies at once: the caller gives fewer.
        """
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
class Agreement:
    """How many mentions and relations of one report were read by both, by the model alone, by the rules alone.

    `disputed` mentions are those of which the two say another presence or kind; they are among the counts too.
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

    `agreement` says how the model and the rules compare on it; None where one engine alone read it. `set_aside` are the
    stretches of the text that no engine reads, in text order, each with its reason.
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
    """One study, read: a reading for each report, in the order given, and one for each film with facts of its own.

    `films` are by the film's key; their mentions have no span (start and end are 0) and the section `image`.
    `warnings` are the reason codes of all that a person should know of this reading, each once, sorted.
    """

    reports: tuple[Reading, ...]
    films: tuple[tuple[str, Reading], ...]
    modalities: tuple[Modality, ...]
    unread: tuple[UnreadImage, ...] = ()
    warnings: tuple[str, ...] = ()
