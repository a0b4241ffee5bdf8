"""Errors of a reading against gold, counted by kind, without showing any sentence."""

from collections import Counter

from training.documents import Document, Span

SUGGESTS = "suggestive_of"


def error_kinds(gold: Document, read: Document) -> Counter[str]:
    """The number of errors of each kind in one report."""
    return _of_mentions(gold, read) + _of_relations(gold, read)


def _of_mentions(gold: Document, read: Document) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for name, one, other in (("missed", gold, read), ("made up", read, gold)):
        for span in one.spans.keys() - other.spans.keys():
            cut = any(span[0] <= end and start <= span[1] for start, end in other.spans)
            kinds[f"mention {name}, {'span cut otherwise' if cut else 'no span there'}"] += 1
    for span in gold.spans.keys() & read.spans.keys():
        if gold.spans[span] != read.spans[span]:
            kinds[f"label {gold.spans[span]} read as {read.spans[span]}"] += 1
    return kinds


def _of_relations(gold: Document, read: Document) -> Counter[str]:
    kinds: Counter[str] = Counter()
    common = {span for span in gold.spans if gold.spans[span] == read.spans.get(span)}
    for name, one, other in (("missed", gold, read), ("made up", read, gold)):
        for head, kind, tail in set(one.relations) - set(other.relations):
            if head not in common or tail not in common:
                kinds[f"relation {name}, an end was missed, made up or labelled otherwise"] += 1
            elif kind == SUGGESTS:
                kinds[f"suggestive_of {name}, both ends found"] += 1
            else:
                elsewhere = _leads_elsewhere(head, tail, other)
                kinds[f"modify or located_at {name}, {'other tail' if elsewhere else 'no link of the head'}"] += 1
    return kinds


def _leads_elsewhere(head: Span, tail: Span, document: Document) -> bool:
    return any(one == head and other != tail and kind != SUGGESTS for one, kind, other in document.relations)
