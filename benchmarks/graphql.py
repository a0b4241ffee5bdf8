"""Six questions by GraphQL, and each as one hand-written Cypher query by the driver, in one run on one server.

    python -m benchmarks.graphql [--patients 1000] [--rounds 200] [--json]

Starts a Neo4j of its own, writes a made-up graph (50 findings a patient), starts `vlmkg api` as a process of its own,
and asks both ways in turns. GraphQL's time is the client's: HTTP, the key, parsing, the query, and the committed audit
entry. The hand-written queries bring the same fields and are written as one who knows the data model and its indexes
would.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
from neo4j import READ_ACCESS, Driver
from pydantic import SecretStr

from benchmarks.synthetic_graph import synthetic_graph
from graph.connection import open_driver
from graph.local_server import USERNAME, prepare
from graph.local_server import wait_until_ready as wait_until_server_ready
from graph.migrate import migrate
from graph.settings import Neo4jSettings
from graph.writes import Projection, merge_studies
from ingest.ledger.access.api_keys import Role, create
from ingest.settings import ledger_of
from tests.fixtures.ports import free_port
from vlmkg.data_dir import DataDir

PASSWORD = "only-for-the-benchmark"
GROUP = 200
WARM_UP = 30


@dataclass(frozen=True)
class Question:
    """One question in both languages, with the parameters of each."""

    name: str
    graphql: str
    cypher: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """Milliseconds. The goal is a ratio of 1.5 or a difference of 5 ms, whichever is more."""

    name: str
    graphql_p50: float
    graphql_p95: float
    cypher_p50: float
    cypher_p95: float
    ratio: float
    within_goal: bool


NODE = """{ id text presence laterality concept { code name } locations { text concept { name } } modifiers
            study { studyKey startedAt modality } patient { patientId } }"""
ROW = """
MATCH (f)<-[:HAS_FINDING]-(s:Study)<-[:HAS_STUDY]-(p:Patient)
MATCH (c:Concept {code: f.conceptCode})
RETURN f.mentionId AS id, f.text AS text, f.presence AS presence, f.laterality AS laterality,
  c {.code, .name} AS concept,
  [(f)-[:LOCATED_AT]->(a)-[:REFERS_TO]->(k) | {text: a.text, concept: k.name}] AS locations,
  [(f)<-[:MODIFY]-(m) | m.text] AS modifiers,
  s {.studyKey, .modality, startedAt: toString(s.startedAt)} AS study, p.patientId AS patientId
ORDER BY f.pageKey
"""
PAGE = """
MATCH (kind:Concept)-[:IS_A*0..]->(:Concept {code: $code})
WITH DISTINCT kind.code AS code
UNWIND ['present', 'uncertain'] AS presence
CALL (code, presence) {
  MATCH (f:Finding)
  WHERE f.conceptCode = code AND f.presence = presence AND f.pageKey > $after
    AND coalesce(f.review, '') <> 'rejected'
  RETURN f ORDER BY f.conceptCode, f.presence, f.pageKey LIMIT 21
}
WITH f ORDER BY f.pageKey LIMIT 21
"""
PLACED = """
MATCH (place:Concept)-[:IS_A|PART_OF*0..]->(:Concept {code: $place})
WITH collect(DISTINCT place.code) AS places
MATCH (kind:Concept)-[:IS_A*0..]->(:Concept {code: $code})
WITH DISTINCT places, kind.code AS code
UNWIND ['present', 'uncertain'] AS presence
CALL (places, code, presence) {
  MATCH (f:Finding)
  WHERE f.conceptCode = code AND f.presence = presence AND f.pageKey > '' AND any(p IN f.placeCodes WHERE p IN places)
    AND coalesce(f.review, '') <> 'rejected'
  RETURN f ORDER BY f.conceptCode, f.presence, f.pageKey LIMIT 21
}
WITH f ORDER BY f.pageKey LIMIT 21
"""
NOT_LATER = """
MATCH (kind:Concept)-[:IS_A*0..]->(:Concept {code: $code})
WITH collect(DISTINCT kind.code) AS codes
MATCH (p:Patient) WHERE p.patientId > '' AND EXISTS {
  MATCH (p)-[:HAS_STUDY]->(:Study)-[:HAS_FINDING]->(f:Finding)
  WHERE f.conceptCode IN codes AND f.presence IN ['present', 'uncertain']
    AND coalesce(f.review, '') <> 'rejected' AND NOT EXISTS {
    MATCH (p)-[:HAS_STUDY]->(:Study)-[:HAS_FINDING]->(g:Finding)
    WHERE g.studiedAt > f.studiedAt AND g.conceptCode IN codes AND g.presence = 'absent'
      AND coalesce(g.review, '') <> 'rejected' } }
WITH p, codes ORDER BY p.patientId LIMIT 21
RETURN p {.patientId, .sex, .birthYear} AS patient, COLLECT {
  MATCH (p)-[:HAS_STUDY]->(:Study)-[:HAS_FINDING]->(f:Finding)
  WHERE f.conceptCode IN codes AND f.presence IN ['present', 'uncertain']
    AND coalesce(f.review, '') <> 'rejected'
  WITH f ORDER BY f.pageKey LIMIT 4
  RETURN f {.text, .presence, studiedAt: toString(f.studiedAt)} } AS findings
"""
TIMELINE = """
MATCH (p:Patient {patientId: $patient})
MATCH (p)-[:HAS_STUDY]->(s:Study)
WITH p, s ORDER BY s.pageKey LIMIT 50
RETURN p.patientId AS patientId, toString(s.startedAt) AS startedAt, s.modality AS modality, COLLECT {
  MATCH (s)-[:HAS_FINDING]->(f:Finding) WHERE f.presence <> 'absent' AND coalesce(f.review, '') <> 'rejected'
  MATCH (c:Concept {code: f.conceptCode})
  WITH f, c ORDER BY f.pageKey
  RETURN {text: f.text, presence: f.presence, concept: c.name} } AS findings
"""
SUGGESTS = """
MATCH (kind:Concept)-[:IS_A*0..]->(:Concept {code: $code})
WITH collect(DISTINCT kind.code) AS codes
MATCH (f:Finding)
WHERE f.pageKey > '' AND f.presence IN ['present', 'uncertain']
  AND coalesce(f.review, '') <> 'rejected' AND EXISTS {
  MATCH (f)-[:SUGGESTIVE_OF]->(:Mention)-[:MODIFY*0..3]->(g:Finding)
  WHERE g.conceptCode IN codes AND g.presence IN ['present', 'uncertain']
    AND coalesce(g.review, '') <> 'rejected' }
WITH f ORDER BY f.pageKey LIMIT 21
RETURN f.text AS text, f.presence AS presence, [(f)-[:LOCATED_AT]->(a) | a.text] AS locations,
  [(f)-[:SUGGESTIVE_OF]->()-[:MODIFY*0..3]->(g:Finding)
    WHERE coalesce(g.review, '') <> 'rejected' | g {.text, .presence}] AS suggests
ORDER BY f.pageKey
"""


def questions(patient_id: str) -> list[Question]:
    """The six questions. Twenty rows a page."""
    effusion, pneumonia = "RID34539", "RID5350"
    page = 'findings(where: {{ concept: {{ code: "{code}" }} {more} }} {after}) {{ edges {{ node {node} }} }}'

    def findings(more: str = "", after: str = "") -> str:
        return "{ " + page.format(code=effusion, more=more, after=after, node=NODE) + " }"

    absent = f'{{ concept: {{ code: "{effusion}" }}, presence: ABSENT }}'
    has = f'{{ concept: {{ code: "{effusion}" }} }}'
    return [
        Question("a common concept, first page", findings(), PAGE + ROW, {"code": effusion, "after": ""}),
        Question(
            "the same, a late page", findings(after="after: AFTER"), PAGE + ROW, {"code": effusion, "after": "2023"}
        ),
        Question(
            "a concept in a place and its parts",
            findings(more='location: { code: "RID1326" }'),
            PLACED + ROW,
            {"code": effusion, "place": "RID1326"},
        ),
        Question(
            "patients, not excluded later",
            f"""{{ patients(where: {{ hasFinding: {has}, noLaterFinding: {absent} }}) {{ edges {{ node {{
                  patientId sex birthYear
                  findings(first: 3, where: {has}) {{ edges {{ node {{ text presence studiedAt }} }} }} }} }} }} }}""",
            NOT_LATER,
            {"code": effusion},
        ),
        Question(
            "a patient's timeline",
            f"""{{ patient(patientId: "{patient_id}") {{ patientId timeline {{ startedAt study {{ modality }}
                  findings {{ text presence concept {{ name }} }} }} }} }}""",
            TIMELINE,
            {"patient": patient_id},
        ),
        Question(
            "what suggests pneumonia",
            f"""{{ findings(where: {{ suggests: {{ concept: {{ code: "{pneumonia}" }} }} }}) {{ edges {{ node {{
                  text presence locations {{ text }} suggests {{ text presence }} }} }} }} }}""",
            SUGGESTS,
            {"code": pneumonia},
        ),
    ]  # fmt: skip


def measure(
    question: Question, graphql: Callable[[str], Any], cypher: Callable[[Question], Any], rounds: int
) -> Measured:
    """Query alternately, so that other load on the machine affects both."""
    ways: tuple[tuple[Callable[[], Any], list[float]], ...] = (
        (lambda: graphql(question.graphql), []),
        (lambda: cypher(question), []),
    )
    for number in range(rounds + WARM_UP):
        for ask, times in ways:
            started = time.perf_counter()
            ask()
            if number >= WARM_UP:
                times.append((time.perf_counter() - started) * 1000)
    (_, ours), (_, theirs) = ways
    p50, other = statistics.median(ours), statistics.median(theirs)
    within = p50 <= max(1.5 * other, other + 5.0)
    return Measured(question.name, p50, _p95(ours), other, _p95(theirs), p50 / other, within)


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=1000, help="of 5 studies with 10 findings each")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        neo4j_running(Path(folder)) as settings,
        open_driver(settings) as driver,
    ):
        patient_id = fill(driver, arguments.patients)
        with api_running(Path(folder), settings) as client:
            results = [
                measure(placed(question, client), asker(client), runner(driver), arguments.rounds)
                for question in questions(patient_id)
            ]
    _show(results, arguments)


def _show(results: list[Measured], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
        return
    print(
        f"{arguments.patients * 50} findings, {arguments.rounds} rounds, {platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print("| question | GraphQL p50 (p95), ms | Cypher p50 (p95), ms | ratio | added, ms | goal |")
    print("| --- | --- | --- | --- | --- | --- |")
    for one in results:
        ours, theirs = f"{one.graphql_p50:.1f} ({one.graphql_p95:.1f})", f"{one.cypher_p50:.1f} ({one.cypher_p95:.1f})"
        added, goal = f"{one.graphql_p50 - one.cypher_p50:.1f}", "met" if one.within_goal else "missed"
        print(f"| {one.name} | {ours} | {theirs} | {one.ratio:.2f} | {added} | {goal} |")


def placed(question: Question, client: httpx2.Client) -> Question:
    """A late page needs a cursor: the one after the last finding before 2023, as a client would have got it."""
    if "AFTER" not in question.graphql:
        return question
    before = '{ findings(where: {concept: {code: "RID34539"}, studiedAfter: "2022-12-20"}) { edges { cursor } } }'
    cursor = asker(client)(before)["findings"]["edges"][-1]["cursor"]
    return Question(
        question.name, question.graphql.replace("AFTER", json.dumps(cursor)), question.cypher, question.parameters
    )


def asker(client: httpx2.Client) -> Callable[[str], Any]:
    """A function that asks by GraphQL. It raises RuntimeError where the answer has errors."""

    def ask(query: str) -> Any:
        answer = client.post("/graphql", json={"query": query}).json()
        if "errors" in answer:
            message = f"refused: {answer['errors']}"
            raise RuntimeError(message)
        return answer["data"]

    return ask


def runner(driver: Driver) -> Callable[[Question], Any]:
    """A function that asks the hand-written query."""

    def run(question: Question) -> Any:
        with driver.session(default_access_mode=READ_ACCESS) as session:
            return [row.data() for row in session.run(question.cypher, question.parameters)]  # type: ignore[arg-type]

    return run


def fill(driver: Driver, patients: int) -> str:
    """Write the graph; the pseudonym of one of its patients."""
    migrate(driver)
    studies = synthetic_graph(patients)
    patient_id = ""
    while group := list(islice(studies, GROUP)):
        merge_studies(driver, lambda group=group: Projection(group))  # type: ignore[misc]
        patient_id = group[0].patient.patient_id
    with driver.session() as session:
        session.run("CALL db.resampleOutdatedIndexes()").consume()
    time.sleep(5)
    return patient_id


@contextmanager
def neo4j_running(folder: Path) -> Iterator[Neo4jSettings]:
    """A Neo4j of its own until the end of the block."""
    server = prepare(folder / "neo4j", bolt_port=free_port(), http_port=free_port(), password=PASSWORD, heap_mib=1024)
    process = subprocess.Popen(server.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_server_ready(server, PASSWORD, alive=lambda: process.poll() is None)
        yield Neo4jSettings(uri=server.uri, username=USERNAME, password=SecretStr(PASSWORD))
    finally:
        process.terminate()
        process.wait()


@contextmanager
def api_running(folder: Path, settings: Neo4jSettings) -> Iterator[httpx2.Client]:
    """A client of an API process over it, with an admin key, until the end of the block."""
    data, port = DataDir(folder / "var"), free_port()
    ledger = ledger_of(data)
    key = create(ledger, "benchmark", Role.ADMIN)
    ledger.close()
    neo4j = {"NEO4J_URI": settings.uri, "NEO4J_USERNAME": USERNAME, "NEO4J_PASSWORD": PASSWORD}
    own = {"VLMKG_API_PORT": str(port), "VLMKG_DATA": str(data.root)}
    with (folder / "api.log").open("ab") as log:
        command = [sys.executable, "-P", "-m", "vlmkg", "api"]
        process = subprocess.Popen(command, env=os.environ | neo4j | own, stdout=log, stderr=log)
    headers = {"Authorization": f"Bearer {key}"}
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False) as client:
            wait_until_ready(client)
            yield client
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(client: httpx2.Client) -> None:
    """Wait until the API and its services respond. Raises RuntimeError after 90 s."""
    deadline = time.monotonic() + 90
    while True:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        if time.monotonic() > deadline:
            message = "the API did not become ready"
            raise RuntimeError(message)
        time.sleep(0.2)


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    main()
