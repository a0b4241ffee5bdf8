"""Noise in sentences: holes, typing errors, unknown words.

Each function changes a draft and its graph together, so that the gold stays exact. Holes (XXXX) are the result of
de-identification; if one replaces the head of a phrase, the describing word before it becomes the head.
"""

from random import Random

from training.synthetic.expand import Draft, Piece
from vlmkg.schema import RelationType

HOLE = "XXXX"
_OFTEN = (
    "angle angles bones nodes node wires clips port structures lobe lung findings silhouette spine stable new "
    "unchanged prominent scarring mild small large lead leads pad shadow spaces body bodies focal calcified "
    "degenerative posterior lateral vena cava catheter contour markings fields"
)
OFTEN_HOLED = frozenset(_OFTEN.split())
"""Words that de-identification often mistakes for names."""
_MAY_BE = "evidence seen noted identified prior previous since comparison again visualized examination study exam"
MAY_BE_HOLED = frozenset(_MAY_BE.split())
"""Words without effect on the graph.

Negating and hedging words are never replaced, because that would change the meaning.
"""
_PARTS = "ba ce di fo gu la me ni po ru sa te vi xo zu bre cro dra fle gri pla sto tri bul cor den fis gra"
_SYLLABLES = _PARTS.split()
_ENDINGS = {"A": ("al", "ar", "um", "us", "a", "ic"), "O": ("ity", "oma", "osis", "ed", "ous", "ar", "y", "ion", "s")}


def holes(draft: Draft, rng: Random, chance: float) -> None:
    """Replace words by holes, each with this probability; words often mistaken for names with five times it."""
    for piece in list(draft.pieces):
        word = piece.text.lower()
        if piece.mention is None:
            if word in MAY_BE_HOLED and rng.random() < chance * 2:
                piece.text = HOLE
        elif rng.random() < chance * (5 if word in OFTEN_HOLED else 0.6):
            swallow(draft, piece)


def swallow(draft: Draft, piece: Piece) -> None:
    """Replace a mention by a hole. The last describing word directly before it takes its place."""
    mention = piece.mention
    if mention is None:
        return
    heir = _heir(draft, draft.pieces.index(piece), mention)
    moved = []
    for head, kind, tail in draft.edges:
        if heir is not None:
            head, tail = (heir if head == mention else head), (heir if tail == mention else tail)  # noqa: PLW2901
        if head != tail and mention not in {head, tail}:
            moved.append((head, kind, tail))
    draft.edges[:] = moved
    piece.text, piece.mention = HOLE, None


def _heir(draft: Draft, at: int, mention: int) -> int | None:
    before = draft.pieces[at - 1].mention if at else None
    return before if (before, RelationType.MODIFY, mention) in draft.edges else None


def misspell(draft: Draft, rng: Random, chance: float) -> None:
    """Swap, drop or double a letter of words with five or more letters, each with this probability."""
    for piece in draft.pieces:
        if len(piece.text) > 4 and piece.text.isalpha() and piece.text != HOLE and rng.random() < chance:
            piece.text = _slip(piece.text, rng)


def _slip(word: str, rng: Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return rng.choice((swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]))


def pseudo_words(draft: Draft, rng: Random, chance: float) -> None:
    """Replace one-word mentions by meaningless words, so that only the context shows what the mention is."""
    for piece in draft.pieces:
        if piece.mention is not None and piece.text.isalpha() and rng.random() < chance:
            kind = "A" if draft.labels[piece.mention] == "A" else "O"
            stem = "".join(rng.choices(_SYLLABLES, k=rng.choice((1, 2, 2, 3))))
            piece.text = stem + rng.choice(_ENDINGS[kind])


def stutter(draft: Draft, rng: Random) -> None:
    """Repeat one word outside mentions."""
    plain = [at for at, piece in enumerate(draft.pieces) if piece.mention is None and piece.text.isalpha()]
    if plain:
        at = rng.choice(plain)
        draft.pieces.insert(at, Piece(draft.pieces[at].text))


def drop_articles(draft: Draft, rng: Random) -> None:
    """Leave out articles and, sometimes, forms of to be: the telegram style."""
    dropped = {"the", "a", "an", "there is", "there are"} | ({"is", "are"} if rng.random() < 0.3 else set())
    draft.pieces[:] = [piece for piece in draft.pieces if piece.mention is not None or piece.text not in dropped]
