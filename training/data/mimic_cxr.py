"""MIMIC-CXR and MIMIC-CXR-JPG in the layout of their release 2.0.0/2.1.0, optionally with RadGraph's graphs.

    files/p10/p10000032/s50414267.txt                            the report (mimic-cxr-reports)
    files/p10/p10000032/s50414267/02aa804e-....jpg               its films (MIMIC-CXR-JPG), here or in another folder
    mimic-cxr-2.0.0-split.csv.gz                                 dicom_id, study_id, subject_id, split
    mimic-cxr-2.0.0-metadata.csv.gz                              dicom_id, ViewPosition, ...
    MIMIC-CXR_graphs.json                                        RadGraph: {"p10/p10000032/s50414267.txt": {...}}

Johnson et al. (2019), PhysioNet. The data are not shipped; each user needs a copy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.data.files import is_film, read_text, table
from training.data.radgraph import graph_of, read_graphs
from training.data.rows import Row
from training.data.tally import Tally
from training.documents import Raw
from vlmkg.errors import UsageError
from vlmkg.schema import ReportGraph

SPLIT_TABLE, VIEW_TABLE = "mimic-cxr-2.*-split", "mimic-cxr-2.*-metadata"
SPLITS = {"train": "train", "validate": "validation", "test": "test"}
FRONTAL = ("PA", "AP")
UNKNOWN_VIEW = "unknown"
_STUDIES, _REPORTS = "p[0-9][0-9]/p*/s*", "p[0-9][0-9]/p*/s*.txt"


@dataclass(frozen=True, slots=True)
class MimicSource:
    """Where the parts of MIMIC-CXR are. `films`: the folder of MIMIC-CXR-JPG if it is another one than the reports'."""

    folder: Path
    films: Path | None = None
    graphs: Path | None = None


@dataclass(frozen=True, slots=True)
class _Tables:
    splits: dict[str, str]
    views: dict[str, str]
    graphs: dict[str, Raw] | None


def read_mimic_cxr(source: MimicSource, tally: Tally) -> Iterator[Row]:
    """One row per report, in the order of subjects and studies; films frontal first, by path from `source.folder`.

    With `graphs` text and graph are RadGraph's, and other reports are left out. Without it a row has the report's own
    text and an empty graph, to be labelled. Raises UsageError for another layout.
    """
    root = _root(source.folder, _REPORTS)
    folders = [source.folder, root.parent, *([source.films] if source.films else [])]
    tables = _Tables(_splits(folders), _views(folders), read_graphs(source.graphs) if source.graphs else None)
    film_root = _root(source.films, _STUDIES) if source.films else root
    used = 0
    for path in sorted(root.glob(_REPORTS)):
        row = _row(path, root, film_root, tables, tally)
        if row is not None:
            used += 1
            yield row
    if tables.graphs is not None and used < len(tables.graphs):
        tally.left_out["graphs without a report in the folder"] += len(tables.graphs) - used


def _root(folder: Path, wanted: str) -> Path:
    """The folder of p10 to p19: `files` itself, or the one in it, or one below (mimic-cxr-reports/files).

    `wanted` is the pattern of what must be in it: reports, or folders of films.
    """
    for place in (folder, folder / "files", *sorted(folder.glob("*/files"))):
        if any(place.glob(wanted)):
            return place
    raise UsageError(f"{folder} has no files/pNN/pNNNNNNNN", "give the folder that contains `files`")


def _row(path: Path, root: Path, film_root: Path, tables: _Tables, tally: Tally) -> Row | None:
    name = path.relative_to(root).as_posix()
    study, patient = path.stem, path.parent.name
    films, views = _films(film_root / path.relative_to(root).with_suffix(""), tables.views)
    if tables.graphs is None:
        text, graph, labels = read_text(path, tally), ReportGraph(), ""
        if not text.strip():
            tally.left_out["empty reports"] += 1
            return None
    elif name in tables.graphs:
        text, graph, labels = graph_of(tables.graphs[name], tally)
    else:
        tally.left_out["reports without a graph"] += 1
        return None
    if tables.splits and study not in tables.splits:
        tally.notes["studies without a row in the split file"] += 1
    images = tuple(str(film) for film in films)
    return Row(study, patient, text, graph, images, labels=labels, split=tables.splits.get(study, ""), views=views)


def _films(folder: Path, known: dict[str, str]) -> tuple[list[Path], tuple[str, ...]]:
    """The films of a study and their views, frontal ones first."""
    films = [path for path in folder.glob("*") if is_film(path)] if folder.is_dir() else []
    films.sort(key=lambda path: (known.get(path.stem, UNKNOWN_VIEW) not in FRONTAL, path.name))
    return films, tuple(known.get(path.stem, UNKNOWN_VIEW) for path in films)


def _splits(folders: list[Path]) -> dict[str, str]:
    """The official split of each study, by `s` and its number; empty if its file is not there."""
    found = table(folders, SPLIT_TABLE, ("study_id", "split"))
    if found is None:
        return {}
    path, rows = found
    splits = {}
    for line in rows:
        if line["split"] not in SPLITS:
            raise UsageError(f"{path.name} has the split {line['split']!r}", f"known are {', '.join(SPLITS)}")
        splits[f"s{line['study_id'].removeprefix('s')}"] = SPLITS[line["split"]]
    return splits


def _views(folders: list[Path]) -> dict[str, str]:
    """The view of each film by its id, such as PA, AP or LATERAL; empty if the file is not there."""
    found = table(folders, VIEW_TABLE, ("dicom_id", "ViewPosition"))
    return {} if found is None else {line["dicom_id"]: line["ViewPosition"] or UNKNOWN_VIEW for line in found[1]}
