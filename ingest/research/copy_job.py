"""Make a research copy: open the targets, copy the studies, write manifest and marker."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graph.research.target import research_graph
from graph.research_marker import Marker
from graph.settings import Neo4jSettings
from graph.writes import Replaced
from ingest.cli.console_user import console_user
from ingest.ledger.access import audit
from ingest.ledger.storage.database import Ledger
from ingest.research.copying import Account, Sink, copy_studies, rare_cells
from ingest.research.deidentify import Rules
from ingest.research.folder import copy_folder, seal
from ingest.research.manifest import Settings, manifest, marker_row
from ingest.research.project import Project
from ingest.research.words import known_words

ACTION = "research-copy"
"""Action in the audit trail, followed by the project's name."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets of a copy: a Neo4j, a folder, or both.

    `live` is the live graph, which is refused; `anew` empties the Neo4j.
    """

    neo4j: Neo4jSettings | None
    folder: Path | None
    live: Neo4jSettings | None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class FinishedCopy:
    """A finished copy: its manifest, its counts, and the changes in Neo4j."""

    facts: dict[str, Any]
    account: Account
    replaced: Replaced | None


def make_copy(
    ledger: Ledger, project: Project, settings: Settings, targets: Targets, done: Callable[[int], object]
) -> FinishedCopy:
    """Write the copy to its targets. `done` is called with the number of patients of each step.

    Raises ResearchTargetError, with nothing changed, if a target can't be used.
    """
    with ExitStack() as held:
        files = held.enter_context(copy_folder(targets.folder, project)) if targets.folder else None
        marker = Marker(project.name, project.fingerprint)
        graph = (
            held.enter_context(research_graph(targets.neo4j, marker, targets.live, anew=targets.anew))
            if targets.neo4j
            else None
        )
        account = _copy(ledger, project, settings, [sink for sink in (files, graph) if sink], done)
        facts = manifest(project, settings, account, datetime.now(UTC).date())
        replaced = graph.finish(marker_row(facts)) if graph else None
        if files and targets.folder:
            seal(files, targets.folder, facts, marker_row(facts))
    return FinishedCopy(facts, account, replaced)


def _copy(
    ledger: Ledger, project: Project, settings: Settings, sinks: Sequence[Sink], done: Callable[[int], object]
) -> Account:
    selection, least = settings.selection, settings.least_patients
    broader = rare_cells(ledger, project, selection, least) if least > 1 else {}
    rules = Rules(project, known_words(settings.reviewed), broader)

    def seen(patients: Sequence[str]) -> None:
        actor, action = console_user(), f"{ACTION} {project.name}"
        audit.record(ledger, actor=actor, action=action, patients=patients, outcome="ok")
        done(len(patients))

    return copy_studies(ledger, rules, selection, sinks, seen)
