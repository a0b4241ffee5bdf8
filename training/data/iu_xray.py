"""IU X-ray / Open-i: the original XML with PNG, and R2Gen's annotation.json.

    ecgen-radiology/1.xml, NLMCXR_png/CXR1_1_IM-0001-3001.png          Demner-Fushman et al. (2016)
    annotation.json, images/CXR2384_IM-0942/0.png                      Chen et al., R2Gen (2020)

A patient is a report's CXR number; R2Gen's MIMIC-CXR names the patient in `subject_id`. The data are not shipped and
were not used for the shipped checkpoint.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from defusedxml.ElementTree import ParseError, parse

from training.data.rows import Row
from training.data.tally import Tally
from vlmkg.errors import UsageError
from vlmkg.schema import ReportGraph

SECTIONS = ("FINDINGS", "IMPRESSION")
R2GEN_SPLITS = {"train": "train", "val": "validation", "test": "test"}
_PNG = "NLMCXR_png"


def read_openi(folder: Path, tally: Tally) -> Iterator[Row]:
    """One row per XML file with findings or an impression, under headings. Raises UsageError for another layout."""
    files = sorted(folder.rglob("*.xml"), key=lambda path: (len(path.stem), path.stem))
    if not files:
        raise UsageError(f"{folder} has no XML files", "give the folder ecgen-radiology of Open-i")
    for path in files:
        try:
            root = parse(path)
        except ParseError as error:
            raise UsageError(f"{path.name} is not well-formed XML", "copy the archive of Open-i again") from error
        texts = {part.get("Label"): (part.text or "").strip() for part in root.iter("AbstractText")}
        report = "\n".join(f"{name}: {texts[name]}" for name in SECTIONS if texts.get(name))
        if not report:
            tally.left_out["empty reports"] += 1
            continue
        study = f"CXR{path.stem.removeprefix('CXR')}"
        names = [f"{_PNG}/{image.get('id', '')}.png" for image in root.iter("parentImage")]
        yield Row(study, study, report, ReportGraph(), present(folder, names, tally), labels="")


def read_r2gen(folder: Path, tally: Tally) -> Iterator[Row]:
    """One row per entry of `annotation.json`, with R2Gen's split. Raises UsageError for another layout."""
    path = folder / "annotation.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        unknown = sorted(set(entries) - set(R2GEN_SPLITS))
        if unknown:
            raise UsageError(f"{path} has the splits {', '.join(unknown)}", f"known are {', '.join(R2GEN_SPLITS)}")
        for name, split in R2GEN_SPLITS.items():
            for entry in entries[name]:
                if not entry["report"].strip():
                    tally.left_out["empty reports"] += 1
                    continue
                films = present(folder, [f"images/{image}" for image in entry["image_path"]], tally)
                yield Row(entry["id"], _patient(entry), entry["report"], ReportGraph(), films, labels="", split=split)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path} is not R2Gen's annotation.json: {type(error).__name__}", "give the folder of R2Gen's release"
        ) from error


def present(folder: Path, names: Iterable[str], tally: Tally) -> tuple[str, ...]:
    """The paths of the films that are there; the others are counted."""
    found = []
    for name in names:
        if (folder / name).is_file():
            found.append(str(folder / name))
        else:
            tally.left_out["films that are not in the folder"] += 1
    return tuple(found)


def _patient(entry: dict[str, Any]) -> str:
    """MIMIC's `subject_id`, written as in MIMIC's own folders; else what precedes the film in IU X-ray's id."""
    subject = entry.get("subject_id")
    return f"p{subject}" if subject is not None else str(entry["id"]).split("_")[0]
