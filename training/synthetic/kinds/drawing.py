"""A template with the values drawn for it, and the resulting pieces of text.

A drawing consists of its template and a mapping of keys to values. Changing one value changes only that part of the
text. Keys of a sentence within a template begin with its slot and a dot.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from training.synthetic.kinds.language import Aside, Choice, Fixed, Node, Phrase, Slot, Template, Text
from training.synthetic.kinds.vocabulary import COMMON, INVENTED, NOUNS, PLACES, RARE, WordClass, head, word_classes
from vlmkg.schema import RelationType

SIDES = ("left", "right")
GRADE_CHANCES = {COMMON: 0.7, RARE: 0.18, INVENTED: 0.12}
_SIDE_FORMS = {
    "side": {"left": "left/A", "right": "right/A"},
    "SD": {"left": "L/A", "right": "R/A"},
    "SDT": {"left": "Lt/A", "right": "Rt/A"},
    "lobeSD": {"left": "LLL/A", "right": "RLL/A"},
    "upSD": {"left": "LUL/A", "right": "RUL/A"},
}
_OPPOSITE = {"left": "right", "right": "left"}
_OPPOSITE_FORMS = {"opp": "side", "oppSD": "SD", "oppSDT": "SDT", "oppLobe": "lobeSD", "oppUp": "upSD"}
PLAIN_CLASSES = frozenset({"ago", "symptom", "person", "year", "day", "view", "sign", "doctor"})
"""Classes whose words are not mentions."""
SENTENCES = {"s": "plain", "sp": "present", "sn": "absent", "so": "normal"}
"""Slots that write a whole sentence, and the pool of each."""
TISSUES = frozenset(["pleural", "pulmonary", "airspace", "interstitial", "vascular", "lung", "septal", "mediastinal"])

Values = Mapping[str, str]
Pools = Mapping[str, tuple[Template, ...]]


@dataclass(slots=True)
class Piece:
    """A piece of text; its labels (empty if it is not a mention); its class and key."""

    text: str
    labels: str = ""
    aside: str = ""
    drawn: str = ""
    grade: str = COMMON


@dataclass(slots=True)
class Written:
    """Pieces in text order, and relations between the numbers of pieces."""

    pieces: list[Piece]
    edges: list[tuple[int, RelationType, int]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A template and the value of each of its keys."""

    template: Template
    values: Values

    def changed(self, changes: Values) -> "Drawing":
        """A copy with these values."""
        return replace(self, values={**self.values, **changes})


def draw(template: Template, pools: Pools, rng: Random, grades: Mapping[str, float] = GRADE_CHANCES) -> Drawing:
    """A drawing of the template, determined by the state of `rng`."""
    values: dict[str, str] = {}
    _draw_parts(_Drawer(pools, rng, grades, values), template.parts, "")
    return Drawing(template, values)


@dataclass(frozen=True, slots=True)
class _Drawer:
    pools: Pools
    rng: Random
    grades: Mapping[str, float]
    values: dict[str, str]


def _draw_parts(drawer: _Drawer, parts: tuple[Node, ...], prefix: str) -> None:
    for part in parts:
        if isinstance(part, Slot):
            _draw_slot(drawer, part, prefix)
        elif isinstance(part, Phrase | Aside):
            _draw_parts(drawer, part.parts, prefix)
        elif isinstance(part, Choice):
            chosen = drawer.values.setdefault(prefix + part.key, str(drawer.rng.randrange(len(part.options))))
            _draw_parts(drawer, part.options[int(chosen)], prefix)


def _draw_slot(drawer: _Drawer, slot: Slot, prefix: str) -> None:
    key, rng = prefix + slot.key, drawer.rng
    if slot.kind in SENTENCES:
        if key not in drawer.values:
            said = set(drawer.values.values())
            pool = drawer.pools[SENTENCES[slot.kind]]
            chosen = rng.choice([template for template in pool if template.name not in said] or pool)
            drawer.values[key] = chosen.name
            _draw_parts(drawer, chosen.parts, key + ".")
        return
    if needs_side(slot.kind):
        drawer.values.setdefault(side_key(slot, prefix), rng.choice(SIDES))
    if is_side(slot.kind) or key in drawer.values:
        return
    taken = {head(value) for name, value in drawer.values.items() if _excludes(class_of(name), slot.kind)}
    drawer.values[key] = draw_word(word_classes()[slot.kind], rng, drawer.grades, taken)


def _excludes(drawn: str, kind: str) -> bool:
    """Whether words of the two classes must differ."""
    return drawn == kind or (drawn in NOUNS and kind in NOUNS)


def class_of(key: str) -> str:
    """The class of a key's slot; empty for a key of a sentence or a choice."""
    name = key.rpartition(".")[2].rstrip("0123456789")
    return name if name in word_classes() else ""


def draw_word(words: WordClass, rng: Random, grades: Mapping[str, float], taken: set[str]) -> str:
    """A word of the class whose head is unused, of a random grade."""
    offered = words.grades()
    weights = [grades.get(grade, 0.0) for grade in offered]
    grade = rng.choices(offered, weights)[0] if any(weights) else offered[0]
    free = [word for word in words.words[grade] if head(word) not in taken]
    return rng.choice(free or list(words.words[grade]))


def grade_of(kind: str, word: str) -> str:
    """The grade of a word in its class."""
    for grade, words in word_classes()[kind].words.items():
        if word in words:
            return grade
    raise KeyError(f"{kind} has no word {word!r}")


def is_side(kind: str) -> bool:
    """Whether the slot writes only a side."""
    return kind in _SIDE_FORMS or kind in _OPPOSITE_FORMS


def needs_side(kind: str) -> bool:
    """Whether the slot's text depends on a side."""
    return is_side(kind) or kind in {"place", "placeadj", "lobe", "zone"}


def side_key(slot: Slot, prefix: str) -> str:
    """The key of the side that the slot writes: slots with the same number share it."""
    return f"{prefix}side{slot.number}"


def write(drawing: Drawing, pools: Pools) -> Written:
    """The pieces of a drawing, and the relations between them."""
    return _Writer(pools, drawing.values).template(drawing.template, "")


class _Writer:
    def __init__(self, pools: Pools, values: Values) -> None:
        self._pools = pools
        self._values = values
        self._out = Written([], [])
        self._aside = ""

    def template(self, template: Template, prefix: str) -> Written:
        called: dict[str, list[int]] = {}
        self._parts(template.parts, prefix, called)
        for link in template.links:
            pairs = [
                (head, link.type, tail) for head in called.get(link.head, ()) for tail in called.get(link.tail, ())
            ]
            self._out.edges += [edge for edge in pairs if edge not in self._out.edges]
        return self._out

    def _parts(self, parts: tuple[Node, ...], prefix: str, called: dict[str, list[int]]) -> list[int]:
        """Write the parts; return the numbers of their mentions in order."""
        mentions: list[int] = []
        for part in parts:
            if isinstance(part, Text):
                self._out.pieces.append(Piece(part.text, aside=self._aside))
            elif isinstance(part, Fixed):
                number = self._add(Piece(part.text, part.labels, self._aside))
                called.setdefault(part.name, []).append(number)
                mentions.append(number)
            elif isinstance(part, Slot):
                mentions += self._slot(part, prefix, called)
            elif isinstance(part, Phrase):
                mentions += self._phrase(part, prefix, called)
            elif isinstance(part, Aside):
                self._aside = part.reason
                mentions += self._parts(part.parts, prefix, called)
                self._aside = ""
            else:
                chosen = part.options[int(self._values[prefix + part.key])]
                mentions += self._parts(chosen, prefix, called)
        return mentions

    def _add(self, piece: Piece) -> int:
        self._out.pieces.append(piece)
        return len(self._out.pieces) - 1

    def _slot(self, slot: Slot, prefix: str, called: dict[str, list[int]]) -> list[int]:
        if slot.kind in SENTENCES:
            key = prefix + slot.key
            self.template(_named(self._pools[SENTENCES[slot.kind]], self._values[key]), key + ".")
            return []
        word, grade = self._word(slot, prefix)
        if slot.kind in PLAIN_CLASSES:
            self._out.pieces.append(Piece(_capital(word) if slot.capital else word, aside=self._aside))
            return []
        numbers = self._entry(slot, word, prefix + slot.key, grade)
        self._relate(numbers)
        heads = _head(self._out.pieces, numbers)
        called.setdefault(slot.name, []).append(heads)
        return numbers

    def _word(self, slot: Slot, prefix: str) -> tuple[str, str]:
        side = self._values.get(side_key(slot, prefix), "")
        if slot.kind in _SIDE_FORMS:
            return _SIDE_FORMS[slot.kind][side], COMMON
        if slot.kind in _OPPOSITE_FORMS:
            return _SIDE_FORMS[_OPPOSITE_FORMS[slot.kind]][_OPPOSITE[side]], COMMON
        word = self._values[prefix + slot.key]
        return word.replace("SIDE", side), grade_of(slot.kind, word)

    def _entry(self, slot: Slot, entry: str, key: str, grade: str) -> list[int]:
        """Write the mentions of one word of the word lists."""
        numbers: list[int] = []
        for number, item in enumerate(entry.split(" ")):
            text, _, label = item.partition("/")
            labels = label or ("A" if slot.kind in PLACES else slot.labels or "P")
            if labels == "P" and label and slot.labels:
                labels = slot.labels
            if number:
                self._out.pieces.append(Piece(" ", aside=self._aside))
            shown = text.replace("_", " ")
            shown = _capital(shown) if slot.capital and not number else shown
            numbers.append(self._add(Piece(shown, labels, self._aside, key, grade)))
        return numbers

    def _phrase(self, phrase: Phrase, prefix: str, called: dict[str, list[int]]) -> list[int]:
        mentions = self._parts(phrase.parts, prefix, called)
        inner = {edge for edge in self._out.edges if edge[0] in mentions and edge[2] in mentions}
        self._out.edges[:] = [edge for edge in self._out.edges if edge not in inner]
        self._relate(mentions)
        return mentions

    def _relate(self, mentions: list[int]) -> None:
        pieces, edges = self._out.pieces, self._out.edges
        body = [number for number in mentions if pieces[number].labels == "A"]
        seen = [number for number in mentions if pieces[number].labels != "A"]
        head = seen[-1] if seen else None
        edges += [(one, RelationType.MODIFY, head) for one in seen[:-1] if head is not None]
        if not body:
            return
        last = body[-1]
        beside = head is not None and len(body) > 1 and _place_and_tissue(pieces[body[-2]].text, pieces[last].text)
        edges += [(one, RelationType.MODIFY, last) for one in body[: -2 if beside else -1]]
        if head is not None:
            edges.append((head, RelationType.LOCATED_AT, last))
        if head is not None and beside:
            edges[-1:] = [(head, RelationType.LOCATED_AT, body[-2]), edges[-1]]
            edges[:] = [
                (one, kind, body[-2]) if one in body[:-2] and tail == last else (one, kind, tail)
                for one, kind, tail in edges
            ]


def _named(pool: tuple[Template, ...], name: str) -> Template:
    return next(template for template in pool if template.name == name)


def _place_and_tissue(first: str, second: str) -> bool:
    """Whether a place is followed by a tissue: a finding there is located at both, and neither describes the other."""
    is_place = first.lower() not in {"left", "right", "bilateral", "both", "l", "r", "lt", "rt"} | TISSUES
    return second.lower() in TISSUES and is_place


def _head(pieces: list[Piece], numbers: list[int]) -> int:
    seen = [number for number in numbers if pieces[number].labels != "A"]
    return seen[-1] if seen else numbers[-1]


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
