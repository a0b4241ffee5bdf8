"""RadGraph JSON: tokens joined by a space, entities by number, inclusive token indices, relations on the head.

Jain et al. (2021), v1 labels: ANAT-DP, OBS-DP, OBS-U, OBS-DA.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from vlmkg.engine_protocol import Reading
from vlmkg.reading.tokens import tokenize
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph

_ANATOMY = "ANAT-DP"
_LABELS = {Presence.PRESENT: "OBS-DP", Presence.UNCERTAIN: "OBS-U", Presence.ABSENT: "OBS-DA"}


def to_radgraph(text: str, graph: ReportGraph) -> dict[str, Any]:
    """One report's entry in a RadGraph JSON file."""
    tokens = tokenize(text)
    starts = [token.start for token in tokens]
    ends = [token.end for token in tokens]
    entities: dict[str, Any] = {}
    for number, mention in enumerate(graph.mentions, start=1):
        first = bisect_right(starts, mention.start) - 1
        last = bisect_left(ends, mention.end)
        label = _ANATOMY if mention.kind is Kind.ANATOMY else _LABELS[mention.presence]
        words = " ".join(token.text for token in tokens[first : last + 1])
        entities[str(number)] = {"tokens": words, "label": label, "start_ix": first, "end_ix": last, "relations": []}
    for relation in graph.relations:
        entities[str(relation.head + 1)]["relations"].append([relation.type.value, str(relation.tail + 1)])
    return {"text": " ".join(token.text for token in tokens), "entities": entities}


def film_entities(films: Sequence[tuple[str, Reading]]) -> dict[str, Any]:
    """What films show and no report names, for the key `image_entities` of a report's entry: words without a span."""
    found = [(film, mention) for film, seen in films for mention in seen.graph.mentions]
    return {
        str(number): {"tokens": mention.text, "label": _LABELS[mention.presence], "image": film, "score": mention.score}
        for number, (film, mention) in enumerate(found, start=1)
    }


def from_radgraph(document: Mapping[str, Any], section: str = "findings") -> tuple[str, ReportGraph]:
    """The text and graph of one entry of a RadGraph JSON file (v1 labels); offsets are into its text.

    Entities come in text order, whatever their numbers. Raises KeyError, ValueError or IndexError where the entry
    does not hold together: an unknown label, relation type or entity, an index outside the text.
    """
    text: str = document["text"]
    spans = _word_spans(text)
    presences = {label: presence for presence, label in _LABELS.items()}
    entities = sorted(document["entities"].items(), key=lambda item: item[1]["start_ix"])
    number = {key: index for index, (key, _) in enumerate(entities)}
    mentions, relations = [], []
    for key, entity in entities:
        start, end = spans[entity["start_ix"]][0], spans[entity["end_ix"]][1]
        anatomy = entity["label"] == _ANATOMY
        presence = Presence.PRESENT if anatomy else presences[entity["label"]]
        kind = Kind.ANATOMY if anatomy else Kind.OBSERVATION
        mentions.append(Mention(start, end, text[start:end], kind, presence, section))
        relations += [Relation(number[key], RelationType(name), number[tail]) for name, tail in entity["relations"]]
    return text, ReportGraph(tuple(mentions), tuple(relations))


def _word_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each word of `text.split()`."""
    spans, position = [], 0
    for word in text.split():
        start = text.index(word, position)
        position = start + len(word)
        spans.append((start, position))
    return spans
