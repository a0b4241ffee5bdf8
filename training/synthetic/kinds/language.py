r"""The language of `templates/*.txt`: a line is a text together with its annotation.

    No <{fc1/N}> - <{size/P} {fc2/P}> on the {side}. ;; fc2@side

Text is literal; `\n` is a line end, and a backslash escapes any other mark. `word/P` is a mention with the label P
present, U uncertain, N absent, A anatomy; `_` is a blank inside it; `word/P:v` names it v. Further letters are other
right labels; `-` means that it need not, or first of all should not, be a mention ("/-N": not a mention; reading it as
absent is harmless). `{class/P}` draws a word of `words/*.txt`, `{^class/P}` with a capital, `{class1/P=v}` names it v;
the same name draws the same word. `<...>` is a noun phrase: its last observation is its head, the others modify it, and
it is located at the last of its body words, which the others modify. `[a|b|]` is a choice. `⟦reason|...⟧` is set aside
for that reason. The other relations follow after ` ;; `: `a>b` modify, `a@b` located_at, `a~b` suggestive_of.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from vlmkg.schema import RelationType

ARROWS = {">": RelationType.MODIFY, "@": RelationType.LOCATED_AT, "~": RelationType.SUGGESTIVE_OF}
LABELS = "APUN-"
_SLOT = re.compile(rf"\{{(\^?)([A-Za-z_]+)(\d*)(?:/([{LABELS}]+))?(?:=(\w+))?\}}")
_WORD = re.compile(rf"([^\W_](?:[\w'.+-]*\w)?)/([{LABELS}]+)(?::(\w+))?(?![\w])")
_RELATION = re.compile(r"(\w+)([>@~])(\w+)")
_ASIDE = re.compile(r"⟦([a-z_]+)\|")
_OPENERS = {"<": ">", "[": "]", "⟦": "⟧"}


class Text(NamedTuple):
    """Text outside mentions."""

    text: str


class Fixed(NamedTuple):
    """A mention whose words are fixed by the template."""

    text: str
    labels: str
    name: str


class Slot(NamedTuple):
    """A word to be drawn. `key` identifies the draw; `name` is used by relations."""

    kind: str
    number: str
    labels: str
    name: str
    capital: bool

    @property
    def key(self) -> str:
        """Slots with the same key draw the same word."""
        return self.kind + self.number


class Phrase(NamedTuple):
    """A noun phrase: the order of its mentions gives their relations."""

    parts: "tuple[Node, ...]"


class Choice(NamedTuple):
    """Alternatives. `key` identifies the choice within its template."""

    key: str
    options: "tuple[tuple[Node, ...], ...]"


class Aside(NamedTuple):
    """A stretch that is set aside, and the reason."""

    reason: str
    parts: "tuple[Node, ...]"


Node = Text | Fixed | Slot | Phrase | Choice | Aside


class Link(NamedTuple):
    """A relation from every mention named `head` to every mention named `tail`."""

    head: str
    type: RelationType
    tail: str


@dataclass(frozen=True, slots=True)
class Template:
    """One line of a family's file. `name` is the family and a digest of the line: it changes when the line does."""

    name: str
    family: str
    language: str
    parts: tuple[Node, ...]
    links: tuple[Link, ...]
    line: str


def parse_template(family: str, line: str, language: str = "en") -> Template:
    """The template of a line. Raises ValueError if the line is invalid."""
    body, _, relations = line.partition(" ;; ")
    reader = _Reader(body)
    parts = reader.parts("")
    links = tuple(_link(item) for item in relations.split())
    known = set(names(parts))
    used = {name for link in links for name in (link.head, link.tail)}
    if not used <= known:
        raise ValueError(f"{line!r} relates {sorted(used - known)} without defining it")
    return Template(f"{family}/{sha256(line.encode()).hexdigest()[:6]}", family, language, parts, links, line)


def names(parts: tuple[Node, ...]) -> list[str]:
    """The names of the mentions in these parts."""
    found: list[str] = []
    for part in parts:
        if isinstance(part, Fixed | Slot):
            found.append(part.name)
        elif isinstance(part, Phrase | Aside):
            found += names(part.parts)
        elif isinstance(part, Choice):
            found += [name for option in part.options for name in names(option)]
    return found


def _name(text: str) -> str:
    """The default name of a mention: the letters and digits of its last word."""
    return "".join(mark for mark in text.rpartition(" ")[2].lower() if mark.isalnum())


def _link(item: str) -> Link:
    match = _RELATION.fullmatch(item)
    if match is None:
        raise ValueError(f"{item!r} is not a relation")
    return Link(match[1], ARROWS[match[2]], match[3])


class _Reader:
    """Reads one line from left to right."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._at = 0
        self._choices = 0

    def parts(self, closer: str) -> tuple[Node, ...]:
        """The nodes up to `closer` or, inside a choice, up to a bar."""
        found: list[Node] = []
        text = ""
        while self._at < len(self._line) and self._line[self._at] not in (closer, "|" if closer == "]" else closer):
            node = self._node(text)
            if isinstance(node, str):
                text += node
                continue
            if text:
                found.append(Text(text))
                text = ""
            found.append(node)
        if closer and self._at >= len(self._line):
            raise ValueError(f"{self._line!r} lacks a {closer!r}")
        return (*found, Text(text)) if text else tuple(found)

    def _node(self, before: str) -> Node | str:
        line, at = self._line, self._at
        mark = line[at]
        if mark == "\\":
            self._at += 2
            return "\n" if line[at + 1] == "n" else line[at + 1]
        if mark == "{":
            return self._slot()
        if mark in _OPENERS:
            return self._nested(mark)
        if not (before and (before[-1].isalnum())):
            match = _WORD.match(line, at)
            if match:
                self._at = match.end()
                text = match[1].replace("_", " ")
                return Fixed(text, match[2], match[3] or _name(text))
        self._at += 1
        return mark

    def _slot(self) -> Slot:
        match = _SLOT.match(self._line, self._at)
        if match is None:
            raise ValueError(f"{self._line!r} has a slot that cannot be read at {self._line[self._at :]!r}")
        self._at = match.end()
        capital, kind, number, labels, name = match.groups()
        return Slot(kind, number, labels or "", name or kind + number, bool(capital))

    def _nested(self, mark: str) -> Node:
        if mark == "⟦":
            match = _ASIDE.match(self._line, self._at)
            if match is None:
                raise ValueError(f"{self._line!r} sets text aside without a reason")
            self._at = match.end()
            parts = self.parts("⟧")
            self._at += 1
            return Aside(match[1], parts)
        self._at += 1
        if mark == "<":
            parts = self.parts(">")
            self._at += 1
            return Phrase(parts)
        return self._choice()

    def _choice(self) -> Choice:
        key = f"choice{self._choices}"
        self._choices += 1
        options = [self.parts("]")]
        while self._line[self._at] == "|":
            self._at += 1
            options.append(self.parts("]"))
        self._at += 1
        return Choice(key, tuple(options))
