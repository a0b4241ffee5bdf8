"""Hallucination: predicted triplets that the report's gold facts do not entail.

Words and presence count, spans do not: a triplet must be true of the report, wherever it was read. Gold facts entail

- themselves: head words, head presence, relation, tail words, tail presence;
- modify along a chain: `a modify b`, `b modify c` give `a modify c`;
- located_at a modifier of the location: `x located_at lobe`, `left modify lobe` give `x located_at left`;
- located_at of a modifier of the finding: `small modify x`, `x located_at lobe` give `small located_at lobe`.
"""

from collections import defaultdict

from training.documents import Document, Span
from vlmkg.schema import RelationType

Fact = tuple[tuple[str, str], str, tuple[str, str]]


def not_entailed(gold: Document, predicted: Document) -> tuple[int, int]:
    """(predicted relations that gold does not entail, all predicted relations)."""
    true = _entailed(gold)
    said = [_fact(predicted, *edge) for edge in predicted.relations]
    return sum(fact not in true for fact in said), len(said)


def _fact(document: Document, head: Span, kind: str, tail: Span) -> Fact:
    def named(span: Span) -> tuple[str, str]:
        return document.words(span), document.spans[span]

    return named(head), kind, named(tail)


def _entailed(gold: Document) -> set[Fact]:
    describes: dict[Span, set[Span]] = defaultdict(set)
    for head, kind, tail in gold.relations:
        if kind == RelationType.MODIFY:
            describes[tail].add(head)
    below = {span: _closure(describes, span) for span in gold.spans}
    facts = {_fact(gold, *edge) for edge in gold.relations}
    facts |= {_fact(gold, word, RelationType.MODIFY, span) for span, words in below.items() for word in words}
    for head, kind, tail in gold.relations:
        if kind == RelationType.LOCATED_AT:
            ends = [(h, t) for h in {head, *below[head]} for t in {tail, *below[tail]}]
            facts |= {_fact(gold, h, kind, t) for h, t in ends}
    return facts


def _closure(describes: dict[Span, set[Span]], span: Span) -> set[Span]:
    """All direct and indirect modifiers of a span."""
    found: set[Span] = set()
    todo = [span]
    while todo:
        for word in describes.get(todo.pop(), set()) - found:
            found.add(word)
            todo.append(word)
    return found - {span}
