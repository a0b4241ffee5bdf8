"""The figures for promoting a checkpoint: it reads the evaluation's reports as in service and is scored.

`training.promote_cli` passes `measure_for_promotion` to the promotion.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from training.bootstrap import Draw, draws, interval
from training.data.jsonl import read_files
from training.documents import Raw, load, read_document
from training.lead import Set, compare, family_set, synthetic_set
from training.metrics import Counts, count, f1, total
from training.synthetic.dataset import row
from training.synthetic.dicom import FilmFormat, film_file
from training.synthetic.studies import Study, studies
from vlmkg.checkpoint.evaluation import Difference, GoldEvaluation, Measured, SyntheticEvaluation
from vlmkg.checkpoint.manifest import verify, write_manifest
from vlmkg.checkpoint.promotion import unmet
from vlmkg.engine_protocol import Engine, FilmDomain, ImageInput, StudyInput
from vlmkg.errors import UsageError
from vlmkg.pipeline import load_engine, read_in_parts
from vlmkg.radgraph import to_radgraph

FIGURES = {"entity_f1": "entity", "relation_f1": "relation", "presence_f1": "presence"}
"""The gate's figures, with the counts of each."""
ROWS = ".jsonl"


class Exam(NamedTuple):
    """The studies to read, and the gold graph of each study's only report as RadGraph JSON; `domain` of the films."""

    studies: tuple[StudyInput, ...]
    gold: tuple[Raw, ...]
    domain: FilmDomain | None = None


class Reading(NamedTuple):
    """Counts of each report, and the number of invalid items."""

    counts: list[dict[str, Counts]]
    invalid: int


def measure(
    folder: Path,
    evaluation: SyntheticEvaluation | GoldEvaluation,
    *,
    gold: Path | None = None,
    other: Path | None = None,
) -> Measured:
    """The figures of the checkpoint in `folder` on the evaluation, and the differences from the one in `other`.

    Raises UsageError if the gold file is missing or another one, or if this release makes other studies.
    """
    exam = _exam(evaluation, gold)
    ours = _read(folder, exam)
    metrics = {name: f1(total(ours.counts, part)) for name, part in FIGURES.items()}
    against = _differences(ours, _read(other, exam)) if other else {}
    return Measured(len(exam.gold), {**metrics, "invalid": float(ours.invalid)}, against)


def measure_for_promotion(
    folder: Path,
    evaluation: SyntheticEvaluation | GoldEvaluation,
    *,
    gold: Path | None = None,
    other: Path | None = None,
) -> Measured:
    """As `measure`, and where the gate is met, what both witnesses together read less the better of the two.

    That is measured on the gold file where one is given, on synthetic studies and on the families of kinds.
    """
    measured = measure(folder, evaluation, gold=gold, other=other)
    if unmet(measured.metrics):
        return measured
    engine = load_engine(str(folder), unpromoted=True)
    compared = compare(engine, lead_sets(gold), [engine.lead])[engine.lead]
    return replace(measured, less_witness={name: one.less_better for name, one in compared.items()})


def lead_sets(gold: Path | None) -> list[Set]:
    """What the lead of a checkpoint is measured on."""
    sets = [synthetic_set(), family_set()]
    if gold is None:
        return sets
    exam = _gold_exam(gold)
    return [Set("gold", tuple(study.texts[0] for study in exam.studies), exam.gold), *sets]


def record(folder: Path, evaluation: SyntheticEvaluation | GoldEvaluation, *, gold: Path | None = None) -> Measured:
    """Measure the checkpoint and write the evaluation and its figures into the manifest.

    This changes the manifest, so an earlier promotion is no longer valid. Raises as `measure` does.
    """
    manifest = verify(folder).manifest
    measured = measure(folder, evaluation, gold=gold)
    kept = manifest.model_dump(exclude={"files", "metrics", "evaluation"})
    write_manifest(folder, **kept, metrics=dict(measured.metrics), evaluation=evaluation)
    return measured


def synthetic_evaluation(seed: int, count: int, film_share: float) -> SyntheticEvaluation:
    """The evaluation on these synthetic studies, with their digest."""
    digest = _digest(studies(seed, count, films=film_share))
    return SyntheticEvaluation(seed=seed, count=count, film_share=film_share, sha256=digest)


def gold_evaluation(path: Path) -> GoldEvaluation:
    """The evaluation on a gold file, with its digest."""
    return GoldEvaluation(file=path.name, sha256=sha256(path.read_bytes()).hexdigest())


def _exam(evaluation: SyntheticEvaluation | GoldEvaluation, gold: Path | None) -> Exam:
    if isinstance(evaluation, SyntheticEvaluation):
        return _synthetic_exam(evaluation)
    if gold is None:
        remedy = "give it with --gold; or promote the checkpoint elsewhere and copy it: a copy stays promoted"
        raise UsageError(f"the checkpoint is measured on the gold file {evaluation.file}", remedy)
    if gold_evaluation(gold).sha256 != evaluation.sha256:
        raise UsageError(
            f"{gold} is not the gold file {evaluation.file} that the checkpoint names",
            "give the file that the checkpoint was measured on",
        )
    return _gold_exam(gold)


def _synthetic_exam(evaluation: SyntheticEvaluation) -> Exam:
    made = list(studies(evaluation.seed, evaluation.count, films=evaluation.film_share))
    if _digest(made) != evaluation.sha256:
        remedy = "use the release that trained it, or choose another evaluation: vlmkg train measure FOLDER"
        raise UsageError("this release makes other synthetic studies than the checkpoint's evaluation names", remedy)
    return Exam(
        tuple(StudyInput((study.text,), _films(study)) for study in made),
        tuple(to_radgraph(study.text, study.graph) for study in made),
        FilmDomain.SYNTHETIC,
    )


def _gold_exam(path: Path) -> Exam:
    return _row_exam(path) if path.suffix == ROWS else _radgraph_exam(path)


def _row_exam(path: Path) -> Exam:
    """The rows with their films, which are films of patients; a film that is missing is left out."""
    rows, _ = read_files([path])
    exam = _text_exam([one.report for one in rows], [to_radgraph(one.report, one.graph) for one in rows])
    if not any(row.images for row in rows):
        return exam
    films = [
        tuple(
            ImageInput(image, (path.parent / image).read_bytes())
            for image in row.images
            if (path.parent / image).is_file()
        )
        for row in rows
    ]
    studies_ = tuple(replace(study, images=own) for study, own in zip(exam.studies, films, strict=True))
    return Exam(studies_, exam.gold, FilmDomain.REAL)


def _radgraph_exam(path: Path) -> Exam:
    documents = list(load(path).values())
    return _text_exam([str(one["text"]) for one in documents], documents)


def _text_exam(texts: Sequence[str], gold: Sequence[Raw]) -> Exam:
    if not texts:
        raise UsageError("the gold file has no reports", "give a gold file with reports")
    return Exam(tuple(StudyInput((text,)) for text in texts), tuple(gold))


def _films(study: Study) -> tuple[ImageInput, ...]:
    if study.facts is None:
        return ()
    content = film_file(study.film(), FilmFormat.PNG8, study.study_id, study.patient_id)
    return (ImageInput(study.study_id, content),)


def _digest(made: Iterable[Study]) -> str:
    whole = sha256()
    for study in made:
        whole.update(json.dumps(row(study), ensure_ascii=False).encode() + b"\n")
    return whole.hexdigest()


def _read(folder: Path, exam: Exam) -> Reading:
    """The checkpoint's readings before validation, because its errors must be counted."""
    engine = load_engine(str(folder), unpromoted=True)
    outputs = read_in_parts(engine, _shown(exam, engine))
    invalid: Counter[str] = Counter()
    counts = []
    for study, truth, output in zip(exam.studies, exam.gold, outputs, strict=True):
        tokens = tuple(truth["text"].split())
        said = to_radgraph(study.texts[0], output.reports[0].graph)
        counts.append(count(read_document(truth, tokens, Counter()), read_document(said, tokens, invalid)))
    return Reading(counts, invalid.total())


def _shown(exam: Exam, engine: Engine) -> list[StudyInput]:
    """The studies as the engine gets them in service: only with films of its domain."""
    if exam.domain is not None and engine.film_domain == exam.domain:
        return list(exam.studies)
    return [StudyInput(study.texts) for study in exam.studies]


def _differences(ours: Reading, theirs: Reading) -> Mapping[str, Difference]:
    everything, samples = list(range(len(ours.counts))), draws(len(ours.counts))
    found = {}
    for name, part in FIGURES.items():

        def gap(draw: Draw, part: str = part) -> float:
            mine, other = (f1(total((one.counts[at] for at in draw), part)) for one in (ours, theirs))
            return mine - other

        found[name] = Difference(gap(everything), *interval(gap, samples))
    return found
