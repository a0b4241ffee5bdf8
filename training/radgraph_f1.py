"""RadGraph-F1 as published (Delbrouck et al., 2022), between two graphs of one report or of two texts.

Sets, not multisets; the mean over reports; either side empty gives 0; all words lower case (releases differ in this).
simple    (words, label)
partial   (words, label, whether the entity has an outgoing relation)
complete  (words, label) of entities without an outgoing relation, (words, label, relation, tail words) of the others
"""

from collections import defaultdict

from training.documents import Document

LEVELS = ("simple", "partial", "complete")
Facts = frozenset[tuple[object, ...]]


def radgraph_f1(gold: Document, predicted: Document) -> dict[str, float]:
    """The three rewards of one report."""
    wanted, said = _facts(gold), _facts(predicted)
    return {level: _f1(wanted[level], said[level]) for level in LEVELS}


def _facts(document: Document) -> dict[str, Facts]:
    outgoing: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for head, kind, tail in document.relations:
        outgoing[head].append((kind, document.words(tail)))
    entities = [(document.words(span), label, outgoing[span]) for span, label in document.spans.items()]
    lone = {(words, label) for words, label, edges in entities if not edges}
    joined = {(words, label, kind, tail) for words, label, edges in entities for kind, tail in edges}
    return {
        "simple": frozenset((words, label) for words, label, _ in entities),
        "partial": frozenset((words, label, bool(edges)) for words, label, edges in entities),
        "complete": frozenset(lone | joined),
    }


def _f1(wanted: Facts, said: Facts) -> float:
    return 2 * len(wanted & said) / (len(wanted) + len(said)) if wanted and said else 0.0
