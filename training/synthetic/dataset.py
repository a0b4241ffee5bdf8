"""Write synthetic studies to a folder: `studies.jsonl`, films, and a manifest of their settings."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from training.labels import mention_label
from training.synthetic.dicom import FilmFormat, film_file
from training.synthetic.facts import CHANCES, SHARES, Fact, drawn_facts, film_facts
from training.synthetic.studies import GENERATOR, Study

STUDIES_FILE, MANIFEST_FILE = "studies.jsonl", "manifest.json"
SUFFIXES = {FilmFormat.PNG8: ".png", FilmFormat.PNG16: ".png", FilmFormat.DICOM: ".dcm"}


def write_studies(made: Iterable[Study], folder: Path, film_format: FilmFormat | None, recipe: dict[str, Any]) -> int:
    """Write the studies to a new folder. Returns their number. `recipe` (seed, count, ...) is for the manifest."""
    (folder / "films").mkdir(parents=True)
    counts: Counter[str] = Counter()
    whole = sha256()
    with (folder / STUDIES_FILE).open("w", encoding="utf-8") as lines:
        for study in made:
            image = _write_film(study, folder, film_format)
            line = json.dumps(row(study, image), ensure_ascii=False) + "\n"
            whole.update(line.encode())
            lines.write(line)
            counts.update(_counted(study))
    manifest = {
        "synthetic": True,
        "generator": GENERATOR,
        "version": version("vlmkg-service"),
        "grammar": grammar_digest(),
        **recipe,
        "shares": {str(told): share for told, share in SHARES.items()},
        "chances": {str(kind): chance for kind, chance in CHANCES.items()},
        "counts": dict(sorted(counts.items())),
        "sha256": whole.hexdigest(),
    }
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return counts["studies"]


def row(study: Study, image: str | None = None) -> dict[str, Any]:
    """The study as a line of our own JSONL (`training.data.jsonl`)."""
    mentions = study.graph.mentions
    return {
        "id": study.study_id,
        "patient": study.patient_id,
        "images": [image] if image else [],
        "report": study.text,
        "mentions": [[one.start, one.end, mention_label(one)] for one in mentions],
        "relations": [[one.head, one.type.value, one.tail] for one in study.graph.relations],
        "film": [[name, str(label)] for name, label in drawn_facts(study.facts or ())],
        "film_only": [[name, str(label)] for name, label in film_facts(study.facts or ())],
        "facts": [_fact(fact) for fact in study.facts or ()],
    }


def grammar_digest() -> str:
    """SHA-256 (hex) over the grammar's files."""
    folder = files("training.synthetic").joinpath("grammar")
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".txt")), key=lambda path: path.name)
    return sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _write_film(study: Study, folder: Path, film_format: FilmFormat | None) -> str | None:
    if film_format is None or study.facts is None:
        return None
    name = f"films/{study.study_id}{SUFFIXES[film_format]}"
    (folder / name).write_bytes(film_file(study.film(), film_format, study.study_id, study.patient_id))
    return name


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "name": fact.film_name,
        "kind": str(fact.kind),
        "told": str(fact.told),
        "true": fact.true,
        "drawn": fact.drawn,
        "size": fact.size,
        "side": fact.side,
        "zone": fact.zone,
    }


def _counted(study: Study) -> Iterator[str]:
    yield "studies"
    if study.facts is None:
        yield "text alone"
    for fact in study.facts or ():
        yield f"told {fact.told}"
