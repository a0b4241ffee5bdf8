"""What a disease does in general: "tuberculosis often presents with cavitation" says nothing of this patient."""

from vlmkg.reading.lexicon.words import OBSERVATION_NOUNS, Word
from vlmkg.reading.rules.labels import Unit

_OFTEN = frozenset(
    {"often", "usually", "commonly", "frequently", "typically", "generally", "sometimes", "rarely", "occasionally"}
    | {"normally", "classically", "can"}
)
_DOES = frozenset(
    {"present", "cause", "lead", "resolve", "manifest", "occur", "appear", "involve", "affect", "spare", "produce"}
    | {"develop", "clear", "lag", "look", "mimic", "take", "tend", "give", "follow", "show", "require", "resemble"}
    | {"accompany", "complicate", "arise", "mask", "simulate", "have", "has", "coexist", "recur", "spread"}
)
_CAUSED = (("caused",), ("due",), ("mistaken",))
_OF_SUBJECT = OBSERVATION_NOUNS | frozenset(
    {Word.DESCRIPTOR, Word.TISSUE, Word.OF, Word.DEGREE, Word.NOTHING, Word.AND, Word.OR, Word.SUBJECT, Word.NUMBER}
)
_NEEDED = frozenset({"needed", "required", "necessary", "inserted", "placed", "indicated"})
_WILL = frozenset({"will", "would", "may", "might", "could", "should"})
_ENDS = frozenset({Word.COMMA, Word.BUT, Word.COLON, Word.AND})
_KNOWN = frozenset({"this", "these", "such"})
_FEW = 3
_TURNS = frozenset({Word.BUT, Word.COLON})


def without_general(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """The units without a statement of what a disease does in general.

    Its subject is a disease without an article, side or place, and its verb says "often presents", "can cause". Of a
    subject with "this" ("infection of this sort can cause cavities") the subject stays.
    """
    if _OFTEN.isdisjoint(tokens):
        return units
    at = next((at for at in range(1, len(tokens) - 1) if tokens[at] in _OFTEN and _is_verb(tokens, at + 1)), None)
    if at is None or any(unit.word is Word.NOT_EXCLUDED for unit in units):
        # "Early infection can have a normal film": a doubt.
        return units
    subject = [unit for unit in units if unit.last < at]
    known = not _KNOWN.isdisjoint(tokens[:at])
    if not known and not _is_general(subject, tokens[:at]):
        return units
    rest = [unit for unit in units if unit.first > at]
    end = next((index for index, unit in enumerate(rest) if unit.word in _TURNS), len(rest))
    return (subject if known else []) + rest[end:]


def without_needed(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "A drain will be needed": there is none yet."""
    if _NEEDED.isdisjoint(tokens):
        return units
    at = next((at for at in range(2, len(tokens)) if tokens[at] in _NEEDED and tokens[at - 1] == "be"), None)
    if at is None or tokens[at - 2] not in _WILL:
        return units
    start = next((unit.last + 1 for unit in reversed(units) if unit.last < at and unit.word in _ENDS), 0)
    needed = [unit for unit in units if start <= unit.first < at]
    nouns = [unit for unit in needed if unit.word in OBSERVATION_NOUNS]
    if not nouns or any(unit.word is not Word.DEVICE or unit.definite for unit in nouns):
        return units
    return [unit for unit in units if not start <= unit.first < at]


def _is_general(subject: list[Unit], said: tuple[str, ...]) -> bool:
    """Whether the subject is a disease, or a few words that name nothing ("asbestos exposure")."""
    subject = [unit for unit in subject if unit.word is not Word.EXAM]
    if "the" in said or any(unit.definite or unit.word not in _OF_SUBJECT for unit in subject):
        return False
    return any(unit.word is Word.FINDING for unit in subject) or (not subject and 1 < len(said) <= _FEW)


def _is_verb(tokens: tuple[str, ...], index: int) -> bool:
    """Whether a verb of `_DOES` stands here ("often presents"), or "(can) be caused"."""
    verb = tokens[index]
    if verb == "be":
        return tokens[index - 1] == "can" and tokens[index + 1 : index + 2] in _CAUSED
    forms = {verb, verb.removesuffix("s"), verb.removesuffix("es"), verb.removesuffix("ies") + "y"}
    return not forms.isdisjoint(_DOES)
