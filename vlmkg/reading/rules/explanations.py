"""Explanations of findings: `suggestive_of` from the evidence to each explanation that is named for it."""

from dataclasses import dataclass, field
from itertools import pairwise

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import OBSERVATIONS, Word
from vlmkg.reading.rules.known import is_definite
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.phrase_relations import Edge, Part
from vlmkg.reading.rules.presence import bare_of, possibly_from
from vlmkg.schema import Presence, RelationType

_SUGGEST = (Word.SUGGEST, Word.SUGGEST_MAYBE)
_MODALS = frozenset({"may", "might", "could", "would"})
_LIKELY = frozenset({"likely", "most likely", "probably", "possibly", "presumably", "perhaps"})
_ASKED = frozenset({"?", "query", "queried"})
_SUSPECTED = frozenset({"suspected", "feared", "queried", "questioned", "considered", "possible"})
_REASONS = frozenset({"because of", "due to", "owing to", "on the basis of", "secondary to", "as a result of"})
_DIFFERENTIALS = frozenset({"dd", "d / d", "ddx"})
_ANY_SHADOW = frozenset(
    {"finding", "findings", "abnormality", "abnormalities", "change", "changes", "marking", "markings"}
)
_BEFORE_MEANING = frozenset(
    {Word.COLON, Word.COMMA, Word.COPULA, Word.HEDGE, Word.HOLE, Word.REPORT, Word.RELATIVE, Word.IN}
)


@dataclass(slots=True)
class Meanings:
    """`waiting`: explanations whose evidence stands in the sentence before."""

    waiting: list[Unit] = field(default_factory=list)


def link_meanings(parts: list[Part], before: list[list[Part]], tail: list[Unit], edges: list[Edge]) -> Meanings:
    """Add the `suggestive_of` relations of a sentence to `edges`; `before` are the findings each part follows on."""
    meanings = Meanings()
    source: list[Part] | None = None
    for index, part in enumerate(parts):
        explicit = part.phrase.joined_by(*_SUGGEST) and not _gives_reason(part)
        if not part.heads or not (explicit or _implied(parts, index, before[index])):
            continue
        again = source is not None and (part.phrase.roles == {Word.HEDGE} or _is_next_meaning(part))
        if source is not None and (again or part.phrase.joined_by(Word.BUT, Word.AND, Word.OR)):
            # "May be a scar but could be a tumour": both are said of the same finding.
            before[index] = source
        source = before[index]
        evidence = [head for one in before[index] for head in one.heads if head.presence is not Presence.ABSENT]
        if explicit and not evidence and part.heads[0].presence is Presence.ABSENT:
            continue
        explanations = _explanations(parts, index, sure=_sure(part))
        if evidence:
            edges += [(head, RelationType.SUGGESTIVE_OF, one) for head in evidence for one in explanations]
        elif explicit and not _cause_alone(part):
            meanings.waiting += explanations
    if not meanings.waiting and _only_not_excluded(parts, tail):
        meanings.waiting = [part.heads[-1] for part in parts if part.noun]
    return meanings


def _is_next_meaning(part: Part) -> bool:
    """ "Nodule, DD scar, DD metastasis"."""
    return part.phrase.roles == {Word.COMMA, Word.SUGGEST_MAYBE} and part.phrase.joint[-1].text in _DIFFERENTIALS


def _gives_reason(part: Part) -> bool:
    """ "A rupture is suspected because of the elevation": the elevation is no meaning of the rupture."""
    texts = [unit.text for unit in part.phrase.joint]
    return any(one in _SUSPECTED and two in _REASONS for one, two in pairwise(texts))


def _sure(part: Part) -> bool:
    """ "Consistent with": taken as given. With a hedge, or right after a hole where the hedge was: uncertain."""
    joint = [unit for unit in part.phrase.joint if unit.word is not Word.SUBJECT and unit.text != "to"]
    in_hole = any(one.word is Word.HOLE and two.word is Word.SUGGEST for one, two in pairwise(joint))
    return part.phrase.joined_by(Word.SUGGEST) and not (
        in_hole or part.phrase.joined_by(Word.HEDGE, Word.SUGGEST_MAYBE, Word.NOT_EXCLUDED)
    )


def _implied(parts: list[Part], index: int, evidence: list[Part]) -> bool:
    """ "Density, possibly a scar"; "streaks, scar versus fluid"; "density XXXX scar"."""
    part = parts[index]
    words = part.phrase.roles
    if not words or not words <= _BEFORE_MEANING or not any(one.heads for one in evidence):
        return False
    if Word.IN in words:
        return possibly_from(part.phrase)
    meaning = part.heads[-1].text in lexicon().meanings or (
        part.noun and (_perhaps(part) or _of_shadow(part, evidence))
    )
    if words == {Word.HOLE} and not any(one.noun for one in evidence):
        return False
    if Word.HOLE not in words and part.places and _second_finding(part):
        return False
    if Word.HEDGE in words or Word.HOLE in words:
        told = _may_be(part) or _is_likely(part, evidence)
        return meaning and (not part.phrase.predicate or Word.HOLE in words or told)
    following = parts[index + 1 : index + 3]
    versus = any(one.phrase.joined_by(Word.VERSUS) for one in following)
    listed = words == {Word.COMMA} and (versus or _is_doubted_meaning(part, evidence))
    return part.noun and (listed or _listed_meanings(parts, index, evidence))


def _is_doubted_meaning(part: Part, evidence: list[Part]) -> bool:
    """ "Infiltrate, scar/lymphoma": the meanings of a shadow were doubted as alternatives."""
    head = part.heads[-1]
    doubted = head.presence is Presence.UNCERTAIN and head.text in lexicon().meanings and not part.places
    shadows = all(one.text in lexicon().shadows for source in evidence for one in source.heads)
    return doubted and shadows and _is_shadow(evidence)


def _may_be(part: Part) -> bool:
    """ "The opacity may be a scar"."""
    return part.noun and any(unit.text in _MODALS for unit in part.phrase.joint)


def _is_likely(part: Part, evidence: list[Part]) -> bool:
    """ "The opacity is likely a scar"."""
    return part.noun and _is_shadow(evidence) and any(unit.text in _LIKELY for unit in part.phrase.joint)


def _of_shadow(part: Part, evidence: list[Part]) -> bool:
    """Whether the part names no shadow, and what stands before it is one: "opacity, ? vasculitis"."""
    asked = any(unit.text in _ASKED for unit in part.phrase.joint) and not part.places
    named = part.heads[-1].text not in lexicon().shadows and (asked or not part.phrase.joined_by(Word.COMMA))
    return named and _is_shadow(evidence)


def _is_shadow(evidence: list[Part]) -> bool:
    known = lexicon().shadows
    heads = [head for one in evidence for head in one.heads]
    return any(head.text in known and head.presence is not Presence.ABSENT for head in heads)


def _listed_meanings(parts: list[Part], index: int, evidence: list[Part]) -> bool:
    """ "Opacity: atelectasis or pneumonia", "opacities (atelectasis / aspiration)": what a shadow may be, in a list."""
    shadow = _is_shadow(evidence)
    if not _opened(parts[index]) or not shadow or not _names_meaning(parts[index], evidence):
        return False
    for part in parts[index + 1 :]:
        if part.phrase.joined_by(Word.OR, Word.VERSUS):
            return True
        if not part.phrase.coordinated or not part.noun:
            return False
    return False


def _names_meaning(part: Part, evidence: list[Part]) -> bool:
    """A word for a meaning; of a shadow with a name of its own also any other noun: "nodule: neoplasm or scar"."""
    known = lexicon()
    text = part.heads[-1].text
    loose = any(head.text in _ANY_SHADOW for one in evidence for head in one.heads)
    return text in known.meanings or (part.noun and text not in known.shadows and not loose)


def _second_finding(part: Part) -> bool:
    """ "Cardiomegaly, question pleural effusion": at a place of its own; not so "possibly ...", "may be ..."."""
    hedges = [unit.text for unit in part.phrase.joint if unit.word is Word.HEDGE]
    return bool(hedges) and not _perhaps(part) and _MODALS.isdisjoint(hedges)


def _perhaps(part: Part) -> bool:
    """ "Opacity, possibly a cyst" explains; "opacity, possible cyst" may be a second finding."""
    hedges = [unit.text for unit in part.phrase.joint if unit.word is Word.HEDGE]
    return part.phrase.joint[0].word is Word.COMMA and any(text.endswith("ly") or text == "perhaps" for text in hedges)


def _cause_alone(part: Part) -> bool:
    """ "Limited due to artifact": the cause of what stands before it in its sentence, not of the sentence before."""
    causes = any(
        unit.word is Word.SUGGEST and unit.text.endswith(("due to", "secondary to")) for unit in part.phrase.joint
    )
    return causes and not part.phrase.joined_by(Word.SUBJECT, Word.HEDGE, Word.HOLE)


def _explanations(parts: list[Part], index: int, *, sure: bool) -> list[Unit]:
    """The explanation and its alternatives; uncertain unless it is the only one and taken as given."""
    chain, described = [parts[index]], list[Part]()
    listed = _opened(parts[index]) or any(_opens_list(unit) for unit in parts[index].phrase.joint)
    alternatives = False
    for part in parts[index + 1 :]:
        if part.place_only:
            continue
        if part.phrase.joined_by(Word.OF) and chain[-1].heads[-1].presence is not Presence.ABSENT:
            if chain[-1].heads[-1].word is Word.PROCESS:
                # "Suggest growth of a nodule"; but "growth of the nodule" speaks of one that is there.
                chain += [] if is_definite(part.phrase) else [part]
            elif bare_of(part.phrase):
                described.append(part)
            continue
        if not part.phrase.coordinated or not part.heads or (_fresh(part, chain[-1]) and not listed):
            break
        alternatives = alternatives or part.phrase.joined_by(Word.OR, Word.VERSUS)
        chain.append(part)
    presence = Presence.PRESENT if sure and not alternatives else Presence.UNCERTAIN
    for part in chain + described:
        for unit in part.phrase.units:
            if unit.word in OBSERVATIONS and unit.presence is not Presence.ABSENT:
                unit.presence = presence
    heads = [head for part in chain for head in part.heads if head.presence is presence]
    # "Consistent with a normal chest" explains nothing.
    heads = [head for head in heads if head.text not in lexicon().normality]
    return [head for head in heads if head.word is not Word.PROCESS] or heads


def _opened(part: Part) -> bool:
    """Whether a colon, a dash or a bracket alone stands before the part."""
    return part.phrase.roles == {Word.COLON} or [unit.text for unit in part.phrase.joint] == ["("]


def _opens_list(cue: Unit) -> bool:
    return cue.text == "ddx" or "differential" in cue.text or "consideration" in cue.text


def _fresh(part: Part, last: Part) -> bool:
    """A statement of its own after a comma."""
    if not part.phrase.joined_by(Word.COMMA, Word.AND) or part.phrase.joined_by(Word.OR):
        return False
    return part.heads[-1].presence is not last.heads[-1].presence or part.phrase.joined_by(Word.NEGATION)


def _only_not_excluded(parts: list[Part], tail: list[Unit]) -> bool:
    cues = {unit.word for unit in tail}.union(*[part.phrase.roles for part in parts])
    open_cue = Word.NOT_EXCLUDED in cues or {Word.NOT, Word.EXCLUDE} <= cues
    found = [part for part in parts if part.heads]
    return open_cue and bool(found) and all(one.heads[-1].presence is Presence.UNCERTAIN for one in found)
