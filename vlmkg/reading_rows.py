"""A reading as rows: the triplets of `vlmkg extract`, and a table with a row for each mention."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vlmkg.engine_protocol import Reading
from vlmkg.reading.unread import UNREAD
from vlmkg.schema import Kind, Mention, Relation, RelationType, Witness

Films = Sequence[tuple[str, Reading]]

COLUMNS = {
    "report": "the report's key",
    "image": "the film's name; empty for mentions of the report",
    "mention": "number of the mention in its report or film, from 0",
    "text": "its words",
    "kind": "observation or anatomy",
    "presence": "present, uncertain or absent",
    "finding": "whether it is an observation that does not describe another mention",
    "concept": "name of its concept",
    "code": "code of its concept",
    "system": "vocabulary of the code",
    "laterality": "left, right or bilateral; empty if none is stated",
    "severity": "borderline, mild, moderate or severe; empty if none is stated",
    "places": "codes of the locations of a finding, separated by spaces",
    "located_at": "wording of the locations, each with its modifiers",
    "described_by": "wording of its modifiers",
    "suggests": "wording of the findings it suggests",
    "section": "the section of the report",
    "start": "offset of the first character, from 0",
    "end": "offset after the last character",
    "score": "the model's confidence, from 0 to 1; empty for rules",
    "witness": "which engine read it: rules, model or both",
    "disputed": "whether model and rules disagree on it",
    "other_presence": "of a disputed mention: the model's presence, where `presence` is that of the rules",
}
"""Columns of the table, in order, with their descriptions."""


def conflicts(reading: Reading) -> list[str]:
    """The codes of disagreements between model and rules, without duplicates."""
    reasons = {warning.reason for warning in reading.warnings}
    return sorted(reason for reason in reasons if reason.endswith("_conflict"))


def triplet_row(key: str, reading: Reading, films: Films) -> dict[str, Any]:
    """The triplets of a report, the mentions without a relation, and the facts of the films."""
    mentions, relations = reading.graph.mentions, reading.graph.relations
    tied = {end for relation in relations for end in (relation.head, relation.tail)}
    row: dict[str, Any] = {
        "id": key,
        "triplets": [
            {
                "head": _plain(mentions[relation.head]),
                "relation": relation.type.value,
                "tail": _plain(mentions[relation.tail]),
                **_heard(relation),
            }
            for relation in relations
        ],
        "alone": [_plain(mention) for number, mention in enumerate(mentions) if number not in tied],
    }
    if reasons := conflicts(reading):
        row["conflicts"] = reasons
    if reading.set_aside:
        row["set_aside"] = [asdict(stretch) for stretch in reading.set_aside]
    if unread := [asdict(warning) for warning in reading.warnings if warning.reason in UNREAD]:
        row["warnings"] = unread
    if films:
        row["films"] = [{"image": film, **_plain(mention)} for film, seen in films for mention in seen.graph.mentions]
    return row


def mention_rows(key: str, reading: Reading, films: Films) -> list[dict[str, Any]]:
    """A row of COLUMNS for each mention of the report, then of the films."""
    return [row for name, one in (("", reading), *films) for row in _rows(key, name, one)]


def _rows(key: str, image: str, reading: Reading) -> list[dict[str, Any]]:
    findings = {finding.mention: finding for finding in reading.findings}
    rows = []
    for number, (mention, link) in enumerate(zip(reading.graph.mentions, reading.links, strict=True)):
        finding = findings.get(number)
        rows.append(
            {
                "report": key,
                "image": image,
                "mention": number,
                "text": mention.text,
                "kind": mention.kind.value,
                "presence": mention.presence.value,
                "finding": finding is not None,
                "concept": link.name,
                "code": link.code,
                "system": link.system,
                "laterality": (finding and finding.laterality) or "",
                "severity": (finding and finding.severity) or "",
                "places": " ".join(finding.place_codes) if finding else "",
                "located_at": tails(reading, number, RelationType.LOCATED_AT),
                "described_by": described_by(reading, number),
                "suggests": tails(reading, number, RelationType.SUGGESTIVE_OF),
                "section": mention.section,
                "start": mention.start,
                "end": mention.end,
                "score": mention.score,
                "witness": mention.witness.value,
                "disputed": mention.disputed,
                "other_presence": mention.other_presence.value if mention.other_presence else "",
            }
        )
    return rows


def is_finding(reading: Reading, number: int) -> bool:
    """Whether a mention is an observation that does not describe another."""
    describes = any(one.head == number and one.type is RelationType.MODIFY for one in reading.graph.relations)
    return reading.graph.mentions[number].kind is Kind.OBSERVATION and not describes


def tails(reading: Reading, number: int, kind: RelationType) -> str:
    """The tails of a mention's relations of one type, each preceded by its modifiers."""
    found = [one.tail for one in reading.graph.relations if one.head == number and one.type is kind]
    return ", ".join(f"{described_by(reading, at)} {reading.graph.mentions[at].text}".strip() for at in found)


def described_by(reading: Reading, number: int) -> str:
    """The modifiers of a mention, in the order of the text."""
    relations = reading.graph.relations
    heads = [one.head for one in relations if one.tail == number and one.type is RelationType.MODIFY]
    return " ".join(reading.graph.mentions[head].text for head in sorted(heads))


def _plain(mention: Mention) -> dict[str, Any]:
    return {
        "text": mention.text,
        "kind": mention.kind.value,
        "presence": mention.presence.value,
        "start": mention.start,
        "end": mention.end,
        **_heard(mention),
    }


def _heard(fact: Mention | Relation) -> dict[str, Any]:
    """The witness and the score; empty if only the rules read it."""
    if fact.score is None and fact.witness is Witness.RULES and not (isinstance(fact, Mention) and fact.disputed):
        return {}
    heard = {"witness": fact.witness.value, "score": fact.score}
    if not (isinstance(fact, Mention) and fact.disputed):
        return heard
    other = {"other_presence": fact.other_presence.value} if fact.other_presence else {}
    return heard | {"disputed": True} | other
