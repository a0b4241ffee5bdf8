"""Places between phrases: "opacity in the base", "heart and lungs", "structures of the thorax", "normal in size"."""

import re

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.clause import Clause, has_verb, is_region, measured, said_of, start
from vlmkg.reading.rules.phrase_relations import Edge, Part
from vlmkg.reading.rules.phrases import tells_course
from vlmkg.reading.rules.statements import SIDE_NAMES
from vlmkg.schema import RelationType

MODIFY, LOCATED_AT = RelationType.MODIFY, RelationType.LOCATED_AT

SHORT_PLACES = frozenset(
    {"rul", "rml", "rll", "lul", "lll", "ruz", "rmz", "rlz", "luz", "lmz", "llz", "r", "l", "rt", "lt"}
)
_FIELDS = frozenset({"field", "fields"})
"""Of the lungs: where something is."""
_LEVEL = re.compile(r"[tlcs]\d{1,2}")


def link_place(clause: Clause, part: Part, previous: Part | None, following: Part | None, edges: list[Edge]) -> None:
    """Tie a place to what stands before it, or make it the subject of what follows."""
    phrase = part.phrase
    if _other_of_two(clause, part):
        edges += [(clause.subjects[-1].heads[-1], LOCATED_AT, place) for place in part.places]
    elif _next_of_title(clause, part, previous, following):
        edges += [(head, LOCATED_AT, place) for head in _listed_finding(clause).heads for place in part.places]
    elif previous is not None and _behind_finding(part, previous, following):
        locate([previous], part, edges)
    elif previous is None or phrase.joined_by(Word.COMPARED, Word.BUT) or _opens_clause(part, following):
        start(clause, part)
    elif phrase.joined_by(Word.COLON) and previous.noun and not has_verb(following) and _bare(following):
        # "Effusion: left", "nodules: RUL 4 mm".
        clause.titled = previous
        locate([previous], part, edges)
        clause.place = part
    elif _is_denied_place(clause, part):
        clause.place = part
    elif phrase.joined_by(Word.IN) or (phrase.joined_by(Word.OF) and not previous.place_only):
        _at_place(clause, part, edges)
    elif phrase.joined_by(Word.OF):
        _part_of(clause, previous, part, edges)
    elif phrase.joined_by(Word.COPULA) and not phrase.joined_by(Word.SUGGEST, Word.SUGGEST_MAYBE):
        locate(clause.subjects, part, edges)
        clause.place = part
    elif phrase.coordinated and (not has_verb(following) or previous.place_only or _bare_dimension(part)):
        _more_places(clause, part, previous, following, edges)
    elif phrase.roles <= {Word.REPORT} and not has_verb(following) and not said_of(following):
        _beside(clause, part, previous, edges)
    else:
        start(clause, part)


def _is_denied_place(clause: Clause, part: Part) -> bool:
    """ "Seen on the left and not on the right"."""
    return clause.place is not None and part.phrase.roles >= {Word.NOT, Word.IN}


def _behind_finding(part: Part, previous: Part, following: Part | None) -> bool:
    """ "Edema RUL increased", "effusion left small": a lobe's or side's name right behind its finding.

    "Mass right hilum unchanged" as well; not "mass right lung clear".
    """
    units = part.phrase.units
    if part.phrase.joint or not previous.noun:
        return False
    if all(unit.text in SHORT_PLACES or unit.word is Word.SIDE for unit in units):
        return said_of(following) or has_verb(following)
    said = following is not None and following.words_only
    changed = said and following is not None and (tells_course(following.phrase.units[0]) or _grew(following))
    sided = any(unit.word is Word.SIDE for unit in previous.phrase.anatomy)
    return changed and units[0].word is Word.SIDE and not sided


def _grew(following: Part) -> bool:
    """ "... has enlarged", "has cavitated"."""
    having = following.phrase.joint[:1]
    return having != [] and having[0].word is Word.SHOW and following.phrase.units[0].text not in lexicon().normality


def _bare(following: Part | None) -> bool:
    """Whether nothing but a measurement is said of the place."""
    return measured(following) or not said_of(following)


def _other_of_two(clause: Clause, part: Part) -> bool:
    """ "The right effusion is larger than the left": there is one on the left as well."""
    sides = all(unit.word is Word.SIDE for unit in part.phrase.units)
    compared = part.phrase.joined_by(Word.THAN) and bool(clause.subjects) and clause.subjects[-1].noun
    return sides and compared and any(unit.word is Word.SIDE for unit in clause.subjects[-1].phrase.anatomy)


def _next_of_title(clause: Clause, part: Part, previous: Part | None, following: Part | None) -> bool:
    """The second of "nodules: RUL 4 mm, LLL 6 mm", of "nodule in the RUL 4 mm, LLL 6 mm"."""
    goes_on = part.phrase.roles <= {Word.COMMA, Word.AND} and bool(part.phrase.roles) and not has_verb(following)
    told = clause.titled is not None or (measured(previous) and any(one.noun for one in clause.anchors))
    return goes_on and told and _bare(following) and is_region(part)


def _listed_finding(clause: Clause) -> Part:
    return clause.titled or next(one for one in reversed(clause.anchors) if one.noun)


def _opens_clause(part: Part, following: Part | None) -> bool:
    """ "..., and in the left base there is"."""
    goes_on = following is not None and following.phrase.joined_by(Word.THERE)
    return goes_on and part.phrase.joined_by(Word.IN) and part.phrase.joined_by(Word.AND, Word.COMMA)


def _at_place(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "Opacity in the base"; "normal in size" is about the size, and the size is the subject's."""
    if all_dimensions(part) and (clause.said is not None or all(one.place_only for one in clause.anchors)):
        _dimension(clause, part, edges)
        return
    last = clause.anchors[-1].heads if clause.anchors else []
    sided = bool(clause.borrowed) and any(unit.word is Word.SIDE for unit in part.phrase.units)
    for edge in clause.borrowed:
        # "Left: scar in the base" is on the left, "left: scar in the right base" is not.
        if edge in edges and edge[0] in last and (sided or not _is_titled_side(clause, edge)):
            edges.remove(edge)
    clause.borrowed = []
    # "Nodule in the apex and effusion on the left": the nodule has its place.
    placed = [one for one in clause.anchors[:-1] if one.noun and _is_placed(one, edges)]
    locate([one for one in clause.anchors if one not in placed], part, edges)
    clause.place = part


def _is_titled_side(clause: Clause, edge: Edge) -> bool:
    return clause.side is not None and edge[2] in clause.side.places


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


def all_dimensions(part: Part) -> bool:
    """Whether the part names dimensions alone ("size and shape")."""
    return all(unit.word is Word.DIMENSION and unit.text not in _FIELDS for unit in part.places)


def locate(parts: list[Part], place: Part, edges: list[Edge]) -> None:
    """Locate the findings of `parts` at the place; a described place is described by it, a bare one describes it."""
    listed = len(parts) > 1 and parts[-1].phrase.joined_by(Word.AND, Word.OR, Word.VERSUS)
    for part in parts:
        if part is not parts[-1] and (is_region(part) or not listed) and parts[-1].noun:
            continue
        if part.noun and part.places and all(unit.word is Word.POSITION for unit in part.places):
            # "Anterior deformity of the vertebra": the anterior part of the vertebra.
            old = [edge for edge in edges if edge[0] in part.heads and edge[2] in part.places]
            for edge in old:
                edges.remove(edge)
            edges += [(unit, MODIFY, place.places[-1]) for unit in part.places]
        if part.noun or part.words_only:
            edges += [(head, LOCATED_AT, unit) for head in part.heads for unit in place.places]
        elif part.place_only:
            # "The tissues over the clavicle": a finer place describes the wider one, as a portion does its whole.
            edges += [(part.places[-1], MODIFY, unit) for unit in place.places]
        elif part.heads and part.places:
            edges += [(unit, MODIFY, part.places[-1]) for unit in place.places]


def _is_placed(part: Part, edges: list[Edge]) -> bool:
    """Whether the finding has been given a place other than its own words."""
    return any(edge[0] in part.heads and edge[1] is LOCATED_AT and edge[2] not in part.places for edge in edges)


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
    elif _shares_words(previous) and not has_verb(following) and not said_of(following):
        # "Normal heart size and mediastinum".
        edges += [(word, LOCATED_AT, place) for word in previous.heads for place in part.places]
        clause.listed = previous
        clause.anchors = clause.subjects = [*clause.subjects, part]
    elif clause.listed is not None and previous.place_only and not has_verb(following) and not said_of(following):
        edges += [(word, LOCATED_AT, place) for word in clause.listed.heads for place in part.places]
        clause.anchors = clause.subjects = [*clause.subjects, part]
    elif clause.anchors and clause.anchors[-1].heads and (has_verb(following) or _is_told(part, following)):
        start(clause, part)
    elif clause.place is not None and previous.place_only and clause.anchors and clause.anchors[-1].heads:
        locate(clause.anchors, part, edges)
        clause.place = part
    elif previous.place_only:
        clause.subjects = [*clause.subjects, part]
        clause.anchors = clause.subjects
        clause.place = part
    elif part.phrase.joined_by(Word.COMMA) and previous.noun:
        if said_of(following) and not measured(following) and _is_other_place(previous, part, following):
            # "Left effusion, right lung clear".
            start(clause, part)
            return
        unplaced = [one for one in clause.anchors if one is previous or not _is_placed(one, edges)]
        locate(unplaced, part, edges)
        clause.place = part
    elif part.phrase.joined_by(Word.COMMA) and _said_of_finding(clause, previous):
        locate(clause.subjects[-1:], part, edges)
        clause.place = part
    else:
        start(clause, part)


def _is_told(part: Part, following: Part | None) -> bool:
    """ "Nodule on the left, trachea deviated": an organ with a word of its own, which tells no course."""
    if not said_of(following) or following is None or part.phrase.roles != {Word.COMMA}:
        return False
    return part.phrase.units[0].word is Word.ORGAN and not tells_course(following.phrase.units[0])


def _is_other_place(previous: Part, part: Part, following: Part | None) -> bool:
    """Whether the place of what follows is not the finding's: it is at another side, or is called normal."""
    sides = {side for one in (previous, part) for unit in one.phrase.anatomy if (side := SIDE_NAMES.get(unit.text))}
    normal = following is not None and all(unit.text in lexicon().normality for unit in following.heads)
    return len(sides) > 1 or normal


def _said_of_finding(clause: Clause, previous: Part) -> bool:
    """ "Effusion, small, left"."""
    behind = previous.phrase.roles <= {Word.COMMA, Word.COLON} and previous.words_only
    return behind and bool(clause.subjects) and clause.subjects[-1].noun


def _shares_words(part: Part) -> bool:
    """Whether the part is a described place ("normal heart size"), not a predicate."""
    return bool(part.heads) and bool(part.places) and not part.noun and not part.phrase.predicate


def _bare_dimension(part: Part) -> bool:
    return all(unit.word is Word.DIMENSION for unit in part.phrase.units) and part.phrase.joined_by(Word.AND)


def _beside(clause: Clause, part: Part, previous: Part, edges: list[Edge]) -> None:
    """No word between: "elevation right hemidiaphragm", "clear bilaterally"."""
    if previous.noun:
        locate(clause.anchors, part, edges)
        clause.place = part
    elif previous.words_only and part.places[-1].word is Word.SIDE:
        for subject in clause.subjects:
            if subject.place_only:
                edges += [(unit, MODIFY, subject.places[-1]) for unit in part.places]
            else:
                locate([subject], part, edges)
    elif previous.place_only and previous.places[-1].word is Word.PART:
        _move_to_whole(previous, part, edges)
    elif previous.place_only and part.places[-1].word is Word.SIDE:
        edges += [(unit, MODIFY, previous.places[-1]) for unit in part.places]
    else:
        start(clause, part)
