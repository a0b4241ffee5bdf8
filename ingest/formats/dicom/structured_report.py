"""The text of a structured report (PS3.3 C.17.3): its content tree in document order, under headings.

The text has the TEXT items of all reporting relationships, and the CODE items that name a finding, with their
properties (ingest.formats.dicom.sr_coded). Other content about the patient is left out with a warning that names it:
numbers, dates, tables, references to other documents, and unknown properties.
"""

from dataclasses import dataclass, field
from itertools import groupby, pairwise

from ingest.event_warnings import EventWarning
from ingest.formats.dicom import sr_headings
from ingest.formats.dicom.elements import DEEPEST, DamagedError
from ingest.formats.dicom.object import Group
from ingest.formats.dicom.sr_coded import (
    CONCEPT_CODE,
    TEXT_VALUE,
    Property,
    coded_words,
    is_answer,
    is_phrase,
    known_of,
    named_words,
    phrase_words,
    property_of,
    value_of,
)
from ingest.formats.dicom.sr_headings import (
    COMPARISON,
    CONCEPT_NAME,
    FINDINGS,
    code_of,
    has_headings,
    heading_of,
    is_read,
)
from ingest.formats.markup.convert import PLAIN, convert

VALUE_TYPE = 0x0040A040
RELATIONSHIP = 0x0040A010
CONTENT = 0x0040A730
UID_VALUE = 0x0040A124
REFERENCED_ITEM = 0x0040DB73
STUDY_UID = 0x0020000D
TAGS = sr_headings.TAGS | {
    VALUE_TYPE,
    RELATIONSHIP,
    CONTENT,
    TEXT_VALUE,
    CONCEPT_CODE,
    UID_VALUE,
    REFERENCED_ITEM,
}

CODE_LEFT_OUT = EventWarning.CODED_CONTENT_LEFT_OUT
PROPERTY_LEFT_OUT = EventWarning.SR_PROPERTY_LEFT_OUT
_LEFT_OUT = {
    "CODE": CODE_LEFT_OUT,
    "NUM": EventWarning.SR_NUMBER_LEFT_OUT,
    "TABLE": EventWarning.SR_TABLE_LEFT_OUT,
    "COMPOSITE": EventWarning.SR_REFERENCE_LEFT_OUT,
    "DATE": EventWarning.SR_DATE_LEFT_OUT,
    "TIME": EventWarning.SR_DATE_LEFT_OUT,
    "DATETIME": EventWarning.SR_DATE_LEFT_OUT,
    "TEXT": EventWarning.SR_TEXT_LEFT_OUT,
}
"""Warnings by value type. The other types (images, coordinates, names of persons, UIDs) do not describe the patient."""

_CONTEXTS = {"HAS OBS CONTEXT": EventWarning.SR_CONTEXT_LEFT_OUT, "HAS ACQ CONTEXT": EventWarning.SR_CONTEXT_LEFT_OUT}
_MODIFIERS = frozenset({"HAS PROPERTIES", "HAS CONCEPT MOD"})

_OF_OBSERVERS = frozenset(str(number) for number in (*range(121005, 121024), *range(121029, 121059), 121046, 121047))
"""Observation context (PS3.16 TID 1001 to 1007, 1204, 1210): observer, subject, procedure, language; no findings."""
_ENDLESS = "content items are nested too deeply"
_SUBJECT_CLASS, _PATIENT = "121024", "121025"
_PROCEDURE_STUDY = "121018"


@dataclass(slots=True)
class _Document:
    """The report's words so far, each with the heading of its section (empty:

    none), and warnings about omitted items.
    """

    study_uid: str
    parts: list[tuple[str, str]] = field(default_factory=list)
    left_out: dict[EventWarning, None] = field(default_factory=dict)

    def words_of(self, item: Group) -> str:
        """An item's text without markup. Raises UnsupportedTextError if it can't be read."""
        found = convert(item.text(TEXT_VALUE), PLAIN)
        self.left_out.update(dict.fromkeys(found.warnings))
        return found.text

    def write(self, heading: str, words: str) -> None:
        if words:
            self.parts.append((heading, words))

    def leave(self, code: EventWarning) -> None:
        self.left_out[code] = None


@dataclass(frozen=True, slots=True)
class SrText:
    """The text, not yet cleaned. `left_out`: warnings that name omitted items."""

    text: str
    left_out: tuple[EventWarning, ...]


def read_text(root: Group) -> SrText:
    """The text of a document. Raises DamagedError if the tree is too deep."""
    document = _Document(root.word(STUDY_UID))
    if root.raw(TEXT_VALUE):
        document.write("", document.words_of(root))
    _write(root.items(CONTENT), "", document, 0)
    return SrText(_under_headings(document.parts), tuple(document.left_out))


def _under_headings(parts: list[tuple[str, str]]) -> str:
    """One text.

    If there are headings, words without one get a heading for findings, or they would join the last one.
    """
    bare = FINDINGS if any(heading for heading, _ in parts) else ""
    sections = groupby(parts, key=lambda part: part[0] or bare)
    return "\n\n".join(_section_text(heading, [words for _, words in section]) for heading, section in sections)


def _section_text(heading: str, items: list[str]) -> str:
    """The items of a section.

    An item without a final full stop is separated from the next; after an item with its own headings the section's
    heading is repeated.
    """
    title = f"{heading}:\n" if heading else ""
    text = title + items[0]
    for before, words in pairwise(items):
        if title and has_headings(before):
            text += f"\n\n{title}{words}"
        else:
            text += ("\n" if before.rstrip()[-1:] in {".", "!", "?", ""} else "\n\n") + words
    return text


def _write(children: list[Group], heading: str, document: _Document, depth: int) -> None:
    """Write the items of one level. `heading` is that of their section."""
    if depth > DEEPEST:
        raise DamagedError(_ENDLESS)
    if depth and any(_is_of_other_study(child, document) for child in children):
        heading = COMPARISON
    for child in children:
        relationship = _relationship(child)
        if relationship in _CONTEXTS or (relationship == "HAS CONCEPT MOD" and _kind(child) in {"CODE", "TEXT"}):
            _leave_context(child, relationship, document, depth)
        elif child.word(VALUE_TYPE) or child.raw(TEXT_VALUE) or not child.raw(REFERENCED_ITEM):
            _write_item(child, relationship, heading, document, depth)


def _relationship(item: Group) -> str:
    return " ".join(item.word(RELATIONSHIP).upper().replace("_", " ").split())


def _kind(item: Group) -> str:
    return item.word(VALUE_TYPE).upper() or ("TEXT" if item.raw(TEXT_VALUE) else "CONTAINER")


def _write_item(child: Group, relationship: str, outer: str, document: _Document, depth: int) -> None:
    """Write one item and its children."""
    kind = _kind(child)
    own = _section(outer, heading_of(child), whole=kind == "CONTAINER" or relationship == "INFERRED FROM")
    if kind == "TEXT":
        below = _write_text(child, own, document)
    elif kind == "CODE":
        below = _write_code(child, own, document)
    else:
        below = child.items(CONTENT)
        if kind in _LEFT_OUT and is_read(own):
            document.leave(_LEFT_OUT[kind])
    if below:
        _write(below, own, document, depth + 1)


def _write_text(item: Group, heading: str, document: _Document) -> list[Group]:
    """Write a TEXT item. Returns its children that are not written with it."""
    words, children = document.words_of(item), item.items(CONTENT)
    if not is_phrase(words):
        coded = [child for child in children if _is_modifier(child) and _kind(child) == "CODE"]
        if coded and is_read(heading):
            document.leave(PROPERTY_LEFT_OUT)
        document.write(heading, named_words(item, words))
        return _others(children, coded)
    modifiers = [child for child in children if _is_modifier(child) and _is_short(child)]
    properties = [_property(child) for child in modifiers]
    if any(not one.known for one in properties):
        document.leave(PROPERTY_LEFT_OUT)
    if any(one.denies and not one.known for one in properties):
        document.leave(_LEFT_OUT["TEXT"])
    else:
        document.write(heading, named_words(item, phrase_words(words, list(known_of(properties)))))
    return _others(children, modifiers)


def _write_code(item: Group, heading: str, document: _Document) -> list[Group]:
    """Write a CODE item of a section that is read. Returns its children that are not written with it."""
    children = item.items(CONTENT)
    modifiers = [child for child in children if _is_modifier(child) and not _stands_alone(child)]
    if heading and not is_read(heading):
        return _others(children, modifiers)
    words = coded_words(item, [_property(child) for child in modifiers]) if heading else None
    if words is not None:
        document.write(heading, words)
        return _others(children, modifiers)
    document.leave(CODE_LEFT_OUT)
    return _others(children, [child for child in modifiers if _is_short(child)])


def _is_modifier(item: Group) -> bool:
    return _relationship(item) in _MODIFIERS


def _stands_alone(item: Group) -> bool:
    """Whether a child of a coded finding is a separate finding, by its name."""
    return _kind(item) == "TEXT" and not is_answer(item) and bool(heading_of(item))


def _is_short(item: Group) -> bool:
    """Whether an item only makes sense with its parent item."""
    return _kind(item) == "CODE" or (_kind(item) == "TEXT" and is_answer(item))


def _property(item: Group) -> Property:
    """An item as a property of another. Numbers, coordinates and sections give an unknown property."""
    if _kind(item) not in {"CODE", "TEXT"}:
        return Property("", known=False)
    return property_of(item, [_property(child) for child in item.items(CONTENT) if _is_modifier(child)])


def _others(items: list[Group], taken: list[Group]) -> list[Group]:
    written = set(map(id, taken))
    return [item for item in items if id(item) not in written]


def _is_of_other_study(item: Group, document: _Document) -> bool:
    """Whether an item assigns its siblings to a procedure of another study (PS3.16 TID 1005)."""
    if _relationship(item) not in _CONTEXTS or code_of(item.first(CONCEPT_NAME))[0] != _PROCEDURE_STUDY:
        return False
    return item.word(UID_VALUE) not in {"", document.study_uid}


def _leave_context(item: Group, relationship: str, document: _Document, depth: int) -> None:
    """Leave out an item of context (document, observer, subject, acquisition) and its children."""
    if depth > DEEPEST:
        raise DamagedError(_ENDLESS)
    code, scheme = code_of(item.first(CONCEPT_NAME))
    if code == _SUBJECT_CLASS and code_of(item.first(CONCEPT_CODE))[0] not in {_PATIENT, ""}:
        document.leave(EventWarning.SR_SUBJECT_NOT_PATIENT)
    elif _kind(item) in _LEFT_OUT and value_of(item) and not (code in _OF_OBSERVERS and scheme in {"DCM", ""}):
        document.leave(_CONTEXTS.get(relationship, PROPERTY_LEFT_OUT))
    for child in item.items(CONTENT):
        _leave_context(child, relationship, document, depth + 1)


def _section(outer: str, own: str, *, whole: bool) -> str:
    """The heading of an item: that of its section, unless the item has its own.

    Items of a section that is not read (history, comparison) stay in it, whatever their name; a single finding within
    an impression remains impression. `whole`: the item is a section itself.
    """
    if not outer or not own or not is_read(outer):
        return outer or own
    return own if whole or not is_read(own) else outer
