"""The rules engine behind the engine protocol."""

from collections.abc import Sequence

from vlmkg.collector import paused_collector
from vlmkg.engine_protocol import FilmDomain, Lead, ReportOutput, StudyInput, StudyOutput
from vlmkg.identity import digest
from vlmkg.reading.lexicon.digest import lexicon_digest
from vlmkg.reading.rules.report import read_report, read_with_aside
from vlmkg.reading_version import READING_VERSION
from vlmkg.schema import ReportGraph


class RulesEngine:
    """Reads reports by rules. It has no settings and no state: the same text gives the same graph."""

    name = "rules"
    checkpoint: str | None = None
    checkpoint_digest: str | None = None
    film_domain: FilmDomain | None = None
    lead = Lead.ALWAYS

    def __init__(self) -> None:
        self.digest = digest(READING_VERSION, lexicon_digest())

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        """One output for each study, in the same order, of its reports alone."""
        with paused_collector():
            return [StudyOutput(tuple([_output(text) for text in study.texts])) for study in studies]

    def extract(self, texts: Sequence[str]) -> list[ReportGraph]:
        """One graph for each text, in the same order; offsets count code points of the text as given."""
        with paused_collector():
            return [read_report(text) for text in texts]


def _output(text: str) -> ReportOutput:
    graph, aside = read_with_aside(text)
    return ReportOutput(graph, aside=aside)
