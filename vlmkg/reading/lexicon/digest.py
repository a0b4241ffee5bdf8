"""The digest of all data that decide how a text is cut into sections and read, beside the code."""

from importlib.metadata import version

from vlmkg.reading.lexicon.load import lexicon, plain_words, tsv_rows
from vlmkg.reading_version import data_digest

TABLES = ("headings", "languages", "misspellings", "section_words", "suffixes")
"""Tables of the lexicon that are read row by row."""


def lexicon_digest() -> str:
    """SHA-256 (hex) over the lexicon as it was loaded, and over the version of the language detector's model."""
    data: dict[str, object] = {name: tsv_rows(name) for name in TABLES}
    return data_digest({**data, "lexicon": lexicon(), "plain_words": plain_words(), "py3langid": version("py3langid")})
