"""Lists of words by which headings and the texts under them are told apart."""

from functools import cache

from vlmkg.reading.lexicon.load import tsv_rows


@cache
def section_words(name: str) -> frozenset[str]:
    """The list of that name, in lower case. Raises KeyError if there is none."""
    return _lists()[name]


@cache
def _lists() -> dict[str, frozenset[str]]:
    return {name: frozenset(words.split(";")) for name, words in tsv_rows("section_words")}
