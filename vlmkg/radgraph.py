"""RadGraph JSON: tokens joined by a space, entities by number, inclusive token indices, relations on the head.

Jain et al. (2021), v1 labels: ANAT-DP, OBS-DP, OBS-U, OBS-DA.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from vlmkg.engine_protocol import Reading
from vlmkg.reading.tokens import tokenize
from vlmkg.schema import Kind, Presence, ReportGraph

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
    """Facts that only films show, for the key `image_entities` of a report's entry: names without a span."""
    found = [(film, mention) for film, seen in films for mention in seen.graph.mentions]
    return {
        str(number): {"tokens": mention.text, "label": _LABELS[mention.presence], "image": film, "score": mention.score}
        for number, (film, mention) in enumerate(found, start=1)
    }
