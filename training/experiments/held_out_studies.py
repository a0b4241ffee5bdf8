"""Held-out synthetic studies, and the counts of their readings.

Every figure is an F1 of summed counts (hits, predicted, gold); shares are counted as (hits, all, all).

    entity, relation, presence    strict, as in `training.metrics`
    film                          names of film facts
    hallucinated                  share of triplets that the report's gold graph does not entail
    film hallucinated             share of names that are neither on the film nor true of the study
    facts, facts:both, ...        share of the study's facts with the right statement, by source of the fact
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from training.documents import read_document
from training.experiments.facts import Statement, findings, together, told_by_film, told_by_report
from training.experiments.statistics import Estimate, over_reports
from training.hallucination import not_entailed
from training.metrics import Counts, count, f1, total
from training.synthetic.facts import Told, drawn_facts
from training.synthetic.seeds import EXAM_SEED
from training.synthetic.studies import Study, make_study
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import ReportGraph

FIGURES = ("relation", "entity", "presence", "film", "hallucinated", "film hallucinated", "facts")
BY_CLASS = tuple(f"facts:{told}" for told in Told)
Shown = tuple[tuple[str, str], ...]
"""A reading of a film: names with P, U or N."""


class Seen(NamedTuple):
    """A reading of one study: the report's graph and the film facts; None for what was not read."""

    graph: ReportGraph | None
    film: Shown | None


@dataclass(frozen=True, slots=True)
class Exam:
    """Studies of facts, each with a film."""

    studies: tuple[Study, ...]

    def gold(self) -> list[Seen]:
        """The gold reading: its score is the limit of the matching of facts."""
        return [Seen(one.graph, _drawn(one)) for one in self.studies]


def make_exam(count: int) -> Exam:
    """This number of studies, each with a film and at least one fact."""
    found: list[Study] = []
    number = 0
    while len(found) < count:
        study = make_study(EXAM_SEED, number, films=1.0)
        number += 1
        if study.facts:
            found.append(study)
    return Exam(tuple(found))


def counts(exam: Exam, seen: Sequence[Seen]) -> list[dict[str, Counts]]:
    """All counts of each study, without those of unread parts."""
    return [_counts(*pair) for pair in zip(exam.studies, seen, strict=True)]


def estimate(rows: Sequence[Mapping[str, Counts]], name: str) -> Estimate | None:
    """The figure over all studies with its interval (95 %, bootstrap over studies); None if nothing has it."""
    found = [row.get(name, (0, 0, 0)) for row in rows]
    return over_reports(found) if any(any(one) for one in found) else None


def value(rows: Sequence[dict[str, Counts]], name: str) -> float:
    """The figure over all studies, 0 if no study has it."""
    return f1(total(({name: (0, 0, 0), **row} for row in rows), name))


def _counts(study: Study, seen: Seen) -> dict[str, Counts]:
    return {**_report_counts(study, seen.graph), **_film_counts(study, seen.film), **_fact_counts(study, seen)}


def _report_counts(study: Study, graph: ReportGraph | None) -> dict[str, Counts]:
    if graph is None:
        return {}
    truth, said = to_radgraph(study.text, study.graph), to_radgraph(study.text, graph)
    tokens = tuple(truth["text"].split())
    gold, read = (read_document(one, tokens, Counter()) for one in (truth, said))
    wrong, triplets = not_entailed(gold, read)
    return {**count(gold, read), "hallucinated": (wrong, triplets, triplets)}


def _film_counts(study: Study, film: Shown | None) -> dict[str, Counts]:
    if film is None:
        return {}
    drawn = {name for name, _ in _drawn(study)}
    true = {fact.film_name for fact in study.facts or () if fact.true}
    said = {name for name, label in film if label == "P"}
    wrong = len(said - drawn - true)
    return {"film": (len(said & drawn), len(said), len(drawn)), "film hallucinated": (wrong, len(said), len(said))}


def _fact_counts(study: Study, seen: Seen) -> dict[str, Counts]:
    found = findings(study.text, seen.graph) if seen.graph is not None else ()
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for fact in study.facts or ():
        film = Statement.NOTHING if seen.film is None else told_by_film(fact, seen.film)
        said = together(told_by_report(fact, found), film)
        hit = (said is Statement.PRESENT) == fact.true
        for name in ("facts", f"facts:{fact.told}"):
            right[name] += hit
            asked[name] += 1
    return {name: (right[name], number, number) for name, number in asked.items()}


def _drawn(study: Study) -> Shown:
    return tuple((name, str(label)) for name, label in drawn_facts(study.facts or ()))
