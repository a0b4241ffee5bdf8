"""`vlmkg graph research-copy`."""

import json
from contextlib import closing
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from graph.private_files import write_private
from ingest.ledger import study_facts
from ingest.ledger.storage.database import Ledger
from ingest.research.copy_job import FinishedCopy, Targets, make_copy
from ingest.research.manifest import Settings
from ingest.research.project import Project, open_project
from ingest.research.selection import Selection, concept_code
from ingest.research.settings import lines_of, live_of, target_of
from ingest.settings import existing_ledger_of
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.options import data_option

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("research-copy")
@click.argument("name", metavar="PROJECT")
@click.option(
    "--neo4j",
    "uri",
    metavar="URI",
    help="Write it to the Neo4j at this URI; its password is VLMKG_RESEARCH_NEO4J_PASSWORD.",
)
@click.option("--files", "folder", type=click.Path(path_type=Path), help="Write it as CSV files to this folder.")
@click.option("--concept", help="Only patients with this finding, present or uncertain: a concept's name or code.")
@click.option("--modality", "modalities", multiple=True, help="Only studies of this modality; may be repeated.")
@click.option("--from", "first_year", type=int, metavar="YEAR", help="Only studies of this year and later.")
@click.option("--to", "last_year", type=int, metavar="YEAR", help="Only studies of this year and before.")
@click.option(
    "--patients", type=FILE, help="Only patients whose patientId of the live graph is in this file, one per line."
)
@click.option(
    "--min-patients",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Minimum number of patients per concept; rarer ones are replaced by broader ones.",
)
@click.option("--keep-words", type=FILE, help="Words that a person has reviewed, one per line: these are not masked.")
@click.option(
    "--masked-words",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the masked words to this file for review. It can contain names.",
)
@click.option("--anew", is_flag=True, help="Empty the copy in Neo4j before writing it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@data_option
def research_copy(
    data: DataDir,
    name: str,
    uri: str | None,
    folder: Path | None,
    concept: str | None,
    modalities: tuple[str, ...],
    first_year: int | None,
    last_year: int | None,
    patients: Path | None,
    min_patients: int,
    keep_words: Path | None,
    masked_words: Path | None,
    *,
    anew: bool,
    as_json: bool,
) -> None:
    """Copy the graph without identifiers for PROJECT: to another Neo4j, to files, or both.

    The copy is made from the ledger; no running stack is needed. A repetition replaces changed studies in Neo4j and
    rewrites the files. Each project has its own key in DIR/secrets/research, so a copy can't be joined with another or
    with the live graph.
    """
    if uri is None and folder is None:
        raise UsageError("the research copy has no target", "give --neo4j URI, --files FOLDER, or both")
    chosen = frozenset(lines_of(patients)) if patients else None
    code = concept_code(concept) if concept else None
    selection = Selection(code, frozenset(modalities), first_year, last_year, chosen)
    settings = Settings(selection, min_patients, tuple(lines_of(keep_words)) if keep_words else ())
    targets = Targets(target_of(uri) if uri else None, folder, live_of(data) if uri else None, anew)
    with closing(existing_ledger_of(data)) as ledger:
        made = _make(ledger, open_project(name, data.secrets), settings, targets)
    if masked_words:
        write_private(masked_words, _masked_words(made))
    if as_json:
        click.echo(json.dumps(_facts(made)))
    else:
        _report(made, targets)


def _make(ledger: Ledger, project: Project, settings: Settings, targets: Targets) -> FinishedCopy:
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        with ledger.read() as connection:
            patients = study_facts.study_keys_by_patient(connection)
        bar = progress.add_task("patients", total=sum(map(settings.selection.has_patient, patients)))
        return make_copy(ledger, project, settings, targets, lambda count: progress.advance(bar, count))


def _masked_words(made: FinishedCopy) -> str:
    """The masked words, most patients first: `WORD<tab>PATIENTS`. --keep-words reads the first column."""
    counts = sorted((-len(patients), word) for word, patients in made.account.unknown.items())
    return "".join(f"{word}\t{-count}\n" for count, word in counts)


def _facts(made: FinishedCopy) -> dict[str, object]:
    done = made.replaced
    neo4j = {"written": done.written, "unchanged": done.unchanged, "removed": done.removed} if done else None
    return {**made.facts, "neo4j": neo4j}


def _report(made: FinishedCopy, targets: Targets) -> None:
    for name, count in made.facts["counts"].items():
        click.echo(f"{name:<11} {count:>9,}")
    click.echo(f"{made.facts['maskedMentions']:,} mentions have masked words")
    click.echo(f"digest {made.facts['digest']}")
    if done := made.replaced:
        how = "built anew" if targets.anew else "updated study by study"
        click.echo(f"Neo4j: {how}, {done.written} written, {done.unchanged} unchanged, {done.removed} removed")
    if targets.folder:
        click.echo(f"files: written to {targets.folder}")
