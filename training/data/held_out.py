"""Reports that must not be used for training, because they are used for evaluation."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from training.data.rows import Row

_HEADING = re.compile(r"^(?:FINDINGS|IMPRESSION):", re.MULTILINE)


def bare(text: str) -> str:
    """A report without the headings that the readers of `training.data` add to its sections."""
    return _HEADING.sub("", text)


def words_of(text: str) -> tuple[str, ...]:
    """A key that is equal for repeated texts: their lower-case words, sorted, without headings.

    Sorted, because the impression of gold texts comes first or last.
    """
    return tuple(sorted(re.findall(r"\w+", bare(text).lower())))


def without(rows: Iterable[Row], gold: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    """The rows, except studies in `gold` (RadGraph JSON by study) and reports that repeat their text."""
    kept = list(rows)
    held = {words_of(str(one["text"])) for one in gold.values()}
    held |= {words_of(row.report) for row in kept if row.study_id in gold}
    return (row for row in kept if row.study_id not in gold and words_of(row.report) not in held)
