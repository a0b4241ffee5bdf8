"""Reports that must not be trained on, because what is trained will be measured on them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from training.data.rows import Row

_HEADING = re.compile(r"^(?:FINDINGS|IMPRESSION):", re.MULTILINE)


def bare(text: str) -> str:
    """A report without the headings that the readers of `training.data` put in front of its sections."""
    return _HEADING.sub("", text)


def words_of(text: str) -> tuple[str, ...]:
    """What two texts have in common when one repeats the other: their words in small letters, sorted, headings aside.

    Sorted, because gold texts give the impression first or last.
    """
    return tuple(sorted(re.findall(r"\w+", bare(text).lower())))


def without(rows: Iterable[Row], gold: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    """The rows but those whose study is in `gold` (RadGraph JSON by study) and those with such a report's words."""
    kept = list(rows)
    held = {words_of(str(one["text"])) for one in gold.values()}
    held |= {words_of(row.report) for row in kept if row.study_id in gold}
    return (row for row in kept if row.study_id not in gold and words_of(row.report) not in held)
