"""Sends reports in many ways through the doors of a running stack, and looks whether the graphs of each are the same.

    python -m benchmarks.variants_in_graph [--variants 5000] [--reports 20] [--seed 0]

Starts a stack of its own. Each variant is a study of its own: it has its own patient, accession, report number and
StudyInstanceUID, so that no later message can mend what an earlier one did. HL7 goes over MLLP, FHIR over HTTP,
structured reports over STOW-RS, and search results, which no client posts, by `vlmkg import`. When all has settled,
the graph of each study is written down without its identifiers: patient, study, reports, mentions with their findings,
and relations. All variants of one report must have one graph, and it must hold the findings that the rules engine
reads in the report's plain text. Exit code 1 where that is not so.
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

import httpx2 as httpx

from benchmarks.chaos import settled, summary, wait_until
from benchmarks.merge import stack
from benchmarks.variants import dicom, fhir, hl7
from benchmarks.variants.reports import Report, reports
from graph.connection import open_driver
from graph.settings import find_settings
from ingest.ledger.storage.database import open_ledger
from vlmkg.data_dir import DataDir
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import load_engine, read_reports

FORMATS = ("hl7", "fhir", "sr")
UID_ROOT = "1.2.826.0.1."
SENDERS = 8
"""Connections that send at once."""
SHOWN = 20

STUDIES: LiteralString = """
MATCH (p:Patient)-[:HAS_STUDY]->(s:Study)
RETURN s.studyUid AS uid, p.sex AS sex, p.birthYear AS born, toString(s.startedAt) AS started, s.bodyPart AS part,
  COUNT { (p)-[:HAS_STUDY]->() } AS studies,
  COLLECT { MATCH (s)-[:HAS_REPORT]->(r) RETURN [r.status, r.current, r.addendum, toString(r.issuedAt)] } AS reports,
  COLLECT {
    MATCH (s)-[:HAS_REPORT]->(:Report)<-[:READ]-(:Extraction)-[:FOUND]->(m:Mention)
    OPTIONAL MATCH (m)-[:REFERS_TO]->(c:Concept)
    RETURN [toLower(m.text), m.presence, m:Finding, m.conceptCode, m.laterality, m.severity, c.code]
  } AS mentions,
  COLLECT {
    MATCH (s)-[:HAS_REPORT]->(:Report)<-[:READ]-(:Extraction)-[:FOUND]->(h:Mention)
    MATCH (h)-[r:MODIFY|LOCATED_AT|SUGGESTIVE_OF]->(t:Mention)
    RETURN [toLower(h.text), type(r), toLower(t.text)]
  } AS relations
"""


def variant_of(models: Sequence[Report], number: int) -> tuple[str, Report]:
    """The format of a variant, and its report with identifiers that no other variant has."""
    report = models[number // len(FORMATS) % len(models)]
    own = replace(
        report,
        patient=f"{900_000 + number}",
        number=f"V{number}",
        accession=f"A{number}",
        study_uid=f"{UID_ROOT}{number + 1}",
    )
    return FORMATS[number % len(FORMATS)], own


def send_hl7(address: str, messages: Iterable[bytes]) -> list[str]:
    """Send one after another on one connection. Returns what was not answered with AA."""
    host, port = address.rsplit(":", 1)
    refused = []
    with socket.create_connection((host, int(port)), 60) as door:
        for message in messages:
            door.sendall(b"\x0b" + message + b"\x1c\x0d")
            answer = b""
            while not answer.endswith(b"\x1c\x0d"):
                answer += door.recv(65536)
            if not re.search(rb"\rMSA.AA", answer):
                refused.append(answer.decode(errors="replace").replace("\r", " ")[:300])
    return refused


def send_http(key: str, requests: Iterable[tuple[str, str, bytes]]) -> list[str]:
    """Send requests (address, media type, body). Returns the answers that are no success."""
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        answers = [
            client.post(address, content=body, headers={"Content-Type": kind}) for address, kind, body in requests
        ]
    return [f"{answer.status_code} {answer.text[:300]}" for answer in answers if not answer.is_success]


def import_files(data: DataDir, folder: Path, bodies: Sequence[bytes]) -> list[str]:
    """Import FHIR files. Returns the output of `vlmkg import` if it does not accept them all."""
    folder.mkdir()
    for number, body in enumerate(bodies):
        (folder / f"{number}.json").write_bytes(body)
    command = [sys.executable, "-m", "vlmkg", "import", str(folder), "--format", "fhir", "--json"]
    done = subprocess.run([*command, "--data", str(data.root)], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def fhir_request(base: str, body: bytes) -> tuple[str, str, bytes]:
    """A Bundle goes to the base address, a report to its own."""
    kind = json.loads(body)["resourceType"]
    return (base if kind == "Bundle" else f"{base.rstrip('/')}/{kind}", "application/fhir+json", body)


def stow_request(base: str, body: bytes) -> tuple[str, str, bytes]:
    """One instance in a multipart body."""
    whole = b"--part\r\nContent-Type: application/dicom\r\n\r\n" + body + b"\r\n--part--\r\n"
    return (f"{base.rstrip('/')}/studies", 'multipart/related; type="application/dicom"; boundary=part', whole)


def send_all(data: DataDir, models: Sequence[Report], numbers: range) -> list[str]:
    """Send every variant. Returns the answers that are no success."""
    doors: dict[str, str] = json.loads((data.root / "run" / "endpoints.json").read_text())
    bodies: dict[str, list[bytes]] = defaultdict(list)
    writers: dict[str, Callable[[Report, int], bytes]] = {
        "hl7": hl7.variant,
        "fhir": fhir.variant,
        "sr": dicom.variant,
    }
    for number in numbers:
        kind, report = variant_of(models, number)
        bodies[kind].append(writers[kind](report, number))
    files = [body for body in bodies["fhir"] if json.loads(body).get("type") == "searchset"]
    requests = [fhir_request(doors["fhir"], body) for body in bodies["fhir"] if body not in files]
    requests += [stow_request(doors["dicomweb"], body) for body in bodies["sr"]]
    with ThreadPoolExecutor(2 * SENDERS) as pool:
        sending = [pool.submit(send_hl7, doors["mllp"], bodies["hl7"][at::SENDERS]) for at in range(SENDERS)]
        sending += [pool.submit(send_http, doors["api_key"], requests[at::SENDERS]) for at in range(SENDERS)]
    refused = import_files(data, data.root.parent / "files", files) if files else []
    return refused + [answer for each in sending for answer in each.result()]


def graph_of(row: dict[str, Any]) -> str:
    """The graph of a study without identifiers, as JSON. The same words may be said in findings and in impression."""
    lists = {name: sorted(row[name], key=json.dumps) for name in ("reports", "mentions", "relations")}
    return json.dumps({**row, "uid": None, **lists}, sort_keys=True)


def findings_in(graph: str) -> Counter[tuple[str, str]]:
    """Words and presence of the findings in a graph."""
    mentions: list[list[Any]] = json.loads(graph)["mentions"]
    return Counter((words, presence) for words, presence, finding, *_ in mentions if finding)


def findings_read(report: Report, engine: Engine) -> Counter[tuple[str, str]]:
    """The same as read in the report's plain text."""
    (reading,) = read_reports(engine, [report.text])
    mentions = (reading.graph.mentions[each.mention] for each in reading.findings)
    return Counter((each.text.lower(), each.presence.value) for each in mentions if each.presence)


def compare(rows: Iterable[dict[str, Any]], models: Sequence[Report], numbers: range) -> list[str]:
    """What is wrong: studies that are missing or too many, graphs that differ, findings that were not meant."""
    graphs = {row["uid"]: graph_of(row) for row in rows}
    by_report: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    wrong = []
    for number in numbers:
        kind, report = variant_of(models, number)
        graph = graphs.pop(report.study_uid, None)
        if graph is None:
            wrong.append(f"{kind} {number}: no study in the graph")
        else:
            by_report[report.text][graph].append(f"{kind} {number}")
    wrong += [f"{uid}: a study that nobody sent" for uid in graphs]
    engine = load_engine("rules")
    for model in models:
        found = by_report[model.text]
        usual = max(found, key=lambda graph: len(found[graph]), default="")
        if usual and findings_in(usual) != findings_read(model, engine):
            wrong.append(f"report {model.number}: its findings are not those of its text")
        wrong += [
            f"{', '.join(names[:3])} ({len(names)} in all): not the usual graph of report {model.number}:\n"
            f"  {graph}\n  {usual}"
            for graph, names in found.items()
            if graph != usual
        ]
    print(f"{sum(len(found) for found in by_report.values())} graphs of {len(models)} reports")
    return wrong


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=5000)
    parser.add_argument("--reports", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    models = reports(given.reports)
    numbers = range(given.seed, given.seed + given.variants)
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder) / "var") as (data, _):
        started = time.monotonic()
        wrong = [f"not accepted: {answer}" for answer in send_all(data, models, numbers)]
        sent = time.monotonic() - started
        ledger = open_ledger(data.ledger_url)
        wait_until(lambda: settled(ledger))
        events = summary(ledger)
        print(f"{given.variants} variants sent in {sent:.0f} s, settled after {time.monotonic() - started:.0f} s")
        print(f"events: {', '.join(f'{number} {state}' for state, number in events.items())}")
        ledger.close()
        with open_driver(find_settings(data)) as driver:
            rows = [record.data() for record in driver.execute_query(STUDIES).records]
        wrong += compare(rows, models, numbers)
    for told in wrong[:SHOWN]:
        print(told)
    print(f"{len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
