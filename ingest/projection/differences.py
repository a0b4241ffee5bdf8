"""Differences between two engines' readings of a study: facts gained, lost and changed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vlmkg.engine_protocol import Reading
from vlmkg.schema import Kind, Presence

Facts = dict[tuple[str | int, ...], str]
"""Each fact in words, by its position: source, span, kind; for a relation the spans of its ends and its type."""


@dataclass(frozen=True, slots=True)
class Change:
    """One fact in words, before and after; None if it is not there."""

    source: str
    start: int
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs between two readings of one study, in text order."""

    gained: tuple[Change, ...] = ()
    lost: tuple[Change, ...] = ()
    changed: tuple[Change, ...] = ()
    turned: int = 0
    """Of the changed ones: findings that are present in one reading and absent in the other."""

    def __bool__(self) -> bool:
        return bool(self.gained or self.lost or self.changed)


@dataclass(slots=True)
class Totals:
    """The sums over many studies."""

    studies: int = 0
    differing: int = 0
    gained: int = 0
    lost: int = 0
    changed: int = 0
    turned: int = 0

    def add(self, found: Differences) -> None:
        """Count one study."""
        self.studies += 1
        self.differing += bool(found)
        self.gained += len(found.gained)
        self.lost += len(found.lost)
        self.changed += len(found.changed)
        self.turned += found.turned


def differences(before: Mapping[str, Reading], after: Mapping[str, Reading]) -> Differences:
    """Compare two readings of the same sources: mentions by span and kind, relations by the spans of their ends.

    A mention has changed if its presence differs or, for a finding, its concept, laterality or severity.
    """
    first, second = _facts(before), _facts(after)
    changed = [place for place in first.keys() & second.keys() if first[place] != second[place]]
    return Differences(
        gained=_changes(second.keys() - first.keys(), first, second),
        lost=_changes(first.keys() - second.keys(), first, second),
        changed=_changes(changed, first, second),
        turned=sum(_opposed(first[place], second[place]) for place in changed),
    )


def _facts(readings: Mapping[str, Reading]) -> Facts:
    found: Facts = {}
    for source, reading in readings.items():
        found |= _mentions(source, reading)
        found |= _relations(source, reading)
    return found


def _mentions(source: str, reading: Reading) -> Facts:
    findings = {finding.mention: finding for finding in reading.findings}
    found: Facts = {}
    for at, mention in enumerate(reading.graph.mentions):
        said = mention.text if mention.kind is Kind.ANATOMY else f"{mention.text}: {mention.presence.value}"
        finding = findings.get(at)
        if finding:
            details = (finding.concept.name, finding.laterality, finding.severity)
            said += f" ({', '.join(detail for detail in details if detail)})"
        # A film's mention has no span and is identified by its text.
        place = (mention.start, mention.end) if mention.end else (0, 0, mention.text)
        found[source, *place, mention.kind.value] = said
    return found


def _relations(source: str, reading: Reading) -> Facts:
    mentions = reading.graph.mentions
    found: Facts = {}
    for relation in reading.graph.relations:
        head, tail = mentions[relation.head], mentions[relation.tail]
        place = (head.start, head.end, relation.type.value, tail.start, tail.end)
        found[source, *place] = f"{head.text} {relation.type.value} {tail.text}"
    return found


def _changes(places: Iterable[tuple[str | int, ...]], first: Facts, second: Facts) -> tuple[Change, ...]:
    ordered = sorted(places, key=lambda place: tuple(str(part).rjust(12) for part in place))
    return tuple(Change(str(at[0]), int(at[1]), first.get(at), second.get(at)) for at in ordered)


def _opposed(before: str, after: str) -> bool:
    said = {_presence(before), _presence(after)}
    return said == {Presence.PRESENT.value, Presence.ABSENT.value}


def _presence(fact: str) -> str:
    return fact.partition(" (")[0].rpartition(": ")[2]
