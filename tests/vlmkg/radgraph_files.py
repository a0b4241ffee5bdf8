"""RadGraph JSON read back: the inverse of `vlmkg.radgraph.to_radgraph`, for tests of what was written."""

from collections.abc import Mapping
from typing import Any

from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph

_ANATOMY = "ANAT-DP"
_LABELS = {Presence.PRESENT: "OBS-DP", Presence.UNCERTAIN: "OBS-U", Presence.ABSENT: "OBS-DA"}


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
