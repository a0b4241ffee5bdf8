"""The card's figures about films: whether the checkpoint uses them, from the experiment `modalities`."""

from pathlib import Path
from typing import NamedTuple

from training.experiments.checkpoint_reader import Arm, reads_films, vectors
from training.experiments.held_out_studies import estimate, make_exam
from training.experiments.modalities import NOTE, class_table, figures_table, read_all, scored
from training.experiments.statistics import Estimate
from training.experiments.tables import to_markdown
from vlmkg.checkpoint.store import load_checkpoint


class FilmFigures(NamedTuple):
    """Two tables by way of reading, and the shares of film-only facts that are right with the film, and with another
    patient's film."""

    tables: str
    own: Estimate | None
    other: Estimate | None


def film_figures(folder: Path, studies: int) -> FilmFigures:
    """Read this number of held-out synthetic studies in every way, including the controls."""
    checkpoint, exam = load_checkpoint(folder), make_exam(studies)
    found = scored(
        exam, read_all(checkpoint, exam, vectors(checkpoint, exam.studies) if reads_films(checkpoint) else None)
    )
    note = NOTE.format(studies=len(exam.studies), name=checkpoint.manifest.name)
    own, other = (
        estimate(found[arm.value], "facts:film_only") if arm.value in found else None for arm in (Arm.BOTH, Arm.OTHER)
    )
    return FilmFigures("\n".join(to_markdown(one(found, note)) for one in (figures_table, class_table)), own, other)
