"""Sentences of a section, as runs of tokens.

A sentence ends at a stop, at an empty line and before a bullet. A stop inside a number ("1 . 8 cm"), in a list
number ("2 . Nodule") or in an abbreviation ends nothing; a list number starts a sentence.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import (
    ANATOMY,
    ANATOMY_ADJECTIVES,
    ANATOMY_NOUNS,
    OBSERVATION_ADJECTIVES,
    OBSERVATION_NOUNS,
    Word,
)
from vlmkg.reading.tokens import Token, next_token

_ENDS = frozenset(".!?;")
_LONGEST = 200
"""Tokens after which a run without a stop is cut: nobody dictates longer sentences, and reading stays linear."""
_ABBREVIATIONS = frozenset({"dr", "mr", "mrs", "ms", "vs", "approx", "st", "e", "i", "fig", "no", "neg", "evid"})
_LETTERS = (["a", ".", "m"], ["p", ".", "m"], ["e", ".", "g"], ["i", ".", "e"])
_ANSWERS = frozenset(
    {"no", "none", "nil", "negative", "neg", "absent", "yes", "not", "any"}
    | {"seen", "present", "identified", "visualized", "noted", "evident", "found"}
)
_LONGEST_ANSWER = 3
_BACK = frozenset(
    {"i", "we", "it", "this", "these", "they", "that", "those", "now", "today", "none", "there", "currently"} | {"at"}
)
_BACK_DENIALS = frozenset(
    {"none", "nil", "gone", "longer", "resolved", "cleared", "disappeared", "absent", "not", "removed"}
)
_BACK_WORDS = (
    _BACK
    | {"do", "don", "can", "cannot", "could", "couldn", "t", "see", "find", "identify", "one"}
    | _BACK_DENIALS
    | {
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "been",
        "had",
        "no",
        "since",
        "seen",
        "visible",
        "present",
        "identified",
    }
    | {
        "visualized",
        "evident",
        "again",
        "any",
        "on",
        "film",
        "time",
        "at",
        "the",
        "left",
        "of",
        "remains",
        "exam",
        "study",
    }
    | {
        "confirmed",
        "substantiated",
        "upheld",
        "reproduced",
        "completely",
        "fully",
        "entirely",
        "apparent",
        "detected",
        "found",
        "interval",
        "radiograph",
        "image",
    }
)
_SAID_ALREADY = _BACK_DENIALS | {"no", "without", "never"}
_I_SEE_NONE = frozenset(
    {"i", "we", "do", "don", "can", "cannot", "could", "couldn", "not", "t", "'", "\u2019", "see", "find", "identify"}
    | {"one", "it", "any", "this", "today", "now"}
)
_NOT_SEEN = frozenset({"not", "cannot", "t"})
_BACK_TIMES = frozenset({"now", "today", "longer", "currently", "it", "this", "these", "they", "that", "those"})
_TIMED = frozenset({"at", "today", "now", "currently"})
_OF_TIME = frozenset({":", ".", "h", "hrs", "hours", "am", "pm", "o", "clock"})
_NONE_SEEN = frozenset(
    {
        "at",
        "there",
        "none",
        "is",
        "are",
        "was",
        "were",
        "seen",
        "identified",
        "visible",
        "evident",
        "found",
        "visualized",
    }
)
_LONGEST_BACK = 9
_BACK_START = re.compile(rf"(?:{'|'.join(sorted(_BACK))})\b[^.;!?]{{0,80}}", re.IGNORECASE)
_STOP_AND_BACK = re.compile(rf"[.;!?][^\w\s]{{0,20}}\s*(?=(?:{'|'.join(sorted(_BACK))})\b)", re.IGNORECASE)
_PLAIN_WORD = re.compile(r"\w+")
_LONGEST_LIST = 40
_BROKEN_EARLY = 0.6
"""A line shorter than this share of the longest was ended on purpose."""
_ITEM = re.compile(r"\d{1,2} ?\) |[A-Z][A-Za-z/ ]{2,30}: ?\S")
_WAITING = frozenset(
    {"no", "not", "without", "or", "and", "nor", "of", "the", "a", "an", "is", "are", "was", "were", "with", "in", "on"}
    | {"for", "to", "any", "at", "by", "from", "new", "acute", "focal", "evidence", "than", "as", "this", "that", "has"}
)
_SHORTEST_WRAP = 50
"""Characters: where the longest line has fewer, lines were ended on purpose."""
_SAID_OF = ANATOMY_NOUNS | OBSERVATION_NOUNS | {Word.COPULA, Word.SHOW, Word.IN}
_BEFORE_FINDING = ANATOMY_ADJECTIVES | OBSERVATION_ADJECTIVES | ANATOMY_NOUNS | {Word.SIDE}
"""What may stand between a denial and its finding."""
_LONGEST_FRONT = 6
_GOING_ON = frozenset(
    {"or", "and", "nor", "of", "is", "are", "was", "were", "with", "in", "on", "for", "to", "at", "by", "from", "than"}
    | {"that", "which", "has", "have", "had", "but", "although", "though", "while", "except", "versus", "seen", "noted"}
    | {"may", "could", "can", "cannot", "not", "without", "likely", "possibly", "consistent", "compatible", "evidence"}
)
_UNITS = frozenset({"cm", "mm", "m", "x", "centimeter", "centimeters", "millimeters", "mg", "ml", "l", "cc", "hours"})


Opens = Callable[[int, Token], bool]
"""Whether a token begins something new, given where the token before it ends: an empty line, a bullet, a list item."""


def split_sentences(text: str, tokens: list[Token], opens: Opens | None = None) -> list[list[Token]]:
    """The sentences among `tokens` of `text`, without their closing stops and list numbers, none empty.

    `opens` decides about tokens on a new line; None: their lines in `text` do.
    """
    opens = opens or partial(opens_block, text)
    return [sentence for sentence in (_trim(part) for part in _parts(text, tokens, opens)) if sentence]


def find_openings(text: str, start: int, end: int, longest: int) -> tuple[int, ...]:
    """The positions in `text[start:end]` where a line begins something new, and does not go on with the line before.

    `longest` as in `opens_block`.
    """
    found = []
    at = text.find("\n", start, end)
    while at >= 0 and (token := next_token(text, at, end)):
        before = len(text[start:at].rstrip()) + start
        if before > start and opens_block(text, before, token, longest):
            found.append(token.start)
        at = text.find("\n", token.start, end)
    return tuple(found)


def may_look_back(text: str, start: int, end: int) -> bool:
    """Whether any words of `text[start:end]` behind a stop may say something of the sentence before it."""
    return any(may_take_back(text, stop.end(), end) for stop in _STOP_AND_BACK.finditer(text, start, end))


def _parts(text: str, tokens: list[Token], opens: Opens) -> Iterator[list[Token]]:
    part: list[Token] = []
    previous = 0
    lines = "\n" in text
    joined = -1
    for index, token in enumerate(tokens):
        if part and (len(part) >= _LONGEST or (lines and index != joined and opens(previous, token))):
            yield part
            part = []
        previous = token.end
        if token.text.isalnum():
            part.append(token)
        elif token.text[0] in _ENDS and not _inner_stop(tokens, index) and not _asks_ahead(tokens, index, part):
            if token.text[0] == "?":
                # It doubts what stands before it, or an answer follows.
                part.append(token)
                if _is_answered(tokens, index):
                    continue
            elif (
                part
                and index + 1 < len(tokens)
                and tokens[index + 1].lower in _BACK
                and _is_denied_behind(text, tokens, index)
            ):
                joined = index + 1
                continue
            elif token.text == ";" and _lists_on(tokens, index):
                part.append(token)
                continue
            yield part
            part = []
        else:
            part.append(token)
            if len(token.text) > 1 and token.text[-1] in ".;":
                yield part
                part = []
    yield part


def _asks_ahead(tokens: list[Token], index: int, part: list[Token]) -> bool:
    """ "?pneumonia", "? pneumonia": the mark stands before what it doubts, not after."""
    if tokens[index].text.strip("?") or index + 1 == len(tokens):
        return False
    after = tokens[index + 1]
    glued = after.start == tokens[index].end
    apart = index > 0 and tokens[index - 1].end < tokens[index].start
    # "Blunting of the angle - ? effusion", "opacity ? scar": a question that is over is followed by a capital.
    glued = glued or (apart and after.text.islower() and after.lower not in _ANSWERS)
    opens = index == 0 or tokens[index - 1].text[-1] in ".;:,!"
    return glued or opens or (bool(part) and part[0].text == "?")


def _is_answered(tokens: list[Token], index: int) -> bool:
    """ "Effusion? No.": what follows the mark up to its stop is an answer, and no sentence of its own."""
    answer = tokens[index + 1 : index + 2 + _LONGEST_ANSWER]
    end = next((at for at, token in enumerate(answer) if token.text[0] in _ENDS), len(answer))
    if tokens[index + 1 : index + 2] and tokens[index + 1].lower in {"i", "we"}:
        said = tokens[index + 1 : index + 2 + _LONGEST_BACK]
        stop = next((at for at, token in enumerate(said) if token.text[0] in _ENDS), len(said))
        return _sees_none({token.lower for token in said[:stop]})
    return 0 < end <= _LONGEST_ANSWER and all(token.lower in _ANSWERS for token in answer[:end])


def _lists_on(tokens: list[Token], index: int) -> bool:
    """ "No edema; effusion; or scar.": the last item behind a semicolon begins with "or"."""
    for at in range(index, min(index + _LONGEST_LIST, len(tokens) - 1)):
        if tokens[at].text == ";" and tokens[at + 1].lower in {"or", "nor"}:
            return True
        if tokens[at].text[0] in ".!?:":
            return False
    return False


def may_take_back(text: str, start: int, end: int | None = None) -> bool:
    """Whether the words from `start` to the next stop may say something of the sentence before ("It is gone.")."""
    match = _BACK_START.match(text, start, len(text) if end is None else end)
    if match is None:
        return False
    others = {*_PLAIN_WORD.findall(match[0].lower())} - _BACK_WORDS
    return all(word.isdigit() for word in others)


def _is_denied_behind(text: str, tokens: list[Token], index: int) -> bool:
    """ "Pneumothorax last week; today none.", "... on the last film. It is no longer seen.": said of what is before."""
    if text.count("\n", tokens[index].end, tokens[index + 1].start) > 1:
        return False
    said = tokens[index + 1 : index + 2 + _LONGEST_BACK]
    end = next((at for at, token in enumerate(said) if token.text[0] in _ENDS), len(said))
    words = {token.lower for token in said[:end]}
    if tokens[index + 1].lower in _TIMED:
        # "Pneumothorax at 08:00; at 14:00 there is none." "Yesterday: pneumothorax. Today: none."
        words = {word for word in words if not (word.isdigit() or word in _OF_TIME)}
    if _sees_none(words):
        return True
    if not _SAID_ALREADY.isdisjoint(token.lower for token in tokens[max(0, index - _LONGEST_BACK) : index]):
        return False
    if words <= _NONE_SEEN and "none" in words and len(words) > 1:
        return True
    return (
        end <= _LONGEST_BACK
        and words <= _BACK_WORDS
        and not words.isdisjoint(_BACK_DENIALS)
        and (not words.isdisjoint(_BACK_TIMES))
    )


def _sees_none(words: set[str]) -> bool:
    """ "I don't see one", "we cannot find it"."""
    return words <= _I_SEE_NONE and not words.isdisjoint(_NOT_SEEN) and not words.isdisjoint({"one", "it", "any"})


def opens_block(text: str, start: int, token: Token, longest: int | None = None) -> bool:
    """Whether an empty line, or a line that opens with a bullet, lies between `start` and the token.

    `longest`: characters of the longest line of the report; None: `text` is the whole report.
    """
    if token.start - start < 1:
        return False
    gap = text[start : token.start]
    lines = gap.count("\n")
    return lines > 1 or (
        lines == 1 and (token.text in {"-", "*", "\u2022", "\u2013"} or _opens_item(text, start, token, longest))
    )


def _opens_item(text: str, end: int, token: Token, longest: int | None) -> bool:
    """Whether the line that begins with `token` is one of a list: it has a number or a title, or it was broken early.

    A broken line begins with a capital, although the word had room on the line before, and nothing there waits for it.
    """
    if _ITEM.match(text, token.start):
        return True
    before = text[text.rfind("\n", 0, end) + 1 : end]
    last = before.split()[-1:]
    waits = not last or last[0].lower() in _WAITING or not last[0][-1].isalnum()
    longest = longest_line(text) if longest is None else longest
    if longest < _SHORTEST_WRAP and not waits:
        # No text is wrapped so early: each line stands for itself.
        return (
            token.text.isalpha()
            and token.lower not in _GOING_ON
            and (token.text.istitle() or not _wants_noun(before.split()))
        )
    room = len(before) < _BROKEN_EARLY * longest
    return room and not waits and token.text.istitle() and token.text.isalpha() and len(token.text) > 1


def _wants_noun(words: list[str]) -> bool:
    """Whether the last words of a line leave their noun to the next: "no pleural", "no lung"; not "heart enlarged".

    "Right lower lobe" as well.
    """
    classes = [lexicon().words.get(word.lower(), Word.OTHER) for word in words[-_LONGEST_FRONT:]]
    if len(classes) == len(words) and classes[0] is Word.SIDE and all(one in ANATOMY for one in classes):
        return True
    said = len(classes) > 1 and classes[-2] in _SAID_OF
    if classes[-1:] != [] and classes[-1] in ANATOMY_ADJECTIVES | OBSERVATION_ADJECTIVES and not said:
        return True
    front = next((at for at in range(len(classes) - 1, -1, -1) if classes[at] not in _BEFORE_FINDING), -1)
    return front >= 0 and classes[front] is Word.NEGATION


@lru_cache(maxsize=1)
def longest_line(text: str) -> int:
    """The number of characters of the longest line; 0 if the text is empty."""
    return max(map(len, text.splitlines()), default=0)


def _inner_stop(tokens: list[Token], index: int) -> bool:
    token = tokens[index]
    if token.text != "." or index == 0 or index + 1 == len(tokens):
        return False
    before, after = tokens[index - 1], tokens[index + 1]
    if before.text.isdigit() and after.text.isdigit():
        return _is_decimal(tokens, index)
    if before.lower in _ABBREVIATIONS:
        glued = before.end == token.start
        if before.lower in {"neg", "evid"}:
            return after.lower in {"for", "of"}
        return before.lower in {"dr", "mr", "mrs", "ms", "vs"} or (glued and after.start == token.end)
    # "a . m .", "p . m ." and "e . g .": single letters.
    letters = [token.lower for token in tokens[max(0, index - 3) : index]]
    return (before.lower in {"a", "p"} and after.lower == "m") or letters[-3:] in _LETTERS


def _is_decimal(tokens: list[Token], point: int) -> bool:
    """ "1 . 8 cm" and "1.8" are a number; "2 . 3 . Nodule" are two list numbers."""
    before, stop, after = tokens[point - 1 : point + 2]
    glued = before.end == stop.start and after.start == stop.end
    following = tokens[point + 2].lower if point + 2 < len(tokens) else ""
    return after.text.isdigit() and (glued or following in _UNITS)


def _opens_with_decimal(part: list[Token]) -> bool:
    """ "1.8 cm", "1 . 8 cm"; but "1. 8 cm" is the first of a list."""
    if len(part) < 3 or part[1].text != "." or not _is_decimal(part, 1):
        return False
    return (part[0].end == part[1].start) is (part[1].end == part[2].start)


def _trim(part: list[Token]) -> list[Token]:
    """The sentence without a list number or bullet in front."""
    start = 0
    while start < len(part) and not part[start].text[0].isalnum() and not _speaks(part, start):
        start += 1
    if start + 1 < len(part) and part[start].text.isdigit() and part[start + 1].text in {")", "."}:
        start += 0 if _opens_with_decimal(part[start:]) else 2
    elif start + 1 == len(part) and part[start].text.isdigit():
        return []
    return part[start:]


def _speaks(part: list[Token], index: int) -> bool:
    """Whether a mark at the front is no bullet: "(possible)", "? nodule", "(-) effusion", "-ve"."""
    following = part[index + 1].lower if index + 1 < len(part) else ""
    return (
        part[index].text in {"(", "?", "??", "???", "(-)"}
        or (part[index].text == "#" and following.isalpha())
        or (part[index].text == "-" and following == "ve")
    )
