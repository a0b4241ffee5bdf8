"""What a word does in a report's sentence: its class. Each class is one data file, or one role in cues.txt."""

from enum import IntEnum, auto


class Word(IntEnum):
    """The class of a word or phrase. Integers, because sets of them are asked for each word of each report."""

    # Anatomy. SIDE, POSITION, PLACE and TISSUE stand before a noun; ORGAN, DIMENSION and PART are nouns.
    SIDE = auto()
    POSITION = auto()
    PLACE = auto()
    TISSUE = auto()
    ORGAN = auto()
    DIMENSION = auto()
    PART = auto()
    # Observations. FINDING, DEVICE and PROCESS are nouns; the others describe.
    FINDING = auto()
    DEVICE = auto()
    PROCESS = auto()
    DESCRIPTOR = auto()
    CHANGE = auto()
    DEGREE = auto()
    NUMBER = auto()
    MEASURE = auto()
    # Roles of cues.txt: words that bind, deny, hedge, or take no part.
    NEGATION = auto()
    NOT = auto()
    EXCLUDE = auto()
    NOT_EXCLUDED = auto()
    GONE = auto()
    HARD = auto()
    RETURN = auto()
    ASPECT = auto()
    HEDGE = auto()
    SUGGEST = auto()
    SUGGEST_MAYBE = auto()
    COPULA = auto()
    SHOW = auto()
    IN = auto()
    OF = auto()
    WITH = auto()
    AND = auto()
    OR = auto()
    VERSUS = auto()
    BUT = auto()
    RELATIVE = auto()
    THAN = auto()
    COMPARED = auto()
    SUBJECT = auto()
    REPORT = auto()
    THERE = auto()
    RECOMMEND = auto()
    TALK = auto()
    HISTORY = auto()
    EXAM = auto()
    NOTHING = auto()
    # Marks that have no file.
    COMMA = auto()
    COLON = auto()
    HOLE = auto()
    OTHER = auto()


SIDES = frozenset({Word.SIDE})
ANATOMY_ADJECTIVES = frozenset({Word.SIDE, Word.POSITION, Word.PLACE, Word.TISSUE})
ANATOMY_NOUNS = frozenset({Word.ORGAN, Word.DIMENSION, Word.PART})
ANATOMY = ANATOMY_ADJECTIVES | ANATOMY_NOUNS
OBSERVATION_NOUNS = frozenset({Word.FINDING, Word.DEVICE, Word.PROCESS})
OBSERVATION_ADJECTIVES = frozenset({Word.DESCRIPTOR, Word.CHANGE, Word.DEGREE, Word.NUMBER, Word.MEASURE})
OBSERVATIONS = OBSERVATION_NOUNS | OBSERVATION_ADJECTIVES
CONTENT = ANATOMY | OBSERVATIONS
