"""Engines that read as the rules do, and fail where a text says so."""

from collections.abc import Callable, Sequence
from functools import cache

from vlmkg.engine_protocol import Engine, Lead, StudyInput, StudyOutput
from vlmkg.pipeline import load_engine

POISON = "poison"


@cache
def rules() -> Engine:
    return load_engine("rules")


class Watched:
    """The rules, with `before` called on the texts of every call."""

    name = "watched"
    checkpoint = None
    checkpoint_digest = film_domain = None
    lead = Lead.ALWAYS

    def __init__(self, before: Callable[[Sequence[str]], object], digest: str = "1") -> None:
        self.digest = digest
        self._before = before

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        self._before([text for study in studies for text in study.texts])
        return rules().read(studies)


def fail_on_poison(texts: Sequence[str]) -> None:
    """Raise where any text holds the word, with the text in the message as libraries do."""
    for text in texts:
        if POISON in text:
            raise ValueError(f"cannot read {text}")
