"""Which witness leads in which part of a text, and how their readings are combined.

The lead of a checkpoint stands in its manifest (`vlmkg.engine_protocol.Lead`): promotion measures it. Where the model
leads, `agreement` combines the two; where the rules lead, `rules_lead`. Parts are sentences.

If the model leads because of an unknown word, it leads in spans and relations. Presence stays as the rules read it,
because an unknown word does not stop the rules from seeing a denial; the model's presence is kept beside it.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from vlmkg import validation
from vlmkg.engine_protocol import Lead, ReadingWarning, Rejection
from vlmkg.reading.lexicon.guess import guess
from vlmkg.reading.lexicon.load import lexicon, misspellings, plain_words
from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.sections import find_sections
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import Token, tokenize
from vlmkg.reading_codes import ReadingCode
from vlmkg.schema import Kind, Mention, Presence, Relation, ReportGraph, Witness
from vlmkg.witnesses import agreement, rules_lead
from vlmkg.witnesses.comparison import Combined, described_by, overlaps_of
from vlmkg.witnesses.low_confidence import alone_of

ALONE = ReadingCode.MODEL_ALONE
_SHORTEST = 4
"""Letters of a word that can be unknown: shorter ones are articles, units, shorthand."""

Spans = tuple[tuple[int, int], ...]


class Led(NamedTuple):
    """The combined reading, mentions that only the model read where the rules lead, and their warnings."""

    combined: Combined
    rejections: list[Rejection]
    warnings: list[ReadingWarning]


def combine(text: str, model: ReportGraph, rules: ReportGraph, lead: Lead) -> Led:
    """The two graphs of a text as one, by the lead. Each is valid for itself, mentions in text order."""
    spans = led_by_model(text, lead)
    if lead is Lead.ALWAYS:
        return Led(agreement.combine(model, rules), [], [])
    by_rules = rules_lead.combine(model, rules)
    combined = _joined(_with_presence_of_rules(model, rules), by_rules, spans) if spans else by_rules
    return Led(combined, *_model_alone(model, rules, spans))


def led_by_model(text: str, lead: Lead) -> Spans:
    """The half-open spans of the text in which the model leads, in text order, without overlaps."""
    if lead is Lead.NEVER:
        return ()
    if lead is Lead.ALWAYS:
        return ((0, len(text) + 1),)
    return tuple(
        (sentence[0].start, sentence[-1].end)
        for section in find_sections(text)
        for sentence in split_sentences(text, tokenize(text, section.start, section.end))
        if any(_is_unknown(token) for token in sentence)
    )


def _is_unknown(token: Token) -> bool:
    return len(token.lower) >= _SHORTEST and token.lower.isalpha() and not is_known(token.lower)


@cache
def _phrase_words() -> frozenset[str]:
    return frozenset(word for rows in lexicon().phrases.values() for phrase, _ in rows for word in phrase)


def is_known(word: str) -> bool:
    """Whether the lexicon, or a rule on a word's form, knows the lower-case word."""
    known = lexicon()
    return (
        word in known.words
        or word in known.plain
        or word in _phrase_words()
        or word in plain_words()
        or word in misspellings()
        or guess(word) is not Word.OTHER
    )


def _with_presence_of_rules(model: ReportGraph, rules: ReportGraph) -> Combined:
    """The two combined as the model leads, but each disputed observation with the presence that the rules give it."""
    combined = agreement.combine(model, rules)
    mentions = list(combined.graph.mentions)
    places = overlaps_of(rules.mentions, mentions), overlaps_of(model.mentions, mentions)
    for at, (mine, theirs) in enumerate(zip(*places, strict=True)):
        heard = [rules.mentions[i] for i in mine if rules.mentions[i].kind is mentions[at].kind]
        if mentions[at].disputed and heard:
            presence = heard[-1].presence
            others = [model.mentions[i] for i in theirs if model.mentions[i].kind is mentions[at].kind]
            other = next((one.presence for one in others if one.presence is not presence), None)
            mentions[at] = replace(mentions[at], presence=presence, other_presence=other, witness=Witness.RULES)
    return combined._replace(graph=replace(combined.graph, mentions=tuple(mentions)))


def _model_alone(model: ReportGraph, rules: ReportGraph, spans: Spans) -> tuple[list[Rejection], list[ReadingWarning]]:
    """What the model alone read where the rules lead: refused, and warned of where it is a finding and not denied."""
    alone = {at: ALONE for at in alone_of(model, rules) if not _is_within(model.mentions[at].start, spans)}
    _, rejections = validation.refuse(model, alone)
    describing = described_by(model)
    findings = [model.mentions[at] for at in sorted(alone) if at not in describing]
    return rejections, [
        ReadingWarning(ALONE, one.text)
        for one in findings
        if one.kind is Kind.OBSERVATION and one.presence is not Presence.ABSENT
    ]


def _joined(by_model: Combined, by_rules: Combined, spans: Spans) -> Combined:
    """The mentions of each part from the graph that leads there.

    A relation between two parts is taken from the graph that leads at its later end, where both its ends stand.
    """
    graphs = {True: by_model.graph, False: by_rules.graph}
    mentions = sorted(
        (
            mention
            for of_model, graph in graphs.items()
            for mention in graph.mentions
            if _is_within(mention.start, spans) is of_model
        ),
        key=lambda one: one.start,
    )
    position = {(one.start, one.end, one.kind): at for at, one in enumerate(mentions)}
    relations = [
        moved
        for of_model, graph in graphs.items()
        for relation in graph.relations
        if _is_within(_later_end(graph, relation), spans) is of_model
        and (moved := _moved(graph, relation, position)) is not None
    ]
    return Combined(
        ReportGraph(tuple(mentions), tuple(relations)),
        tuple(
            conflict
            for of_model, combined in ((True, by_model), (False, by_rules))
            for conflict in combined.conflicts
            if _is_within(conflict.start, spans) is of_model
        ),
    )


def _moved(graph: ReportGraph, relation: Relation, position: Mapping[tuple[int, int, Kind], int]) -> Relation | None:
    head, tail = (position.get((m.start, m.end, m.kind)) for m in _ends(graph, relation))
    return None if head is None or tail is None else replace(relation, head=head, tail=tail)


def _ends(graph: ReportGraph, relation: Relation) -> tuple[Mention, Mention]:
    return graph.mentions[relation.head], graph.mentions[relation.tail]


def _later_end(graph: ReportGraph, relation: Relation) -> int:
    return max(mention.start for mention in _ends(graph, relation))


def _is_within(start: int, spans: Spans) -> bool:
    at = bisect_right(spans, (start, start + 1)) if spans else 0
    return any(first <= start < end for first, end in spans[max(0, at - 1) : at + 1])
