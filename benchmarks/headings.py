"""Test whether other headings with the same meaning give the same findings.

    python -m benchmarks.headings [--hl7 FEED.jsonl] [--openi REPORTS.tgz] [--most 2000] [--show 10]

Each report is read as it came, and again in each of the dresses below: its headings under other names, in capitals,
with dashes, in one line with their text, in Markdown, underlined. Prints how many reports gave the same
findings (text, presence and relations, in order), and the first that differ.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.reports import hl7_texts, open_i_texts
from vlmkg.reading.rules.report import read_report
from vlmkg.reading.sections import partition
from vlmkg.report_parts import READ, Part

DATA = Path(__file__).parents[2] / "shared" / "data"
NAMES = {
    Part.FINDINGS: ("Findings", "Report", "Observations", "Description", "Chest findings", "Report text", "Rpt"),
    Part.IMPRESSION: ("Impression", "Conclusion", "Opinion", "Summary", "Concl.", "Impressions", "Assessment"),
    Part.ADDENDUM: ("Addendum", "Amendment", "PendingField addition"),
    Part.INDICATION: ("Indication", "Clinical details", "Reason for exam", "Clinical question", "Clinical information"),
    Part.HISTORY: ("History", "Clinical history", "Hx", "Clinical Hx", "Background"),
    Part.COMPARISON: ("Comparison", "Prior studies", "Previous imaging", "Compared with", "Comparisons"),
    Part.TECHNIQUE: ("Technique", "Views", "Procedure", "Protocol"),
    Part.EXAM: ("Examination", "Exam", "Study", "Exam type"),
    Part.ADVICE: ("Recommendation", "Recommendations", "Advice"),
}
"""Names of the same meaning."""


class Dress(NamedTuple):
    """How headings are written: `write(name)` is the heading, `inline` its text on the same line."""

    name: str
    write: Callable[[str], str]
    inline: bool


DRESSES = (
    Dress("own line, colon", lambda name: f"{name}:", inline=False),
    Dress("own line, capitals", str.upper, inline=False),
    Dress("own line, capitals and colon", lambda name: f"{name.upper()}:", inline=False),
    Dress("same line, colon", lambda name: f"{name}: ", inline=True),
    Dress("same line, capitals", lambda name: f"{name.upper()}: ", inline=True),
    Dress("same line, lower case", lambda name: f"{name.lower()}: ", inline=True),
    Dress("dash", lambda name: f"{name} - ", inline=True),
    Dress("arrow", lambda name: f"{name.upper()} --> ", inline=True),
    Dress("tab", lambda name: f"{name}\t", inline=True),
    Dress("bold", lambda name: f"**{name}:**", inline=False),
    Dress("Markdown", lambda name: f"## {name}", inline=False),
    Dress("underlined", lambda name: f"{name}\n{'-' * len(name)}", inline=False),
)


class Block(NamedTuple):
    """A heading's part and the text under it; `part` is None for text under no heading."""

    part: Part | None
    text: str


def blocks(text: str) -> list[Block]:
    """The text by its headings. Headings of people and dates stay as they are, with their text."""
    found: list[Block] = []
    heading = ""
    for start, end, part in partition(text):
        words = text[start:end]
        if part is Part.HEADING:
            heading = words
        elif heading and part in NAMES:
            found.append(Block(part, words))
            heading = ""
        elif found and (part in READ or not heading):
            found[-1] = Block(found[-1].part, found[-1].text + heading + words)
            heading = ""
        else:
            found.append(Block(None, heading + words))
            heading = ""
    return found


def dressed(parts: list[Block], dress: Dress, chosen: random.Random) -> str:
    """The same report with its headings in this form, with random names."""
    written = []
    for part, words in parts:
        if part is None:
            written.append(words.strip("\n"))
            continue
        heading = dress.write(chosen.choice(NAMES[part]))
        written.append(f"{heading}{words.strip()}" if dress.inline else f"{heading}\n{words.strip()}")
    return "\n\n".join(one for one in written if one.strip())


def facts(text: str) -> tuple[list[tuple[str, str, str]], list[tuple[int, str, int]]]:
    """The reading: mentions and relations without their positions in the text."""
    graph = read_report(text)
    mentions = [(" ".join(one.text.split()), one.kind.value, one.presence.value) for one in graph.mentions]
    return mentions, [(one.head, one.type.value, one.tail) for one in graph.relations]


def reports(hl7_feed: Path, archive: Path) -> Iterator[tuple[str, str]]:
    """(name, text) of the feed's and the archive's reports, with their headings as they arrive."""
    for chest in (True, False):
        for number, text in enumerate(hl7_texts(hl7_feed, chest=chest)):
            yield f"hl7 {'chest' if chest else 'other'} {number}", text
    yield from open_i_texts(archive).items()


def compare(texts: list[tuple[str, str]], show: int) -> None:
    """Print the share of equal readings for each form."""
    chosen = random.Random(1)
    same: Counter[str] = Counter()
    told: list[str] = []
    for name, text in texts:
        parts = blocks(text)
        plain = facts(dressed(parts, DRESSES[0], random.Random(0)))
        wanted = facts(text)
        for dress in DRESSES:
            other = dressed(parts, dress, chosen)
            equal = facts(other) == wanted
            same[dress.name] += equal
            if not equal and len(told) < show:
                told.append(f"{name}, {dress.name} (plain {'equal' if plain == wanted else 'differs'}):\n{other}\n")
    print(f"{len(texts)} reports\n\n| headings | same findings |\n| --- | --- |")
    for dress in DRESSES:
        print(f"| {dress.name} | {same[dress.name]} ({same[dress.name] / len(texts):.2%}) |")
    print("\n".join(told))


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hl7", type=Path, default=DATA / "feeds" / "hl7" / "scout_oru_1994_2014.jsonl")
    parser.add_argument("--openi", type=Path, default=DATA / "openi" / "ecgen-radiology-dev.tgz")
    parser.add_argument("--most", type=int, default=2000)
    parser.add_argument("--show", type=int, default=10)
    arguments = parser.parse_args()
    if not arguments.hl7.exists() or not arguments.openi.exists():
        print(f"nothing measured: {arguments.hl7} or {arguments.openi} is missing; name your own reports (--help)")
        return
    compare(list(reports(arguments.hl7, arguments.openi))[: arguments.most], arguments.show)


if __name__ == "__main__":
    main()
