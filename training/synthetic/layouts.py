"""Synthetic data sets in the layouts of MIMIC-CXR, R2Gen and RadGraph, to rehearse an import and a training run.

Reports come from the grammar and films are phantoms of the same facts: nothing in them is of a patient, and nothing but
the layout is like the originals. Every folder has a README.txt that says so.
"""

import csv
import gzip
import io
import json
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from training.synthetic.studies import STUDIES_A_PATIENT, Study, studies
from vlmkg.radgraph import to_radgraph

FILM_SIZE = 256
_NOTE = "Synthetic reports and phantom films by vlmkg, in the layout of {layout}. Nothing here is of a patient.\n"
_LATERAL = 3
"""The interval of studies that have a second, lateral film: blurred noise, since phantoms are frontal."""


class Layout(StrEnum):
    """The data set whose layout is written."""

    MIMIC_CXR = "mimic-cxr"
    R2GEN = "r2gen"
    RADGRAPH = "radgraph"


def write_layout(layout: Layout, folder: Path, count: int, seed: int) -> int:
    """Write a synthetic data set of `count` studies, each with a film, to a new folder; returns their number."""
    folder.mkdir(parents=True)
    (folder / "README.txt").write_text(_NOTE.format(layout=layout.value), encoding="utf-8")
    made = list(studies(seed, count, films=1.0))
    {Layout.MIMIC_CXR: _mimic_cxr, Layout.R2GEN: _r2gen, Layout.RADGRAPH: _radgraph}[layout](made, folder)
    return len(made)


def split_of(study: Study) -> str:
    """`train`, `validate` or `test`, by patient: 70, 15 and 15 %."""
    patient = study.number // STUDIES_A_PATIENT
    return "validate" if patient % 20 in {3, 10, 17} else "test" if patient % 20 in {5, 12, 19} else "train"


def _mimic_cxr(made: Sequence[Study], folder: Path) -> None:
    """files/, the split and metadata tables, and RadGraph's graphs of the same reports."""
    splits, views = [["dicom_id", "study_id", "subject_id", "split"]], [["dicom_id", "ViewPosition"]]
    for study in made:
        subject, number = _subject(study), _number(study)
        place = folder / "files" / f"p{subject[:2]}" / f"p{subject}"
        (place / f"s{number}").mkdir(parents=True)
        (place / f"s{number}.txt").write_text(study.text, encoding="utf-8")
        for view, grey in _films(study):
            film = sha256(f"{number}{view}".encode()).hexdigest()[:40]
            _save(grey, place / f"s{number}" / f"{film}.jpg")
            splits.append([film, number, subject, split_of(study)])
            views.append([film, view])
    for name, rows in (("split", splits), ("metadata", views)):
        (folder / f"mimic-cxr-2.0.0-{name}.csv.gz").write_bytes(gzip.compress(_csv(rows), mtime=0))
    _radgraph(made, folder, "MIMIC-CXR_graphs.json")


def _r2gen(made: Sequence[Study], folder: Path) -> None:
    """images/ and annotation.json, with MIMIC's `subject_id`."""
    names = {"train": "train", "validate": "val", "test": "test"}
    content: dict[str, list[object]] = {"train": [], "val": [], "test": []}
    for study in made:
        subject, number = _subject(study), _number(study)
        place = Path(f"p{subject[:2]}") / f"p{subject}" / f"s{number}"
        (folder / "images" / place).mkdir(parents=True)
        paths = []
        for at, (_, grey) in enumerate(_films(study)):
            _save(grey, folder / "images" / place / f"{at}.jpg")
            paths.append((place / f"{at}.jpg").as_posix())
        split = names[split_of(study)]
        entry = {"id": f"s{number}", "study_id": int(number), "subject_id": int(subject), "report": study.text}
        content[split].append({**entry, "image_path": paths, "split": split})
    (folder / "annotation.json").write_text(json.dumps(content), encoding="utf-8")


def _radgraph(made: Sequence[Study], folder: Path, name: str = "train.json") -> None:
    """One JSON file of graphs by MIMIC's path; as published, texts are tokens joined by blanks, on one line."""
    splits = {"train": "train", "validate": "dev", "test": "test"}
    content = {}
    for study in made:
        subject = _subject(study)
        entry = {**to_radgraph(study.text, study.graph), "data_split": splits[split_of(study)]}
        content[f"p{subject[:2]}/p{subject}/s{_number(study)}.txt"] = entry
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _subject(study: Study) -> str:
    return str(10_000_000 + study.number // STUDIES_A_PATIENT * 37)


def _number(study: Study) -> str:
    return str(50_000_000 + study.number)


def _films(study: Study) -> list[tuple[str, np.ndarray]]:
    """View and 8-bit pixels of each film, histogram-equalised as MIMIC-CXR-JPG's are."""
    found = [("AP" if study.number % 2 else "PA", _equalised(study.film(FILM_SIZE)))]
    if study.number % _LATERAL == 0:
        noise = np.random.default_rng(study.number).random((8, 8)).astype(np.float32)
        found.append(("LATERAL", _equalised(np.asarray(Image.fromarray(noise).resize((FILM_SIZE, FILM_SIZE))))))
    return found


def _equalised(grey: np.ndarray) -> np.ndarray:
    levels = np.round(grey.clip(0, 1) * 255).astype(np.uint8)
    shares = np.cumsum(np.bincount(levels.ravel(), minlength=256)) / levels.size
    return np.round(shares[levels] * 255).astype(np.uint8)


def _save(grey: np.ndarray, path: Path) -> None:
    Image.fromarray(grey).save(path, quality=95)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
