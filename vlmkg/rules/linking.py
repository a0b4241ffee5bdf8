"""Relations between the phrases of a sentence: subjects and what is said of them, places, "of", coordination."""

import re
from dataclasses import dataclass, field

from vlmkg.lexicon.load import lexicon
from vlmkg.lexicon.words import Word
from vlmkg.rules.inside import Edge, Part
from vlmkg.rules.labels import Unit
from vlmkg.schema import Presence, RelationType

MODIFY, LOCATED_AT = RelationType.MODIFY, RelationType.LOCATED_AT

_BODY_OF_CHANGE = frozenset({"change", "changes", "pattern", "appearance", "finding", "findings", "stigmata"})
_FEATURES = frozenset({"calcification", "calcifications", "cavitation", "displacement", "angulation", "bronchograms"})
_TIPS = frozenset({"tip", "tips", "lead", "leads"})
_LEVEL = re.compile(r"[tlcs]\d{1,2}")
_SHARED_PLACES = frozenset({Word.PLACE, Word.SIDE, Word.ORGAN, Word.POSITION})


@dataclass(slots=True)
class Clause:
    """What later phrases may attach to.

    `anchors`: the coordinated findings named last; `subjects`: the coordinated phrases before the verb;
    `place`: the place phrase that an "of" may say more about; `said`: the describing words of the last predicate.
    """

    anchors: list[Part] = field(default_factory=list)
    subjects: list[Part] = field(default_factory=list)
    place: Part | None = None
    said: Part | None = None
    bare_negation: bool = False


def link(parts: list[Part], edges: list[Edge]) -> list[list[Part]]:
    """Add the relations between phrases to `edges`. Returns, for each part, the findings it follows on."""
    clause = Clause()
    before: list[list[Part]] = []
    for index, part in enumerate(parts):
        before.append(list(clause.anchors))
        previous = parts[index - 1] if index else None
        following = parts[index + 1] if index + 1 < len(parts) else None
        if part.place_only:
            _link_place(clause, part, previous, following, edges)
        elif part.words_only:
            _link_words(clause, part, previous, following, edges)
        else:
            _link_finding(clause, part, previous, following, edges)
    return before


# Places


def _link_place(clause: Clause, part: Part, previous: Part | None, following: Part | None, edges: list[Edge]) -> None:
    phrase = part.phrase
    if previous is None or phrase.joined_by(Word.COMPARED, Word.BUT):
        _start(clause, part)
    elif phrase.joined_by(Word.IN) or (phrase.joined_by(Word.OF) and not previous.place_only):
        _at_place(clause, part, edges)
    elif phrase.joined_by(Word.OF):
        _part_of(clause, previous, part, edges)
    elif phrase.joined_by(Word.SUGGEST, Word.SUGGEST_MAYBE):
        _start(clause, part)
    elif phrase.joined_by(Word.COPULA):
        _locate(clause.subjects, part, edges)
        clause.place = part
    elif phrase.coordinated and (not _has_verb(following) or previous.place_only or _bare_dimension(part)):
        _more_places(clause, part, previous, following, edges)
    elif not phrase.joint and not _has_verb(following) and not _said_of(following):
        _beside(clause, part, previous, edges)
    else:
        _start(clause, part)


def _start(clause: Clause, part: Part) -> None:
    """A new subject."""
    clause.subjects = clause.anchors = [part]
    clause.place = part if part.place_only else None
    clause.said = None


def _at_place(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "Opacity in the base"; "normal in size" is about the size, and the size is the subject's."""
    if clause.said is not None and _all_dimensions(part):
        _dimension(clause, part, edges)
        return
    _locate(clause.anchors, part, edges)
    clause.place = part


def _dimension(clause: Clause, part: Part, edges: list[Edge]) -> None:
    said = clause.said
    for subject in clause.subjects:
        edges += [(place, MODIFY, size) for place in subject.places for size in part.places if not subject.heads]
    if said is None:
        return
    old = [edge for edge in edges if edge[0] in said.heads and edge[1] is LOCATED_AT]
    for edge in old:
        edges.remove(edge)
    edges += [(word, LOCATED_AT, size) for word in said.heads for size in part.places]


def _all_dimensions(part: Part) -> bool:
    return all(unit.word is Word.DIMENSION for unit in part.places)


def _locate(parts: list[Part], place: Part, edges: list[Edge]) -> None:
    listed = len(parts) > 1 and parts[-1].phrase.joined_by(Word.AND, Word.OR, Word.VERSUS)
    for part in parts:
        if part is not parts[-1] and (_region(part) or not listed) and parts[-1].noun:
            continue
        if part.noun and part.places and all(unit.word is Word.POSITION for unit in part.places):
            # "Anterior deformity of the vertebra": the anterior part of the vertebra.
            old = [edge for edge in edges if edge[0] in part.heads and edge[2] in part.places]
            for edge in old:
                edges.remove(edge)
            edges += [(unit, MODIFY, place.places[-1]) for unit in part.places]
        if part.noun or part.words_only:
            edges += [(head, LOCATED_AT, unit) for head in part.heads for unit in place.places]
        elif (part.heads and part.places) or part.place_only:
            edges += [(unit, MODIFY, part.places[-1]) for unit in place.places]


def _part_of(clause: Clause, whole: Part, part: Part, edges: list[Edge]) -> None:
    """ "Structures of the thorax": thorax describes structures; a portion describes its whole."""
    target = whole.places[-1]
    if target.word is Word.PART:
        _move_to_whole(whole, part, edges)
        clause.place = part
        return
    edges += [(unit, MODIFY, target) for unit in part.places]


def _move_to_whole(portion: Part, whole: Part, edges: list[Edge]) -> None:
    target = portion.places[-1]
    for index, (head, kind, tail) in enumerate(edges):
        if tail is target and kind is LOCATED_AT:
            edges[index] = (head, kind, whole.places[-1])
    edges.append((target, MODIFY, whole.places[-1]))


def _more_places(clause: Clause, part: Part, previous: Part, following: Part | None, edges: list[Edge]) -> None:
    """ "In the left and right base"; "heart and lungs"; "a vertebra, possibly T7"."""
    if _LEVEL.fullmatch(part.places[-1].text) and previous.place_only and part.phrase.joined_by(Word.COMMA):
        edges += [(part.places[-1], MODIFY, previous.places[-1])]
    elif previous.places and _bare_dimension(part) and previous.places[-1].word is Word.DIMENSION:
        # "Cardiac size and contour".
        edges += [(head, kind, part.places[-1]) for head, kind, tail in list(edges) if tail is previous.places[-1]]
        clause.subjects = [*clause.subjects, part]
    elif _has_verb(following) and clause.anchors and clause.anchors[-1].heads:
        _start(clause, part)
    elif clause.place is not None and previous.place_only and clause.anchors and clause.anchors[-1].heads:
        _locate(clause.anchors, part, edges)
        clause.place = part
    elif previous.place_only:
        clause.subjects = [*clause.subjects, part]
        clause.anchors = clause.subjects
        clause.place = part
    elif part.phrase.joined_by(Word.COMMA) and previous.noun:
        _locate(clause.anchors, part, edges)
        clause.place = part
    else:
        _start(clause, part)


def _bare_dimension(part: Part) -> bool:
    return all(unit.word is Word.DIMENSION for unit in part.phrase.units) and part.phrase.joined_by(Word.AND)


def _beside(clause: Clause, part: Part, previous: Part, edges: list[Edge]) -> None:
    """No word between: "elevation right hemidiaphragm", "clear bilaterally"."""
    if previous.noun:
        _locate(clause.anchors, part, edges)
        clause.place = part
    elif previous.words_only and part.places[-1].word is Word.SIDE:
        for subject in clause.subjects:
            if subject.place_only:
                edges += [(unit, MODIFY, subject.places[-1]) for unit in part.places]
            else:
                _locate([subject], part, edges)
    elif previous.place_only and previous.places[-1].word is Word.PART:
        _move_to_whole(previous, part, edges)
    elif previous.place_only and part.places[-1].word is Word.SIDE:
        edges += [(unit, MODIFY, previous.places[-1]) for unit in part.places]
    else:
        _start(clause, part)


# Describing words


def _link_words(clause: Clause, part: Part, previous: Part | None, following: Part | None, edges: list[Edge]) -> None:
    del following
    phrase = part.phrase
    if previous is None:
        _start(clause, part)
        return
    if phrase.joined_by(Word.HOLE) and part.heads[-1].text in lexicon().meanings:
        clause.said = part
        return
    if all(unit.word is Word.MEASURE for unit in part.heads):
        _describe([one for one in clause.anchors if one.noun] or clause.subjects, part, edges)
        return
    if phrase.joined_by(Word.RELATIVE):
        _describe(clause.anchors, part, edges)
    elif phrase.joined_by(Word.COPULA) or phrase.predicate or phrase.joined_by(Word.COLON, Word.SHOW):
        _describe(clause.subjects, part, edges)
    elif phrase.joined_by(Word.COMMA, Word.AND, Word.OR, Word.BUT) and not phrase.joined_by(Word.WITH, Word.IN):
        _describe_after(clause, part, edges)
    elif phrase.joined_by(Word.IN, Word.OF, Word.WITH):
        return
    else:
        _describe(clause.subjects, part, edges)
    clause.said = part
    clause.anchors = clause.subjects if any(one.noun for one in clause.subjects) else [part]


def _describe_after(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "Small nodule, stable"; of alternatives only the last: "this versus a hernia (Morgagni)"."""
    subjects = clause.subjects
    if subjects and subjects[-1].noun and clause.said is None:
        if subjects[-1].phrase.joined_by(Word.VERSUS, Word.OR):
            subjects = subjects[-1:]
        if subjects[-1].heads[-1].presence is Presence.UNCERTAIN:
            for word in part.heads:
                word.presence = Presence.UNCERTAIN
    _describe(subjects, part, edges)


def _describe(subjects: list[Part], part: Part, edges: list[Edge]) -> None:
    for subject in subjects:
        if subject is part:
            continue
        if subject.noun:
            edges += [(word, MODIFY, subject.heads[-1]) for word in part.heads]
        elif subject.places:
            edges += [(word, LOCATED_AT, place) for word in part.heads for place in subject.places]


# Findings


def _link_finding(clause: Clause, part: Part, previous: Part | None, following: Part | None, edges: list[Edge]) -> None:
    phrase = part.phrase
    if previous is None:
        _start(clause, part)
    elif phrase.coordinated and (previous.noun or previous.place_only or previous.heads):
        if previous.place_only and clause.said is None and _has_verb(following) and previous in clause.subjects:
            # "The heart and the vascular pattern are normal".
            clause.subjects = clause.anchors = [*clause.subjects, part]
        else:
            _coordinate(clause, part, previous, edges)
    elif part.noun and phrase.joined_by(Word.OF) and not phrase.joined_by(Word.COPULA):
        _of_finding(clause, part, edges)
    elif part.noun and phrase.joined_by(Word.IN) and not phrase.joined_by(Word.COPULA, Word.SHOW):
        _in_finding(clause, part, edges)
    elif phrase.joined_by(Word.COPULA, Word.SHOW, Word.COLON) and not phrase.joined_by(Word.THERE, Word.AND, Word.BUT):
        _shown(clause, part, edges)
    elif phrase.joined_by(Word.NEGATION, Word.WITH):
        _with_finding(clause, part, previous, edges)
    elif phrase.joined_by(Word.IN, Word.OF) and part.places and not part.noun:
        _locate(clause.anchors, part, edges)
        clause.place = part
    else:
        _start(clause, part)


def _coordinate(clause: Clause, part: Part, previous: Part, edges: list[Edge]) -> None:
    """ "Effusion or pneumothorax"; a region of the lung and a describing word may hold for both."""
    group = [one for one in clause.anchors if one.noun]
    if part.phrase.compared and group:
        # "Opacities, right greater than left".
        edges += [(word, MODIFY, group[-1].heads[-1]) for word in part.heads]
        edges += [(group[-1].heads[-1], LOCATED_AT, place) for place in part.places]
        return
    if not group or not part.noun or previous.words_only:
        place_first = previous.place_only and previous in clause.subjects and part.noun and not part.places
        if place_first and part.phrase.joined_by(Word.COMMA):
            edges += [(part.heads[-1], LOCATED_AT, place) for one in clause.subjects for place in one.places]
        _start(clause, part)
        return
    first = group[-1]
    same = first.heads[-1].presence is part.heads[-1].presence
    if not part.places and _region(first) and same:
        edges += [(part.heads[-1], LOCATED_AT, place) for place in first.places]
    if part.phrase.joined_by(Word.VERSUS) and not part.places:
        placed = [edge for edge in edges if edge[0] is first.heads[-1] and edge[1] is LOCATED_AT]
        edges += [(part.heads[-1], LOCATED_AT, place) for _, _, place in placed]
    if not part.own and same and _same_thing(first, part) and not part.phrase.joined_by(Word.COMMA):
        edges += [(word, MODIFY, part.heads[-1]) for word in first.own]
    clause.anchors = [*group, part]
    clause.subjects = clause.anchors
    clause.place = clause.said = None


def _region(part: Part) -> bool:
    return bool(part.places) and all(unit.word in _SHARED_PLACES for unit in part.places)


def _same_thing(first: Part, second: Part) -> bool:
    groups = lexicon().near_synonyms
    group = groups.get(first.heads[-1].text)
    return group is not None and group == groups.get(second.heads[-1].text)


def _of_finding(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "Changes of X": X describes the changes; "development of X": the development describes X."""
    anchors = [one for one in clause.anchors if one.noun]
    if not anchors:
        _start(clause, part)
        return
    head, inner = anchors[-1].heads[-1], part.heads[-1]
    if head.text in _TIPS or head.word is Word.PROCESS:
        edges.append((head, MODIFY, inner))
        clause.anchors = anchors if head.text in _TIPS else [part]
        clause.subjects = clause.anchors
        return
    edges.append((inner, MODIFY, head))


def _in_finding(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "Air within the mass", "change in the nodule"."""
    for anchor in clause.anchors:
        if part.heads[-1].text == "position" and anchor.noun:
            edges.append((part.heads[-1], MODIFY, anchor.heads[-1]))
        elif anchor.noun and part.phrase.joint[-1].text in {"in", "within", "from"}:
            edges.append((anchor.heads[-1], MODIFY, part.heads[-1]))
    clause.anchors = [part]


def _shown(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "The bones show no fracture", "the catheter has its tip at ..."."""
    if part.noun and clause.said is None:
        for subject in clause.subjects:
            if subject.place_only and not part.places:
                edges += [(part.heads[-1], LOCATED_AT, place) for place in subject.places]
            elif subject.noun and part.heads[-1].text in _TIPS:
                edges.append((part.heads[-1], MODIFY, subject.heads[-1]))
    elif clause.said is None and part.places and all(unit.word is Word.DIMENSION for unit in part.phrase.anatomy):
        # "The heart is normal size".
        edges += [
            (place, MODIFY, size)
            for one in clause.subjects
            if one.place_only
            for place in one.places
            for size in part.places
        ]
    clause.anchors = [part]
    clause.place = clause.said = None


def _with_finding(clause: Clause, part: Part, previous: Part, edges: list[Edge]) -> None:
    if part.noun and previous.noun and part.heads[-1].text in _FEATURES | _TIPS:
        edges.append((part.heads[-1], MODIFY, previous.heads[-1]))
    clause.anchors = [part]
    clause.subjects = clause.anchors
    clause.place = clause.said = None


def _has_verb(following: Part | None) -> bool:
    if following is None or following.phrase.joined_by(Word.RELATIVE, Word.THERE, Word.COMMA, Word.BUT):
        return False
    return following.phrase.joined_by(Word.COPULA, Word.SHOW)


def _said_of(following: Part | None) -> bool:
    return following is not None and following.words_only and not following.phrase.joint


def unit_of(parts: list[Part]) -> list[Unit]:
    """The heads of the parts."""
    return [head for part in parts for head in part.heads]
