"""MIMIC-CXR and MIMIC-CXR-JPG in the layout of their release 2.0.0/2.1.0, optionally with RadGraph's graphs.

    files/p10/p10000032/s50414267.txt                            the report (mimic-cxr-reports)
    files/p10/p10000032/s50414267/02aa804e-....jpg               its films (MIMIC-CXR-JPG)
    mimic-cxr-2.0.0-split.csv.gz                                 dicom_id, study_id, subject_id, split
    MIMIC-CXR_graphs.json                                        RadGraph: {"p10/p10000032/s50414267.txt": {...}}

Johnson et al. (2019), PhysioNet. The data are not shipped; each user needs a copy.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

from training.data.radgraph import graph_of, read_graphs
from training.data.rows import Row
from vlmkg.errors import UsageError
from vlmkg.schema import ReportGraph

SPLIT_FILES = ("mimic-cxr-2.0.0-split.csv.gz", "mimic-cxr-2.0.0-split.csv")
SPLITS = {"train": "train", "validate": "validation", "test": "test"}


def read_mimic_cxr(folder: Path, graphs: Path | None = None) -> Iterator[Row]:
    """One row per report, in the order of subjects and studies; its films by path in `folder`.

    With `graphs` text and graph are RadGraph's, and other reports are left out. Without it a row has the report's own
    text and an empty graph, to be labelled. Raises UsageError for another layout.
    """
    reports = sorted((folder / "files").glob("p[0-9][0-9]/p*/s*.txt"))
    if not reports:
        raise UsageError(f"{folder} has no files/pNN/pNNNNNNNN/sNNNNNNNN.txt", "give the folder that contains `files`")
    known = read_graphs(graphs) if graphs else None
    splits = _splits(folder)
    for path in reports:
        name = path.relative_to(folder / "files").as_posix()
        films = tuple(
            image.relative_to(folder).as_posix()
            for image in sorted(path.with_suffix("").glob("*"))
            if image.suffix in {".jpg", ".png", ".dcm"}
        )
        study, patient = path.stem, path.parent.name
        split = splits.get(study, "")
        if known is None:
            text = path.read_text(encoding="utf-8")
            yield Row(study, patient, text, ReportGraph(), films, labels="", split=split)
        elif name in known:
            text, graph, labels = graph_of(known[name])
            yield Row(study, patient, text, graph, films, labels=labels, split=split)


def _splits(folder: Path) -> dict[str, str]:
    """The official split of each study, by `s` and its number; empty if its file is not there."""
    path = next((folder / name for name in SPLIT_FILES if (folder / name).exists()), None)
    if path is None:
        return {}
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    return {f"s{line['study_id']}": SPLITS[line["split"]] for line in csv.DictReader(io.StringIO(text))}
