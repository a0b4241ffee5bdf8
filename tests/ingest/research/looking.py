"""Ways to look at graphs and files: what they answer, and every value in them."""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

from click.testing import CliRunner, Result
from neo4j import Driver

from graph.research.dictionary import MARKER, NODES, RELATIONSHIPS
from graph.status import BOOKKEEPING
from ingest.ledger.storage.database import Ledger
from ingest.research.cli import research_copy
from tests.ingest.research.hospital import PLANTED
from vlmkg.data_dir import DataDir

KEYS = (
    "patientId", "studyKey", "studyUid", "accession", "projectionDigest", "reportKey", "reportId", "textDigest",
    "imageKey", "sopInstanceUid", "digest", "extractionId", "mentionId", "pageKey", "startedAt", "issuedAt",
    "studiedAt", "createdAt",
)  # fmt: skip
VALUES: LiteralString = """
MATCH (n) UNWIND keys(n) AS name RETURN labels(n) AS of, name, n[name] AS value
UNION ALL
MATCH ()-[r]->() UNWIND keys(r) AS name RETURN [type(r)] AS of, name, r[name] AS value
"""
VALUES_OF_STUDIES: LiteralString = """
MATCH (n) WHERE NOT n:Vocabulary|Lock|Migration|ResearchCopy AND NOT (n:Concept AND n.vocabulary IS NOT NULL)
UNWIND keys(n) AS name RETURN labels(n) AS of, name, n[name] AS value
UNION ALL
MATCH ()-[r:!IS_A&!PART_OF]->() RETURN [type(r)] AS of, r.witness AS name, r.rule AS value
"""
# What a researcher may ask; masked concepts aside, live graph and copy must answer the same.
COUNTS: dict[str, LiteralString] = {
    "patients by concept and presence": """
        MATCH (p:Patient)-[:HAS_STUDY]->(:Study)-[:HAS_FINDING]->(f:Finding)-[:REFERS_TO]->(c:Concept)
        WHERE c.system <> 'local'
        RETURN c.code AS concept, f.presence AS presence, count(DISTINCT p) AS patients, count(f) AS findings
        ORDER BY concept, presence""",
    "findings by side, degree and section": """
        MATCH (f:Finding) WHERE f.conceptCode =~ '(RID|CXR).*'
        RETURN f.conceptCode AS concept, f.laterality AS side, f.severity AS degree, f.section AS section,
          count(*) AS findings ORDER BY concept, side, degree, section""",
    "all findings by presence": "MATCH (f:Finding) RETURN f.presence AS presence, count(*) AS n ORDER BY presence",
    "places": """
        MATCH (f:Finding)-[:LOCATED_AT]->(:Anatomy)-[:REFERS_TO]->(place)-[:IS_A|PART_OF*0..]->(region:Concept)
        RETURN region.code AS region, f.presence AS presence, count(DISTINCT f) AS n ORDER BY region, presence""",
    "relations": """
        MATCH (a:Mention)-[r:MODIFY|LOCATED_AT|SUGGESTIVE_OF]->(b:Mention)
        RETURN type(r) AS type, a.presence AS one, b.presence AS other, r.witness AS witness, count(*) AS n
        ORDER BY type, one, other, witness""",
    "what comes after what, and how many days later": """
        MATCH (p:Patient)-[:HAS_STUDY]->(s:Study)-[:HAS_FINDING]->(f:Finding)-[:REFERS_TO]->(c:Concept)
        MATCH (p)-[:HAS_STUDY]->(later:Study) WHERE later.startedAt > s.startedAt AND c.system <> 'local'
        RETURN c.code AS concept, f.presence AS presence,
          duration.inSeconds(s.startedAt, later.startedAt).seconds AS seconds, count(*) AS n
        ORDER BY concept, presence, seconds""",
    "versions": """
        MATCH (r:Report) RETURN r.status AS status, r.version AS version, r.current AS current,
          COUNT { (r)-[:SUPERSEDES]->() } AS older, COUNT { (r)<-[:READ]-() } AS read, count(*) AS n
        ORDER BY status, version, current, older, read""",
    "studies": """
        MATCH (s:Study) RETURN s.modality AS modality, s.pairing AS pairing, COUNT { (s)-[:HAS_IMAGE]->() } AS images,
          count(*) AS n ORDER BY modality, pairing, images""",
    "sexes": "MATCH (p:Patient) RETURN p.sex AS sex, count(*) AS n ORDER BY sex",
}  # fmt: skip


@dataclass(frozen=True)
class Hospital:
    """The data folder of a hospital, and what its live graph said before the server was given to the copies."""

    data: DataDir
    ledger: Ledger
    answers: dict[str, list[list[Any]]]
    values: list[tuple[str, str, str]]
    refused: Result
    after_refusal: list[tuple[str, str, str]]

    def of(self, label: str, name: str) -> list[str]:
        return [value for of, named, value in self.values if label in of.split("/") and name == named]


def call(data: DataDir, *arguments: str, project: str = "lung") -> Result:
    return CliRunner().invoke(research_copy, [project, *arguments, "--data", str(data.root)])


def made(data: DataDir, *arguments: str, project: str = "lung") -> dict[str, Any]:
    result = call(data, *arguments, "--json", project=project)
    assert result.exit_code == 0, result.output
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def answers(driver: Driver) -> dict[str, list[list[Any]]]:
    return {name: [list(row) for row in driver.execute_query(query).records] for name, query in COUNTS.items()}


def values(driver: Driver) -> list[tuple[str, str, str]]:
    """Every property of every node and relationship: of what, its name, its value as text."""
    rows = driver.execute_query(VALUES).records
    return [("/".join(row["of"]), row["name"], _text(row["value"])) for row in rows]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\x00".join(map(_text, value))
    return value.iso_format() if hasattr(value, "iso_format") else str(value)


def keys(hospital: Hospital) -> set[str]:
    """What names something in the live graph, in lower case."""
    told = ((name, value.lower()) for of, name, value in hospital.values if of not in BOOKKEEPING)
    found = {value for name, value in told if name in KEYS and len(value) > 5}
    assert len(found) > 500
    return found


def table(path: Path, renamed: dict[str, str] | None = None) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{(renamed or {}).get(name, name): value for name, value in row.items()} for row in rows]


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def strings(folder: Path, *names: str) -> set[str]:
    """Every cell of the files, or of these."""
    files = [folder / name for name in names] if names else list(folder.glob("*.csv"))
    return {cell for file in files for row in table(file) for cell in row.values()}


def count_rows(folder: Path) -> Counter[str]:
    """Nodes by label and relationships by type, as the loader would make them."""
    found: Counter[str] = Counter()
    for each in (*NODES, *RELATIONSHIPS, MARKER):
        for row in table(folder / each.file):
            found.update(row[":LABEL"].split(";") if ":LABEL" in row else [each.label])
    return found


def planted_in(text: str) -> list[str]:
    return [word for word in PLANTED if word in text.lower()]


def values_at_rest(driver: Driver) -> list[tuple[str, str, str]]:
    rows = driver.execute_query(VALUES_OF_STUDIES).records
    return sorted(("/".join(row["of"]), row["name"], _text(row["value"])) for row in rows)


def clear(driver: Driver) -> None:
    """Leave nothing, not even the vocabulary."""
    with driver.session() as session:
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS").consume()
