"""`vlmkg` with one engine more, which kills its process where a text says so: a program for the tests to run."""

import os
from collections.abc import Sequence

from tests.ingest.workers.engines import POISON, Watched
from vlmkg.cli import main
from vlmkg.pipeline import ENGINES


def die_of_poison(texts: Sequence[str]) -> None:
    """As a segmentation fault in a library would: no exception, no clean-up."""
    if any(POISON in text for text in texts):
        os._exit(139)


class Crashing(Watched):
    """The rules, until a text is poisonous."""

    def __init__(self) -> None:
        super().__init__(die_of_poison)


if __name__ == "__main__":
    ENGINES["crashing"] = ("tests.ingest.workers.crashing", "Crashing")
    main()
