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
class Places:
    """Targets of a copy: a Neo4j, a folder, or both.

    `live` is the live graph, which is refused; `anew` empties the Neo4j.
    """

    neo4j: Neo4jSettings | None
    folder: Path | None
    live: Neo4jSettings | None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A finished copy: its manifest, its counts, and the changes in Neo4j."""

    facts: dict[str, Any]
    account: Account
    replaced: Replaced | None


def make_copy(
    ledger: Ledger, project: Project, settings: Settings, places: Places, done: Callable[[int], object]
) -> Made:
    """Write the copy to its targets. `done` is called with the number of patients of each step.

    Raises ResearchTargetError, with nothing changed, if a target can't be used.
    """
    with ExitStack() as held:
        files = held.enter_context(copy_folder(places.folder, project)) if places.folder else None
        marker = Marker(project.name, project.fingerprint)
        graph = (
            held.enter_context(research_graph(places.neo4j, marker, places.live, anew=places.anew))
            if places.neo4j
            else None
        )
        account = _copy(ledger, project, settings, [sink for sink in (files, graph) if sink], done)
        facts = manifest(project, settings, account, datetime.now(UTC).date())
        replaced = graph.finish(marker_row(facts)) if graph else None
        if files and places.folder:
            seal(files, places.folder, facts, marker_row(facts))
    return Made(facts, account, replaced)


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
