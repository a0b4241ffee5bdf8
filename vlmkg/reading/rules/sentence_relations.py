"""Relations between the phrases of a sentence: subjects and predicates, places, "of", coordination."""

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.clause import Clause, has_verb, is_region, start
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.phrase_relations import Edge, Part
from vlmkg.reading.rules.place_relations import SHORT_PLACES, link_place, locate
from vlmkg.reading.rules.presence import possibly_from
from vlmkg.schema import Presence, RelationType

MODIFY, LOCATED_AT = RelationType.MODIFY, RelationType.LOCATED_AT

_FEATURES = frozenset(
    {"calcification", "calcifications", "cavitation", "displacement", "angulation", "bronchograms"}
    | {"bronchogram", "air - fluid level", "air fluid level", "fluid level", "fluid - level"}
)
_TIPS = frozenset({"tip", "tips", "lead", "leads"})


def link(parts: list[Part], edges: list[Edge]) -> list[list[Part]]:
    """Add the relations between phrases to `edges`. Returns, for each part, the findings it follows on."""
    clause = Clause()
    before: list[list[Part]] = []
    for index, part in enumerate(parts):
        before.append(list(clause.anchors))
        previous = parts[index - 1] if index else None
        following = parts[index + 1] if index + 1 < len(parts) else None
        if part.place_only:
            link_place(clause, part, previous, following, edges)
        elif part.words_only:
            _link_words(clause, part, previous, following, edges)
        else:
            _link_finding(clause, part, previous, following, edges)
    return before


def _link_words(clause: Clause, part: Part, previous: Part | None, following: Part | None, edges: list[Edge]) -> None:
    del following
    phrase = part.phrase
    if previous is None:
        start(clause, part)
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
    together = (
        [clause.said] if clause.said is not None and phrase.joint[-1:] and phrase.joint[-1].word is Word.AND else []
    )
    clause.said = part
    clause.anchors = clause.subjects if any(one.noun for one in clause.subjects) else [*together, part]


def _describe_after(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "Small nodule, stable"; of alternatives only the last: "this versus a hernia (Morgagni)"."""
    subjects = clause.subjects
    if subjects and subjects[-1].noun and clause.said is None:
        if subjects[-1].phrase.joined_by(Word.VERSUS, Word.OR):
            subjects = subjects[-1:]
        if subjects[-1].heads[-1].presence is Presence.UNCERTAIN:
            for word in part.heads:
                if word.word is not Word.CHANGE:
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


def _link_finding(clause: Clause, part: Part, previous: Part | None, following: Part | None, edges: list[Edge]) -> None:
    phrase = part.phrase
    if previous is None:
        start(clause, part)
    elif phrase.compared and _is_compared(clause, part):
        _compare(clause, part, edges)
    elif phrase.coordinated and (previous.noun or previous.place_only or previous.heads):
        if previous.place_only and clause.said is None and has_verb(following) and previous in clause.subjects:
            # "The heart and the vascular pattern are normal".
            clause.subjects = clause.anchors = [*clause.subjects, part]
        else:
            _coordinate(clause, part, previous, edges)
    elif part.noun and (phrase.joined_by(Word.THERE) or phrase.roles == {Word.NEGATION}) and _is_fronted(clause):
        edges += [(part.heads[-1], LOCATED_AT, place) for one in clause.subjects for place in one.places[-1:]]
        clause.anchors = clause.subjects = [part]
        clause.place = clause.said = None
    elif part.noun and phrase.joined_by(Word.OF) and not phrase.joined_by(Word.COPULA):
        _of_finding(clause, part, edges)
    elif part.noun and phrase.joined_by(Word.IN) and not phrase.joined_by(Word.COPULA, Word.SHOW):
        _in_finding(clause, part, edges)
    elif phrase.joined_by(Word.COPULA, Word.SHOW, Word.COLON) and not phrase.joined_by(Word.THERE, Word.AND, Word.BUT):
        _shown(clause, part, edges)
    elif phrase.joined_by(Word.NEGATION, Word.WITH) or any(unit.text == "whose" for unit in phrase.joint):
        _with_finding(clause, part, previous, edges)
    elif phrase.joined_by(Word.IN, Word.OF) and part.places and not part.noun:
        locate(clause.anchors, part, edges)
        clause.place = part
    else:
        start(clause, part)


def _is_fronted(clause: Clause) -> bool:
    """ "In the left base there is"."""
    places = bool(clause.subjects) and all(one.place_only for one in clause.subjects)
    return places and clause.subjects[0].phrase.joined_by(Word.IN)


def _is_compared(clause: Clause, part: Part) -> bool:
    """Something named before: "opacities, right greater than left", "angles are blunted, left greater than right"."""
    if any(one.noun for one in clause.anchors):
        return True
    return bool(clause.anchors) and bool(clause.anchors[-1].heads) and part.phrase.head is None


def _compare(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "Opacities, right greater than left"."""
    finding = next((one for one in reversed(clause.anchors) if one.noun), clause.anchors[-1]).heads[-1]
    edges += [(word, MODIFY, finding) for word in part.heads]
    edges += [(finding, LOCATED_AT, place) for place in part.places]


def _coordinate(clause: Clause, part: Part, previous: Part, edges: list[Edge]) -> None:
    """ "Effusion or pneumothorax"; a region of the lung and a describing word may hold for both."""
    titled = clause.titled or (previous if previous.noun and _amount_and_side(part) else None)
    if titled is not None and not part.noun and is_region(part):
        _tell_of(titled, part, edges)
        return
    group = [one for one in clause.anchors if one.noun]
    titled = clause.side if part.noun and not part.places else None
    of_title: list[Edge] = []
    if titled is not None and part.phrase.joined_by(Word.COMMA, Word.OR, Word.AND):
        of_title = [(part.heads[-1], LOCATED_AT, place) for place in titled.places]
        edges += of_title
    if not group or not part.noun or previous.words_only:
        place_first = previous.place_only and previous in clause.subjects and part.noun and not part.places
        if place_first and part.phrase.joined_by(Word.COMMA):
            edges += [(part.heads[-1], LOCATED_AT, place) for one in clause.subjects for place in one.places]
        start(clause, part)
        return
    first = group[-1]
    if part.heads[-1].text in _TIPS and first.heads[-1].word is Word.DEVICE and part.phrase.roles == {Word.COMMA}:
        edges.append((part.heads[-1], MODIFY, first.heads[-1]))
    same = first.heads[-1].presence is part.heads[-1].presence
    if not part.places and is_region(first) and same and part.phrase.joined_by(Word.AND, Word.OR, Word.VERSUS):
        clause.borrowed = [(part.heads[-1], LOCATED_AT, place) for place in first.places]
        edges += clause.borrowed
    clause.borrowed = [*clause.borrowed, *of_title]
    if part.phrase.joined_by(Word.VERSUS) and not part.places:
        placed = [edge for edge in edges if edge[0] is first.heads[-1] and edge[1] is LOCATED_AT]
        edges += [(part.heads[-1], LOCATED_AT, place) for _, _, place in placed]
    if not part.own and same and _same_thing(first, part) and not part.phrase.joined_by(Word.COMMA):
        edges += [(word, MODIFY, part.heads[-1]) for word in first.own]
    if part.phrase.joined_by(Word.AND, Word.OR):
        # "No change in nodule or mass".
        changes = [
            head for head, kind, tail in edges if kind is MODIFY and tail is first.heads[-1] and _is_change(head)
        ]
        edges += [(head, MODIFY, part.heads[-1]) for head in changes if same]
    clause.anchors = [*group, part]
    clause.subjects = clause.anchors
    clause.place = clause.said = None


def _is_change(unit: Unit) -> bool:
    return unit.text in {"change", "changes"} and unit.presence is Presence.ABSENT


def _same_thing(first: Part, second: Part) -> bool:
    groups = lexicon().near_synonyms
    group = groups.get(first.heads[-1].text)
    return group is not None and group == groups.get(second.heads[-1].text)


def _of_finding(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "Changes of X": X describes the changes; "development of X": the development describes X."""
    anchors = [one for one in clause.anchors if one.noun]
    if not anchors:
        if part.phrase.joined_by(Word.HOLE) and clause.subjects and clause.subjects[-1].words_only:
            # "Scattered XXXX of atelectasis": the hole was "areas".
            edges += [(word, MODIFY, part.heads[-1]) for word in clause.subjects[-1].heads]
        start(clause, part)
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
    for anchor in [] if possibly_from(part.phrase) else clause.anchors:
        if part.heads[-1].text == "position" and anchor.noun:
            edges.append((part.heads[-1], MODIFY, anchor.heads[-1]))
        elif anchor.noun and part.phrase.joint[-1].text in {"in", "within", "from"}:
            edges.append((anchor.heads[-1], MODIFY, part.heads[-1]))
    clause.anchors = [part]


def _shown(clause: Clause, part: Part, edges: list[Edge]) -> None:
    """ "The bones show no fracture", "the catheter has its tip at ..."."""
    titled = part.phrase.joined_by(Word.COLON) and bool(clause.subjects) and clause.subjects[-1].noun
    if titled and not part.noun and part.heads and is_region(part):
        # "Effusion: small, left".
        clause.titled = clause.subjects[-1]
        _tell_of(clause.titled, part, edges)
        return
    if part.noun and clause.said is None:
        for subject in clause.subjects:
            sided = any(unit.word is Word.SIDE for unit in subject.phrase.units)
            if subject.place_only and sided and part.phrase.joined_by(Word.COLON):
                # "Right: effusion, atelectasis".
                clause.side = subject
            tissues = (sided or _is_lobe(subject)) and all(unit.word is Word.TISSUE for unit in part.places)
            # "Left shoulder: anterior dislocation".
            turned = sided and all(unit.word is Word.POSITION for unit in part.places)
            tissues = tissues or (turned and part.phrase.joined_by(Word.COLON))
            if subject.place_only and (tissues or not _elsewhere(part) or (sided and _is_side(subject, part))):
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


def _amount_and_side(part: Part) -> bool:
    """ "Effusion (small, left)"; not "cardiomegaly, clear lungs"."""
    known = lexicon().normality
    sides = all(unit.word in {Word.SIDE, Word.PLACE} for unit in part.places)
    return sides and not part.noun and not any(head.text in known for head in part.heads)


def _tell_of(titled: Part, part: Part, edges: list[Edge]) -> None:
    """ "Effusions: small right, moderate left": each says how much there is of the title, and where."""
    for edge in [one for one in edges if one[0] in part.heads and one[1] is LOCATED_AT]:
        edges.remove(edge)
    finding = titled.heads[-1]
    edges += [(word, MODIFY, finding) for word in part.heads]
    edges += [(finding, LOCATED_AT, place) for place in part.places]


def _is_lobe(subject: Part) -> bool:
    return subject.places[-1:] != [] and subject.places[-1].text in SHORT_PLACES


def _is_side(subject: Part, part: Part) -> bool:
    """ "Right: lung nodule": a side alone, and a finding whose place has none."""
    alone = all(unit.word is Word.SIDE for unit in subject.phrase.units)
    return alone and not any(unit.word is Word.SIDE for unit in part.phrase.units)


def _elsewhere(part: Part) -> bool:
    """Whether the finding has a place of its own; a tissue of the lung is in the lung."""
    return not all(unit.text in lexicon().lung_tissues for unit in part.places)


def _with_finding(clause: Clause, part: Part, previous: Part, edges: list[Edge]) -> None:
    if part.noun and previous.noun and part.heads[-1].text in _FEATURES | _TIPS:
        edges.append((part.heads[-1], MODIFY, previous.heads[-1]))
        if part.heads[-1].text not in _TIPS and not part.places and not previous.places:
            # "Nodule with calcification in the left apex": the place is the nodule's.
            clause.anchors = clause.subjects = [previous]
            clause.place = clause.said = None
            return
    clause.anchors = [part]
    clause.subjects = clause.anchors
    clause.place = clause.said = None
