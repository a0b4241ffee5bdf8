"""Synthetic studies as a stream: each depends only on its seed and number, so any part can be generated again.

Always synthetic: reports from the grammar, phantom films; no patient's words or film are in them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from training.synthetic.facts import Fact, draw_facts
from training.synthetic.film import SIZE, Grey, draw_film
from training.synthetic.report import write_report
from vlmkg.schema import ReportGraph

GENERATOR = 1
"""Raise it when the same seed and number give other studies than before."""
STUDIES_A_PATIENT = 3


@dataclass(frozen=True, slots=True)
class Study:
    """One synthetic study. `facts` is None in studies without a film."""

    number: int
    study_id: str
    patient_id: str
    text: str
    graph: ReportGraph
    facts: tuple[Fact, ...] | None
    film_seed: int

    def film(self, size: int = SIZE) -> Grey:
        """The film, (size, size) in [0, 1], drawn on demand. Raises ValueError for a study without one."""
        if self.facts is None:
            raise ValueError("a study that is text only has no film")
        return draw_film(self.facts, self.film_seed, size)


def make_study(seed: int, number: int, films: float = 0.5) -> Study:
    """The study with this number. `films` is the share of studies that have one."""
    rng = Random(_mixed(seed, number))  # noqa: S311 - made-up data, not secrets
    facts = draw_facts(rng) if rng.random() < films else None
    text, graph = write_report(rng, facts)
    patient = f"SYN{seed}P{number // STUDIES_A_PATIENT}"
    return Study(number, f"SYN{seed}S{number}", patient, text, graph, facts, rng.getrandbits(48))


def studies(seed: int, count: int, start: int = 0, films: float = 0.5) -> Iterator[Study]:
    """`count` studies from number `start` on."""
    return (make_study(seed, number, films) for number in range(start, start + count))


def _mixed(seed: int, number: int) -> int:
    return int.from_bytes(sha256(f"{GENERATOR}/{seed}/{number}".encode()).digest()[:8], "big")
