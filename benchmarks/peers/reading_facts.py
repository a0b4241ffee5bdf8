"""The facts that one source tree's rules read; `benchmarks.reading_changes` starts it with that tree first on the path.

It imports only what trees of all ages have: `vlmkg.pipeline`.

Input: one JSON object {"tree": folder, "texts": {name: text}}. Output: {name: [[what, spans, value], ...]}. `spans` are
half-open code-point offsets: of a mention, or of a relation's head and tail.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vlmkg
from vlmkg.pipeline import load_engine, read_reports

Fact = tuple[str, list[int], str]


def facts(reading: Any) -> Iterator[Fact]:
    """The mentions, relations, concepts, sides and severities of a reading."""
    mentions = reading.graph.mentions
    for mention in mentions:
        label = "anatomy" if str(mention.kind) == "anatomy" else str(mention.presence)
        yield "mention", [mention.start, mention.end], label
    for relation in reading.graph.relations:
        head, tail = mentions[relation.head], mentions[relation.tail]
        yield f"relation {relation.type}", [head.start, head.end, tail.start, tail.end], "read"
    for mention, link in zip(mentions, reading.links, strict=True):
        yield "concept", [mention.start, mention.end], link.name
    for finding in reading.findings:
        mention = mentions[finding.mention]
        span = [mention.start, mention.end]
        yield "finding", span, finding.concept.name
        yield "side", span, str(finding.laterality)
        yield "severity", span, str(finding.severity)


def main() -> None:
    """Read the request, read the texts, print the facts. Exits with 1 if another tree was imported."""
    asked = json.load(sys.stdin)
    if not Path(vlmkg.__file__).resolve().is_relative_to(Path(asked["tree"]).resolve()):
        sys.exit(f"vlmkg is imported from {vlmkg.__file__}, not from {asked['tree']}")
    names, texts = list(asked["texts"]), list(asked["texts"].values())
    readings = read_reports(load_engine("rules"), texts)
    json.dump({name: list(facts(reading)) for name, reading in zip(names, readings, strict=True)}, sys.stdout)


if __name__ == "__main__":
    main()
