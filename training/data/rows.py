"""One study as the stages use it, from any source."""

from dataclasses import dataclass

from vlmkg.schema import ReportGraph


@dataclass(frozen=True, slots=True)
class Row:
    """A report with its graph, and the films of its study.

    `images` are paths of films, relative to the data's folder. `film` are the facts of the films, as pairs of a name of
    `vlmkg/film_names.txt` and P, U or N; None if that is not known. `labels` is the source of the graph: gold,
    or silver with the engine and its digest. `split`: train, validation, test, or empty. `views` are the views of
    `images`, in the same order, such as PA or LATERAL; empty if they are not known.
    """

    study_id: str
    patient_id: str
    report: str
    graph: ReportGraph
    images: tuple[str, ...] = ()
    film: tuple[tuple[str, str], ...] | None = None
    labels: str = "gold"
    split: str = ""
    views: tuple[str, ...] = ()
