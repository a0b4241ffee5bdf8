"""Readings of a cohort's current reports as one RadGraph JSON object, by reportKey: as `vlmkg extract` writes them."""

from collections.abc import Iterator
from typing import Any

from api.exports.rows import Row
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph

OPENING, CLOSING = "{", "}"


def reports_of(reading: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    """The entries of one study's current reports: reportKey and RadGraph's object."""
    for report in reading["reports"]:
        if report["current"] and report["text"]:
            own = [one for one in reading["mentions"] if one["reportKey"] == report["reportKey"] and one["span"]]
            yield report["reportKey"], to_radgraph(report["text"], _graph(own))


def _graph(mentions: list[Row]) -> ReportGraph:
    ordered = sorted(mentions, key=lambda one: one["span"]["start"])
    at = {one["mentionId"]: place for place, one in enumerate(ordered)}
    relations = [
        Relation(at[one["mentionId"]], RelationType[relation["type"]], at[relation["target"]])
        for one in ordered
        for relation in one["relations"]
        if relation["target"] in at
    ]
    return ReportGraph(tuple(_mention(one) for one in ordered), tuple(relations))


def _mention(row: Row) -> Mention:
    span = row["span"]
    presence = Presence[row["presence"]] if row["presence"] else Presence.PRESENT
    return Mention(span["start"], span["end"], row["text"], Kind[row["kind"]], presence, span["section"])
