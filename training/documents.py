"""RadGraph JSON for scoring: per report the valid spans with labels, the valid relations, and the invalid ones.

v1 labels (ANAT-DP, OBS-DP, OBS-U, OBS-DA) and RadGraph-XL's ("Observation::definitely absent") are both read.
Token indices are inclusive and count tokens of `text.split()`.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vlmkg.errors import UsageError
from vlmkg.schema import ALLOWED_PAIRS, Kind, Mention, Presence, Relation, RelationType, ReportGraph

Span = tuple[int, int]
Edge = tuple[Span, str, Span]
Raw = Mapping[str, Any]

LABELS = ("ANAT-DP", "OBS-DP", "OBS-U", "OBS-DA")
PRESENCE = {"OBS-DP": Presence.PRESENT, "OBS-U": Presence.UNCERTAIN, "OBS-DA": Presence.ABSENT}
XL_LABELS = {
    "observation::definitely present": "OBS-DP",
    "observation::uncertain": "OBS-U",
    "observation::definitely absent": "OBS-DA",
    "anatomy::definitely present": "ANAT-DP",
    "anatomy::uncertain": "ANAT-DP",
    "anatomy::definitely absent": "ANAT-DP",
}


@dataclass(frozen=True, slots=True)
class Document:
    """One report: its tokens, the label of each entity's span, and the relations between spans, in file order."""

    tokens: tuple[str, ...]
    spans: dict[Span, str]
    relations: tuple[Edge, ...]

    def words(self, span: Span) -> str:
        """The lower-cased words of a span."""
        return " ".join(self.tokens[span[0] : span[1] + 1]).lower()


def load(path: Path) -> dict[str, Any]:
    """The reports of a RadGraph JSON file by id. Raises UsageError if it has another format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read as RadGraph JSON: {type(error).__name__}", "give a RadGraph JSON file"
        ) from error
    if not isinstance(content, dict) or not all(isinstance(doc, dict) for doc in content.values()):
        raise UsageError(f"{path} is not RadGraph JSON", "expected: {report id: {text, entities}}")
    return content


def read_document(doc: Raw, tokens: tuple[str, ...], invalid: Counter[str]) -> Document:
    """The valid part of one report's entry. Invalid parts are counted in `invalid` by kind."""
    if doc.get("text") is not None and tuple(doc["text"].split()) != tokens:
        invalid["other tokens than gold"] += 1
        return Document(tokens, {}, ())
    entities: dict[str, Any] = doc.get("entities", {})
    by_id: dict[str, Span] = {}
    spans: dict[Span, str] = {}
    taken: set[int] = set()
    for key, entity in entities.items():
        span = (entity.get("start_ix"), entity.get("end_ix"))
        label = _label(entity.get("label"))
        fault = _entity_fault(span, label, len(tokens), taken)
        if fault:
            invalid[fault] += 1
            continue
        by_id[key] = span
        spans[span] = label
        taken.update(range(span[0], span[1] + 1))
    return Document(tokens, spans, _relations(entities, by_id, spans, invalid))


def to_graph(document: Document) -> ReportGraph:
    """The document as a graph over its tokens joined by one space."""
    offsets = [0]
    for token in document.tokens:
        offsets.append(offsets[-1] + len(token) + 1)
    spans = sorted(document.spans)
    mentions = tuple(
        Mention(
            offsets[a],
            offsets[b + 1] - 1,
            " ".join(document.tokens[a : b + 1]),
            _kind(document.spans[a, b]),
            PRESENCE.get(document.spans[a, b], Presence.PRESENT),
            "findings",
        )
        for a, b in spans
    )
    position = {span: at for at, span in enumerate(spans)}
    relations = (Relation(position[h], RelationType(t), position[o]) for h, t, o in document.relations)
    return ReportGraph(mentions, tuple(relations))


def _label(raw: object) -> str:
    label = str(raw)
    return XL_LABELS.get(label.lower().replace("::measurement", ""), label.upper())


def _kind(label: str) -> Kind:
    return Kind.OBSERVATION if label.startswith("OBS") else Kind.ANATOMY


def _entity_fault(span: tuple[object, object], label: str, length: int, taken: set[int]) -> str | None:
    if not (isinstance(span[0], int) and isinstance(span[1], int)):
        return "malformed entity"
    if not 0 <= span[0] <= span[1] < length:
        return "span out of range"
    if label not in LABELS:
        return "unknown label"
    return "overlapping entities" if taken.intersection(range(span[0], span[1] + 1)) else None


def _relations(
    entities: Raw, by_id: Mapping[str, Span], spans: Mapping[Span, str], invalid: Counter[str]
) -> tuple[Edge, ...]:
    found: list[Edge] = []
    seen: set[Edge] = set()
    for key, entity in entities.items():
        for kind, other in entity.get("relations", []):
            if key not in by_id or other not in by_id:
                invalid["relation to an unknown or invalid entity"] += 1
                continue
            edge = (by_id[key], kind, by_id[other])
            fault = _relation_fault(edge, key == other, spans, seen)
            if fault:
                invalid[fault] += 1
            else:
                found.append(edge)
                seen.add(edge)
    return tuple(found)


def _relation_fault(edge: Edge, loop: bool, spans: Mapping[Span, str], seen: set[Edge]) -> str | None:
    head, kind, tail = edge
    if kind not in set(RelationType):
        return "unknown relation type"
    if loop:
        return "self loop"
    if (_kind(spans[head]), _kind(spans[tail])) not in ALLOWED_PAIRS[RelationType(kind)]:
        return "forbidden type pair"
    return "duplicate relation" if edge in seen else None
