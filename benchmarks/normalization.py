"""Agreement of our concepts, places and sides with the Open-i coding of the same reports.

    python -m benchmarks.normalization [REPORTS.tgz] [--engine rules] [--details 40] [--show KEY]

The coding gives each report headings with qualifiers ("Opacity/lung/base/left"). A heading is found when the report has
a finding, present or uncertain, whose concept says the same (openi_headings.csv). Heading + location + side is found
when one such finding also lies in every place that the code names (openi_places.csv) and has the side that it names.
Precision counts the distinct concepts, and the distinct (concept, places, side), of a report's findings, as far as some
heading stands for the concept. --show prints cases: HEADING (missed), HEADING@ (misplaced), +CONCEPT (not coded).
"""

import argparse
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from defusedxml import ElementTree

from vlmkg.engine_protocol import Finding, Reading
from vlmkg.pipeline import load_engine, read_reports
from vlmkg.schema import Presence
from vlmkg.vocabulary.closure import ancestors, regions
from vlmkg.vocabulary.loader import LOCAL, rows

HERE = Path(__file__).parent
REPORTS = HERE.parents[1] / "shared" / "data" / "openi" / "ecgen-radiology-dev.tgz"
SIDES = frozenset({"left", "right", "bilateral"})
Headings = dict[str, list[tuple[str, frozenset[str]]]]
Places = dict[str, frozenset[str]]


@dataclass(frozen=True)
class Code:
    """One code of the coding: its heading, the concepts that say it, its places (sets of concepts) and its side."""

    text: str
    heading: str
    concepts: frozenset[str]
    places: tuple[frozenset[str], ...]
    side: str | None


@dataclass
class Score:
    """The numbers of coded, found, read and right items."""

    found: int = 0
    gold: int = 0
    right: int = 0
    said: int = 0

    def line(self, name: str) -> str:
        """Precision, recall and F1 as one line."""
        precision = self.right / self.said if self.said else 0.0
        recall = self.found / self.gold if self.gold else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return f"{name:36s} P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f}  coded {self.gold} said {self.said}"


@dataclass
class Agreement:
    """All scores, and what disagreed, by name."""

    heading: Score = field(default_factory=Score)
    full: Score = field(default_factory=Score)
    by_presence: dict[Presence, Score] = field(default_factory=lambda: {p: Score() for p in Presence})
    by_heading: dict[str, Score] = field(default_factory=dict)
    missed: Counter[str] = field(default_factory=Counter)
    misplaced: Counter[str] = field(default_factory=Counter)
    not_coded: Counter[str] = field(default_factory=Counter)
    cases: list[tuple[str, str]] = field(default_factory=list)


def reports(archive: Path) -> Iterator[tuple[str, str, list[str]]]:
    """(name, text, codes) of each report that has findings or an impression, and codes."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if not member.name.endswith(".xml") or (file := tar.extractfile(member)) is None:
                continue
            root = ElementTree.fromstring(file.read())
            parts = {e.get("Label"): (e.text or "").strip() for e in root.iter("AbstractText")}
            text = "\n".join(f"{k}: {parts[k]}" for k in ("FINDINGS", "IMPRESSION") if parts.get(k))
            codes = [(e.text or "").strip() for e in root.iter("major")]
            if text and codes:
                yield member.name, text, codes


def heading_table() -> Headings:
    """(needed qualifier, concepts) by heading."""
    table: Headings = {}
    for row in rows(HERE / "openi_headings.csv"):
        table.setdefault(row["heading"], []).append((row["needs"], frozenset(row["codes"].split(";"))))
    return table


def place_table() -> Places:
    """Concepts by qualifier."""
    return {row["qualifier"]: frozenset(row["codes"].split(";")) for row in rows(HERE / "openi_places.csv")}


def read_code(text: str, headings: Headings, places: Places) -> Code | None:
    """One code; None if no concept matches its heading ("normal", "Technical Quality...")."""
    heading, *qualifiers = (part.strip() for part in text.split("/"))
    said = [codes for needs, codes in headings.get(heading, ()) if not needs or needs in qualifiers]
    if not said:
        return None
    where = tuple(places[qualifier] for qualifier in qualifiers if qualifier in places)
    side = next((qualifier for qualifier in qualifiers if qualifier in SIDES), None)
    return Code(text, heading, frozenset().union(*said), where, side)


def says(finding: Finding, concepts: frozenset[str]) -> bool:
    """Whether the finding's concept is one of these or below one of them."""
    return bool(concepts & {finding.concept.code, *ancestors(finding.concept.code)})


def lies_at(finding: Finding, code: Code) -> bool:
    """Whether the finding is in every place of the code, and on its side."""
    here = {region for place in finding.place_codes for region in (place, *regions(place))}
    return all(place & here for place in code.places) and code.side in (None, finding.laterality)


def compare_codes(agreement: Agreement, codes: list[Code], findings: list[Finding], case: str) -> None:
    """Recall: count the codes of one report that are found."""
    for code in codes:
        hits = [finding for finding in findings if says(finding, code.concepts)]
        placed = any(lies_at(finding, code) for finding in hits)
        for score in (agreement.heading, agreement.by_heading.setdefault(code.heading, Score())):
            score.gold, score.found = score.gold + 1, score.found + bool(hits)
        agreement.full.gold, agreement.full.found = agreement.full.gold + 1, agreement.full.found + placed
        if not hits:
            agreement.missed[code.heading] += 1
            agreement.cases.append((code.heading, f"{code.text}: {case}"))
        elif not placed:
            agreement.misplaced[code.text] += 1
            agreement.cases.append((f"{code.heading}@", f"{code.text}: {case}"))


def compare_findings(
    agreement: Agreement, codes: list[Code], findings: list[tuple[Finding, Presence]], case: str
) -> None:
    """Precision: count the readings of one report that are coded."""
    concepts = {finding.concept.code: (finding, presence) for finding, presence in reversed(findings)}
    for finding, presence in concepts.values():
        right = any(says(finding, code.concepts) for code in codes)
        for score in (agreement.heading, agreement.by_presence[presence]):
            score.said, score.right = score.said + 1, score.right + right
        if not right:
            agreement.not_coded[finding.concept.name] += 1
            agreement.cases.append((f"+{finding.concept.name}", f"{presence}: {case}"))
    for finding in {(f.concept.code, f.laterality, f.place_codes): f for f, _ in findings}.values():
        right = any(says(finding, code.concepts) and lies_at(finding, code) for code in codes)
        agreement.full.said, agreement.full.right = agreement.full.said + 1, agreement.full.right + right


def compare(cases: list[tuple[str, str, list[str]]], readings: list[Reading]) -> Agreement:
    """The agreement over all reports."""
    headings, places, agreement = heading_table(), place_table(), Agreement()
    scope = frozenset(code for pairs in headings.values() for _, codes in pairs for code in codes)
    for (name, text, raw), reading in zip(cases, readings, strict=True):
        said = [(f, reading.graph.mentions[f.mention].presence) for f in reading.findings]
        said = [(f, presence) for f, presence in said if presence is not Presence.ABSENT]
        codes = [code for one in raw if (code := read_code(one, headings, places))]
        compare_codes(agreement, codes, [f for f, _ in said], f"{name}\n{text}\n")
        compare_findings(agreement, codes, [pair for pair in said if says(pair[0], scope)], f"{name} {raw}\n{text}\n")
    return agreement


def unmapped(readings: list[Reading]) -> tuple[Counter[str], int]:
    """Terms without a concept, and the number of all mentions."""
    links = [link for reading in readings for link in reading.links]
    return Counter(link.code for link in links if link.system == LOCAL), len(links)


def main() -> None:
    """Print the agreement and, on demand, what was missed, misplaced and not coded, the commonest first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, nargs="?", default=REPORTS, help="default: the data beside the checkout")
    parser.add_argument("--engine", default="rules")
    parser.add_argument("--details", type=int, default=0)
    parser.add_argument("--show")
    options = parser.parse_args()
    if not options.archive.exists():
        print(f"nothing measured: there is no {options.archive}")
        return
    cases = list(reports(options.archive))
    readings = read_reports(load_engine(options.engine), [text for _, text, _ in cases])
    agreement = compare(cases, readings)
    terms, mentions = unmapped(readings)
    print(f"{len(cases)} coded reports, engine {options.engine}")
    print(agreement.heading.line("heading"))
    for presence in (Presence.PRESENT, Presence.UNCERTAIN):
        score = agreement.by_presence[presence]
        print(f"  said as {presence:28s} P {score.right / max(score.said, 1):.3f}  said {score.said}")
    print(agreement.full.line("heading + location + side"))
    print(f"unmapped: {terms.total()} of {mentions} mentions, {len(terms)} terms")
    if options.details:
        for heading, score in sorted(agreement.by_heading.items(), key=lambda item: -item[1].gold)[: options.details]:
            print(f"  {heading:42s} R {score.found / score.gold:.3f}  coded {score.gold}")
        for name in ("missed", "misplaced", "not_coded"):
            print(f"{name}: {getattr(agreement, name).most_common(options.details)}")
        print(f"unmapped: {terms.most_common(options.details)}")
    for key, case in agreement.cases:
        if key == options.show:
            print(case)


if __name__ == "__main__":
    main()
