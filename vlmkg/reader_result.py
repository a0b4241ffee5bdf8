"""The result of `Reader`: the reading of one report, in several formats."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vlmkg import engine_protocol as stored
from vlmkg.engine_protocol import ConceptLink, Finding, ReadingWarning, Rejection, StudyReadings
from vlmkg.errors import UsageError
from vlmkg.radgraph import film_entities, to_radgraph
from vlmkg.reading_html import html
from vlmkg.reading_rows import COLUMNS, mention_rows, triplet_row
from vlmkg.schema import Mention, Relation

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """The reading of one report. `key` is your key for it; `study` is everything that the service would store."""

    key: str
    text: str
    study: StudyReadings

    @property
    def report(self) -> stored.Reading:
        """The reading of the report itself, without its film."""
        return self.study.reports[0]

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """Observations and anatomy in the order of the text: `text[mention.start : mention.end] == mention.text`."""
        return self.report.graph.mentions

    @property
    def relations(self) -> tuple[Relation, ...]:
        """`modify`, `located_at` and `suggestive_of`; `head` and `tail` count `mentions` from 0."""
        return self.report.graph.relations

    @property
    def concepts(self) -> tuple[ConceptLink, ...]:
        """The concept of each mention, in the order of `mentions`."""
        return self.report.links

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Observations that describe no other, each as one statement: concept, laterality, severity, locations."""
        return self.report.findings

    @property
    def films(self) -> tuple[tuple[str, stored.Reading], ...]:
        """Facts that only the films show, by the film's name."""
        return self.study.films

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """The rejected triplets and mentions of the report and its film, each with its reason code."""
        return tuple(one for reading in self._readings() for one in reading.rejections)

    @property
    def warnings(self) -> tuple[ReadingWarning, ...]:
        """The warnings of this reading: codes, each with the words concerned, if any."""
        told = tuple(one for reading in self._readings() for one in reading.warnings)
        unread = tuple(ReadingWarning(f"image_{one.reason}", one.image) for one in self.study.unread)
        known = {one.reason for one in (*told, *unread)}
        return (*told, *unread, *(ReadingWarning(reason, "") for reason in self.study.warnings if reason not in known))

    @property
    def truncated(self) -> bool:
        """Whether the engine's budget ended before the report did: findings may be missing."""
        return self.report.truncated

    def to_radgraph(self) -> dict[str, Any]:
        """The entry of a RadGraph JSON file: `text`, `entities`, and `image_entities` if there are film facts."""
        entry = to_radgraph(self.text, self.report.graph)
        return entry | ({"image_entities": film_entities(self.films)} if self.films else {})

    def to_triplets(self) -> dict[str, Any]:
        """A line of `vlmkg extract --format triplets`.

        `triplets` have head, relation and tail, each end with its presence. `alone` are mentions without a relation,
        including most negated ones. `conflicts`, `set_aside`, `warnings` and `films` are there if they are not empty.
        """
        return triplet_row(self.key, self.report, self.films)

    def to_dataframe(self) -> "pandas.DataFrame":
        """A table with a row for each mention of the report and of its films, columns as in `reading_rows.COLUMNS`.

        Raises UsageError if pandas is not installed.
        """
        return _pandas().DataFrame(mention_rows(self.key, self.report, self.films), columns=list(COLUMNS))

    def _readings(self) -> tuple[stored.Reading, ...]:
        return (self.report, *(seen for _, seen in self.films))

    def __repr__(self) -> str:
        counts = ((len(self.mentions), "mention"), (len(self.relations), "relation"), (len(self.warnings), "warning"))
        shown = ", ".join(f"{number} {word}" if number == 1 else f"{number} {word}s" for number, word in counts)
        return f"<Reading {self.key}: {shown}>"

    def _repr_html_(self) -> str:
        """The text with its mentions marked, for notebooks."""
        return html(self.text, self.report, self.films, self.warnings)


@cache
def _pandas() -> Any:
    try:
        return import_module("pandas")
    except ModuleNotFoundError as error:
        raise UsageError("a table needs pandas, which is not installed", "pip install pandas") from error
