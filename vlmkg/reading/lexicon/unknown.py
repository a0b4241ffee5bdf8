"""Whether a word that the lexicon lacks can be the name of a finding."""

from functools import lru_cache

from vlmkg.reading.lexicon.load import lexicon

_NOUN_ENDINGS = (
    *(
        "tion",
        "tions",
        "sion",
        "sions",
        "ment",
        "ments",
        "ness",
        "ism",
        "isms",
        "ture",
        "tures",
        "pathy",
        "oid",
        "oids",
    ),
    *("ions", "osis", "uria", "orrhea", "orrhoea", "ectomy", "ia", "ias", "esis"),
)
_NO_NOUN_ENDINGS = ("ly", "ed", "able", "ible", "ical", "ous", "ive", "ic", "ful", "less", "est")
_SHORTEST = 3
_SHORTEST_AFFIRMED = 7


@lru_cache(maxsize=8192)
def is_unknown_noun(word: str, *, denied: bool) -> bool:
    """Whether the lower-case word may name a finding. `denied`: a denial stands right before it.

    After a denial any word that is not plain talk and has not the form of an adjective, adverb or participle; else
    only words with the ending of a noun.
    """
    if not word.isalpha() or word in lexicon().plain or word.startswith("xxxx"):
        return False
    if denied:
        return len(word) >= _SHORTEST and not word.endswith(_NO_NOUN_ENDINGS)
    return len(word) >= _SHORTEST_AFFIRMED and word.endswith(_NOUN_ENDINGS)
