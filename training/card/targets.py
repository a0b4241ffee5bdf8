"""The targets of the shipped checkpoint, with its figures."""

from collections.abc import Iterator
from typing import NamedTuple

from training.card.figures import Agreement, GoldFigures, Speed
from training.card.films import FilmFigures

GOLD = {"entity": 0.92, "relation": 0.80, "presence": 0.92}
"""Minimum strict F1 on the gold reports that were only scored."""
AGREEMENT = 0.88
"""Minimum strict F1 of relations against the rules, on reports without gold."""
BELOW_RULES = -0.03
"""Maximum difference below the rules on the same reports."""
FILM_GAIN = 0.5
"""Minimum difference of right film-only facts with the film and with another patient's."""
RATE = 50.0
"""Minimum reports per second in one process, without the cache of sentences."""


class Target(NamedTuple):
    """A target and its figure."""

    name: str
    wanted: float
    reached: float

    @property
    def met(self) -> bool:
        """Whether it is met."""
        return self.reached >= self.wanted


def targets(gold: GoldFigures, agreed: Agreement, rates: Speed, films: FilmFigures) -> Iterator[Target]:
    """Each target with its figure."""
    part = next((name for name in gold.model if name.startswith("other")), "all")
    for name, wanted in GOLD.items():
        yield Target(f"strict {name} F1, {part}", wanted, gold.model[part].scores[name].f1)
    yield Target("share of triplets that validation takes", 1, 1 - agreed.refused / max(1, agreed.triplets))
    yield Target("strict relation F1 against the rules", AGREEMENT, agreed.evaluation.scores["relation"].f1)
    for name in GOLD:
        yield Target(
            f"{name} F1 less that of the rules, {part}", BELOW_RULES, gold.model[part].against[name].difference
        )
    if films.own is not None and films.other is not None:
        more = films.own.mean - films.other.mean
        yield Target("facts that only a film shows: right with it, less with another film", FILM_GAIN, more)
    yield Target("reports/s in one process", RATE, max(rates.model.values()))
