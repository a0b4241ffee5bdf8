"""IU X-ray / Open-i: the original XML with PNG, and R2Gen's annotation.json.

    ecgen-radiology/1.xml, NLMCXR_png/CXR1_1_IM-0001-3001.png          Demner-Fushman et al. (2016)
    annotation.json, images/CXR2384_IM-0942/0.png                      Chen et al., R2Gen (2020)

A patient is a report's CXR number. The data are not shipped and were not used for the shipped checkpoint.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from defusedxml.ElementTree import ParseError, parse

from training.data.rows import Row
from vlmkg.errors import UsageError
from vlmkg.schema import ReportGraph

SECTIONS = ("FINDINGS", "IMPRESSION")
R2GEN_SPLITS = {"train": "train", "val": "validation", "test": "test"}
_PNG = "NLMCXR_png"


def read_openi(folder: Path) -> Iterator[Row]:
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
        if report:
            study = f"CXR{path.stem.removeprefix('CXR')}"
            names = [image.get("id", "") for image in root.iter("parentImage")]
            films = tuple(f"{_PNG}/{name}.png" for name in names if (folder / _PNG / f"{name}.png").exists())
            yield Row(study, study, report, ReportGraph(), films, labels="")


def read_r2gen(folder: Path) -> Iterator[Row]:
    """One row per entry of `annotation.json`, with R2Gen's split. Raises UsageError for another layout."""
    path = folder / "annotation.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        for name, split in R2GEN_SPLITS.items():
            for entry in entries[name]:
                films = tuple(f"images/{image}" for image in entry["image_path"])
                patient = entry["id"].split("_")[0]
                yield Row(entry["id"], patient, entry["report"], ReportGraph(), films, labels="", split=split)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is not R2Gen's annotation.json: {type(error).__name__}", "give the folder of R2Gen's release"
        ) from error
