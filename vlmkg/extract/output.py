"""What `vlmkg extract` prints: RadGraph JSON, lines of triplets, or tables.

Where model and rules differ, the lines and the tables say so; RadGraph's format has no place for it, so stderr does.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table

from vlmkg.engine_protocol import Reading, StudyReadings
from vlmkg.radgraph import film_entities, to_radgraph
from vlmkg.schema import Kind, Mention, Relation, RelationType, Witness
from vlmkg.unread import UNREAD


class Read(NamedTuple):
    """One report, read: its id, its text, and what it and its film gave."""

    key: str
    text: str
    readings: StudyReadings

    @property
    def reading(self) -> Reading:
        """Of the report itself."""
        return self.readings.reports[0]

    @property
    def refused(self) -> int:
        """Mentions and triplets that were refused, of the report and of its film."""
        return sum(len(one.rejections) for one in (self.reading, *(seen for _, seen in self.readings.films)))


def write_radgraph(read: Iterable[Read]) -> int:
    """One RadGraph JSON object of all reports; returns how many triplets were refused, as the other two do."""
    refused, separator = 0, "{"
    for one in read:
        entry = to_radgraph(one.text, one.reading.graph)
        if one.readings.films:
            entry["image_entities"] = film_entities(one.readings.films)
        click.echo(f"{separator}{json.dumps(one.key)}: {json.dumps(entry)}", nl=False)
        refused, separator = refused + one.refused, ",\n"
        if reasons := _conflicts(one):
            click.echo(f"{one.key}: model and rules differ: {', '.join(reasons)}", err=True)
    click.echo("}" if separator != "{" else "{}")
    return refused


def write_triplets(read: Iterable[Read]) -> int:
    """One JSON line for each report."""
    refused = 0
    for one in read:
        mentions, relations = one.reading.graph.mentions, one.reading.graph.relations
        tied = {end for relation in relations for end in (relation.head, relation.tail)}
        row: dict[str, Any] = {
            "id": one.key,
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
        if reasons := _conflicts(one):
            row["conflicts"] = reasons
        if one.reading.set_aside:
            row["set_aside"] = [asdict(stretch) for stretch in one.reading.set_aside]
        if unread := [asdict(warning) for warning in one.reading.warnings if warning.reason in UNREAD]:
            row["warnings"] = unread
        if one.readings.films:
            row["films"] = [
                {"image": film, **_plain(mention)}
                for film, seen in one.readings.films
                for mention in seen.graph.mentions
            ]
        click.echo(json.dumps(row))
        refused += one.refused
    return refused


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
    """Who read it and how surely; nothing where the rules alone read."""
    if fact.score is None and fact.witness is Witness.RULES and not (isinstance(fact, Mention) and fact.disputed):
        return {}
    heard = {"witness": fact.witness.value, "score": fact.score}
    return heard | {"disputed": True} if isinstance(fact, Mention) and fact.disputed else heard


def _conflicts(read: Read) -> list[str]:
    """What model and rules differ in: reason codes, each once."""
    reasons = {warning.reason for warning in read.reading.warnings}
    return sorted(reason for reason in reasons if reason.endswith("_conflict"))


def write_tables(read: Iterable[Read]) -> int:
    """One table for each report, and for each film that shows something."""
    console = Console(highlight=False, markup=False)
    refused = 0
    for one in read:
        table = _table(one.key, one.reading)
        console.print(table if table.row_count else shown(f"{one.key}: {_nothing(one)}"))
        if reasons := _conflicts(one):
            console.print(f"model and rules differ: {', '.join(reasons)}")
        for film, seen in (each for each in one.readings.films if each[1].graph.mentions):
            console.print(_table(f"{one.key}: the film {film}", seen))
        refused += one.refused
    return refused


def _nothing(read: Read) -> str:
    """Words in place of an empty table; stderr says why."""
    if not read.reading.graph.mentions:
        return "nothing was read"
    return f"no finding; body parts alone: {', '.join(one.text for one in read.reading.graph.mentions)}"


def _table(title: str, reading: Reading) -> Table:
    """The findings of one report or film: observations that describe no other."""
    table = Table("Finding", "Presence", "Where", "Described by", "Suggests", "Concept", title=shown(title))
    graph = reading.graph
    describing = {relation.head for relation in graph.relations if relation.type is RelationType.MODIFY}
    for number, mention in enumerate(graph.mentions):
        if mention.kind is Kind.ANATOMY or number in describing:
            continue
        table.add_row(
            shown(mention.text),
            f"{mention.presence.value}, disputed" if mention.disputed else mention.presence.value,
            _joined(reading, number, RelationType.LOCATED_AT),
            _describing(reading, number),
            _joined(reading, number, RelationType.SUGGESTIVE_OF),
            shown(reading.links[number].name),
        )
    return table


def _joined(reading: Reading, number: int, kind: RelationType) -> str:
    """The tails of a mention's relations of one type, each with the words that describe it before it."""
    tails = [one.tail for one in reading.graph.relations if one.head == number and one.type is kind]
    phrases = [f"{_describing(reading, tail)} {reading.graph.mentions[tail].text}".strip() for tail in tails]
    return shown(", ".join(phrases))


def _describing(reading: Reading, number: int) -> str:
    relations = reading.graph.relations
    heads = [one.head for one in relations if one.tail == number and one.type is RelationType.MODIFY]
    return shown(" ".join(reading.graph.mentions[head].text for head in sorted(heads)))


def shown(text: str) -> str:
    """The text as a terminal can show it: lone surrogates are replaced."""
    return text.encode("utf-8", "replace").decode()
