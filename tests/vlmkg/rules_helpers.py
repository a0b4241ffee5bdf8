"""Reads a sentence by the rules and writes its graph in one line a fact, so that a test can name what it expects."""

from vlmkg.reading.rules.report import read_report
from vlmkg.schema import Kind, Presence, RelationType

_PRESENCE = {Presence.PRESENT: "P", Presence.UNCERTAIN: "U", Presence.ABSENT: "N"}
_RELATION = {RelationType.MODIFY: ">", RelationType.LOCATED_AT: "@", RelationType.SUGGESTIVE_OF: "=>"}


def labels(text: str) -> dict[str, str]:
    """Each mention's lower-case words with its label: A, or P, U, N for an observation; the last one counts."""
    return {
        mention.text.lower(): "A" if mention.kind is Kind.ANATOMY else _PRESENCE[mention.presence]
        for mention in read_report(text).mentions
    }


def facts(text: str) -> set[str]:
    """The relations, as "head > tail" (modify), "head @ tail" (located_at) and "head => tail" (suggestive_of)."""
    graph = read_report(text)
    words = [mention.text.lower() for mention in graph.mentions]
    return {f"{words[one.head]} {_RELATION[one.type]} {words[one.tail]}" for one in graph.relations}
