"""The paper's table on your own studies: the held-out split of our JSONL, read with and without its films.

A row of the table is a reader and what it is given: `image + report`, `report only`, `image only`, or `another
patient's film` with the report. Readers are the rules, checkpoints (the full model, or LLM-KG: stage 1) and taggers;
only checkpoints with an image encoder have the arms with films. Films are shown whatever the domain and the guard say:
this measures, and serves nobody.

    BLEU-1..4, ROUGE-L    the paper's form of the triplets, 0 to 100, against the gold graph in that form
    RadGraph-F1           simple, partial and complete (Delbrouck et al., 2022)
    relation F1           strict, by spans; not for film names, which have none
    not entailed          share of triplets that the gold graph does not entail
    film names            F1 of the names that a film is said to show, where the rows have film facts

What is read from a film alone are names of the closed list; their words become triplets as the rules read them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from training.bleu_rouge import compare, neighbours, shuffled
from training.bootstrap import draws, interval
from training.data.directions import one_direction
from training.data.jsonl import read_files
from training.data.rows import Row
from training.documents import Document, read_document, to_graph
from training.experiments.checkpoint_reader import Arm
from training.experiments.comparison import RULES, reader
from training.experiments.statistics import Estimate, over_reports, wilson
from training.experiments.tables import Cell, Table, write_tables
from training.hallucination import not_entailed
from training.metrics import Counts, count
from training.radgraph_f1 import LEVELS, radgraph_f1
from vlmkg.checkpoint.manifest import MANIFEST_FILE
from vlmkg.checkpoint.store import load_checkpoint
from vlmkg.engine.engine import ModelEngine
from vlmkg.engine.loading import choose_device
from vlmkg.engine_protocol import ImageEntity, ImageInput, StudyInput
from vlmkg.errors import UsageError
from vlmkg.linearization import paper_form
from vlmkg.numbered_tokens import OBSERVATION_LABELS
from vlmkg.pipeline import extract_texts, load_engine, read_in_parts
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import ReportGraph

NAME = "headline"
ARMS = (Arm.BOTH, Arm.REPORT, Arm.IMAGE, Arm.OTHER)
COLUMNS = (
    *("reader", "given", "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L"),
    *(f"RadGraph-F1 {level}" for level in LEVELS),
    *("relation F1", "not entailed", "film names F1"),
)


class Held(NamedTuple):
    """The held-out studies: rows, the content of their films that can be read, and the gold of their reports."""

    rows: tuple[Row, ...]
    films: tuple[tuple[ImageInput, ...], ...]
    gold: tuple[Document, ...]
    lost: int


class Said(NamedTuple):
    """A reading of one study: the report's graph, None if it was not given; and the names read from its films."""

    graph: ReportGraph | None
    names: tuple[ImageEntity, ...] | None
    unread: int = 0


def run(readers: Mapping[str, str], files: Sequence[Path], split: str, out: Path, device: str | None = None) -> None:
    """Read the split with each reader in each way that it knows; write the table as Markdown and CSV."""
    held = held_out(files, split)
    rows: list[list[Cell]] = []
    unread = 0
    for name, place in readers.items():
        for arm, said in read_all(place, held, device).items():
            rows.append([name, arm.value, *figures(held, said)])
            unread = max(unread, sum(one.unread for one in said))
    note = _note(held, split, unread)
    write_tables(out, NAME, [Table("The held-out studies", note, COLUMNS, rows), baselines(held)])


def held_out(files: Sequence[Path], split: str) -> Held:
    """The studies of the split. Raises UsageError if there are none, or their directions of modify are mixed."""
    chosen, films, lost = [], [], 0
    for path in files:
        for row in read_files([path])[0]:
            if row.split != split:
                continue
            found = [path.parent / image for image in row.images]
            there = tuple(ImageInput(str(at), film.read_bytes()) for at, film in enumerate(found) if film.is_file())
            lost += len(found) - len(there)
            chosen.append(row)
            films.append(there)
    if not chosen:
        raise UsageError(f"the files have no rows of the split {split!r}", "name another with --split")
    one_direction(chosen)
    return Held(tuple(chosen), tuple(films), tuple(document(row.report, row.graph) for row in chosen), lost)


def read_all(place: str, held: Held, device: str | None) -> dict[Arm, list[Said]]:
    """The studies in every way that the reader knows."""
    texts = [row.report for row in held.rows]
    if place == RULES or not (Path(place) / MANIFEST_FILE).exists():
        return {Arm.REPORT: [Said(graph, None) for graph in reader(place)(texts)]}
    checkpoint = load_checkpoint(Path(place), choose_device(device))
    if checkpoint.vision is not None:
        checkpoint = replace(checkpoint, vision=replace(checkpoint.vision, guard=None))
    engine = ModelEngine(checkpoint)
    with_films = checkpoint.vision is not None and any(held.films)
    arms = ARMS if with_films else (Arm.REPORT,)
    return {arm: _read(engine, held, arm) for arm in arms}


def figures(held: Held, said: Sequence[Said]) -> list[Cell]:
    """The row of one reader and arm, from BLEU-1 on."""
    documents = [_document(row, one) for row, one in zip(held.rows, said, strict=True)]
    references = [paper_form(to_graph(gold)) for gold in held.gold]
    surface = compare(references, [paper_form(to_graph(one)) for one in documents])
    pairs = list(zip(held.gold, documents, strict=True))
    rewards = [radgraph_f1(*pair) for pair in pairs]
    wrong = [not_entailed(*pair) for pair in pairs]
    strict = None if said[0].graph is None else over_reports([count(*pair)["relation"] for pair in pairs])
    return [
        *(f"{one:.2f}" for one in (surface.bleu_1, surface.bleu_2, surface.bleu_3, surface.bleu_4, surface.rouge_l)),
        *(_mean([reward[level] for reward in rewards]) for level in LEVELS),
        strict,
        wilson(sum(one for one, _ in wrong), sum(all_ for _, all_ in wrong)),
        _film_names(held.rows, said),
    ]


def baselines(held: Held) -> Table:
    """What BLEU and ROUGE-L give without any reading of relations."""
    references = [paper_form(to_graph(gold)) for gold in held.gold]
    said = {"neighbours": [neighbours(gold) for gold in held.gold], "shuffled gold": shuffled(references)}
    rows: list[list[Cell]] = []
    for name, hypotheses in said.items():
        one = compare(references, hypotheses)
        rows.append([name, *(f"{v:.2f}" for v in (one.bleu_1, one.bleu_2, one.bleu_3, one.bleu_4, one.rouge_l))])
    note = "`neighbours`: each gold entity modifies the next one. `shuffled gold`: the gold triplets in another order."
    return Table("Baselines of BLEU and ROUGE-L", note, ("given", *COLUMNS[2:7]), rows)


def document(report: str, graph: ReportGraph) -> Document:
    """A graph of a report as scored."""
    raw = to_radgraph(report, graph)
    return read_document(raw, tuple(raw["text"].split()), Counter())


def named(names: Sequence[ImageEntity]) -> Document:
    """Film names as a document of their own words: the triplets that the rules read in each, with its presence."""
    tokens: list[str] = []
    spans: dict[tuple[int, int], str] = {}
    relations = []
    for name, presence in dict.fromkeys((one.text, one.presence) for one in names):
        shift = len(tokens)
        part = _words_of(name)
        label = {"P": "OBS-DP", "U": "OBS-U", "N": "OBS-DA"}[str(OBSERVATION_LABELS[presence])]
        tokens += part.tokens
        for (first, last), own in part.spans.items():
            spans[first + shift, last + shift] = label if own == "OBS-DP" else own
        for (a, b), kind, (c, d) in part.relations:
            relations.append(((a + shift, b + shift), kind, (c + shift, d + shift)))
    return Document(tuple(tokens), spans, tuple(relations))


def _read(engine: ModelEngine, held: Held, arm: Arm) -> list[Said]:
    films = held.films
    if arm is Arm.OTHER:
        films = tuple(held.films[at] if at >= 0 else () for at in others(held))
    if arm is Arm.REPORT:
        films = ((),) * len(held.rows)
    texts = [() if arm is Arm.IMAGE else (row.report,) for row in held.rows]
    inputs = [StudyInput(text, images) for text, images in zip(texts, films, strict=True)]
    found = []
    for output in read_in_parts(engine, inputs):
        graph = output.reports[0].graph if output.reports else None
        found.append(Said(graph, None if arm is Arm.REPORT else output.image_entities, len(output.unread)))
    return found


def others(held: Held) -> list[int]:
    """For each study with films the next one with films of another patient; -1 for studies without films."""
    places = [at for at, films in enumerate(held.films) if films]
    found = [-1] * len(held.rows)
    for rank, at in enumerate(places):
        following = (places[(rank + step) % len(places)] for step in range(1, len(places)))
        patient = held.rows[at].patient_id
        found[at] = next((to for to in following if held.rows[to].patient_id != patient), -1)
    return found


def _document(row: Row, said: Said) -> Document:
    return named(said.names or ()) if said.graph is None else document(row.report, said.graph)


@cache
def _words_of(name: str) -> Document:
    text = f"{name} ."
    return document(text, extract_texts(load_engine(RULES), [text])[0])


def _film_names(rows: Sequence[Row], said: Sequence[Said]) -> Estimate | None:
    counted: list[Counts] = []
    for row, one in zip(rows, said, strict=True):
        if one.names is None or row.film is None or not row.images:
            continue
        wanted = {name for name, label in row.film if label == "P"}
        shown = {name.text for name in one.names if OBSERVATION_LABELS[name.presence] == "P"}
        counted.append((len(wanted & shown), len(shown), len(wanted)))
    return over_reports(counted) if any(any(one) for one in counted) else None


def _mean(values: Sequence[float]) -> Estimate:
    low, high = interval(lambda draw: sum(values[at] for at in draw) / len(draw), draws(len(values)))
    return Estimate(sum(values) / len(values), low, high)


def _note(held: Held, split: str, unread: int) -> str:
    films = sum(map(len, held.films))
    kinds = ", ".join(f"{kind} ({number})" for kind, number in Counter(row.labels for row in held.rows).most_common())
    patients = len({row.patient_id for row in held.rows})
    direction = one_direction(held.rows)
    return (
        f"Split `{split}`: {len(held.rows)} reports of {patients} patients, {sum(map(bool, held.films))} with films, "
        f"{films} films; {held.lost} films are missing, {unread} could not be read. Labels: {kinds}; modify "
        f"{direction}. Intervals: 95 %, bootstrap over reports; of shares of triplets, Wilson's. Each report has one "
        "reference, its gold graph: figures against silver labels show agreement with the rules that made them."
    )
