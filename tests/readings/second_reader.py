"""An engine that reads as the rules do and then differs from them, the same way each time.

It stands where a checkpoint does, so that the comparison of two witnesses has work: presences turned, kinds turned,
mentions and relations left out, scores high and low, facts of films.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from vlmkg.engine_protocol import FilmDomain, ImageEntity, Lead, Modality, ReportOutput, StudyInput, StudyOutput
from vlmkg.linearization import film_names
from vlmkg.numbered_tokens import number
from vlmkg.reading.rules.report import read_report
from vlmkg.schema import Kind, Mention, Presence, ReportGraph, Witness

PRESENCES = (Presence.PRESENT, Presence.UNCERTAIN, Presence.ABSENT)


class SecondReader:
    """Differs from the rules at about four mentions of ten."""

    name = "model"
    checkpoint: str | None = "differing"
    checkpoint_digest: str | None = "0" * 64
    digest = "0" * 64
    film_domain: FilmDomain | None = None
    lead = Lead.ALWAYS

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        """One output for each study, in the same order, with one fact of a film for each text."""
        return [
            StudyOutput(
                tuple(
                    ReportOutput(_differ(text, read_report(text)), truncated=_draw(text) % 17 == 0)
                    for text in study.texts
                ),
                (Modality.TEXT, Modality.IMAGE),
                tuple(_film_fact(text) for text in study.texts),
            )
            for study in studies
        ]


def _draw(*fields: object) -> int:
    """A number that is the same for the same fields."""
    return int.from_bytes(sha256("/".join(map(str, fields)).encode()).digest()[:4], "big")


def _film_fact(text: str) -> ImageEntity:
    names, draw = film_names(), _draw("film", text)
    presence = PRESENCES[draw % 3]
    return ImageEntity("1.2.3", names[draw % len(names)], Kind.OBSERVATION, presence, 0.5 + draw % 50 / 100)


def _differ(text: str, graph: ReportGraph) -> ReportGraph:
    kept = [_mention(text, one) for one in graph.mentions if _draw(text, one.start) % 10]
    mentions = tuple(sorted([*kept, *_invented(text, graph)], key=lambda one: one.start))
    place = {one.start: number for number, one in enumerate(mentions)}
    relations = []
    for one in graph.relations:
        head, tail = (place.get(graph.mentions[end].start) for end in (one.head, one.tail))
        if head is not None and tail is not None and _draw(text, one.head, one.tail) % 8:
            relations.append(replace(one, head=head, tail=tail, witness=Witness.MODEL, score=0.9))
    return ReportGraph(mentions, tuple(relations))


def _mention(text: str, mention: Mention) -> Mention:
    draw = _draw("mention", text, mention.start)
    heard = replace(mention, witness=Witness.MODEL, score=0.7 + draw % 30 / 100)
    if draw % 11 == 0:
        other = Kind.ANATOMY if mention.kind is Kind.OBSERVATION else Kind.OBSERVATION
        return replace(heard, kind=other, presence=Presence.PRESENT)
    if mention.kind is Kind.OBSERVATION and draw % 7 == 0:
        return replace(heard, presence=PRESENCES[draw % 3])
    return heard


def _invented(text: str, graph: ReportGraph) -> Iterator[Mention]:
    """Some words that the rules read nothing at, as findings that are there."""
    taken = {at for one in graph.mentions for at in range(one.start, one.end)}
    for token in number(text).tokens:
        draw = _draw("invented", text, token.start)
        if draw % 9 == 0 and token.start not in taken and token.text.isalpha():
            yield Mention(
                token.start, token.end, token.text, Kind.OBSERVATION, Presence.PRESENT, "findings",
                0.7 + draw % 30 / 100, Witness.MODEL,
            )  # fmt: skip
