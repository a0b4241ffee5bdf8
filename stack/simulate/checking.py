"""Check that every acknowledged message was merged exactly once or visibly refused."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from graph.connection import open_driver
from graph.settings import find_settings
from graph.verify import violations
from ingest.errors import OutageError
from ingest.ledger.events import events
from ingest.ledger.states import SETTLED, State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies.reports import texts
from stack.graphql_client import Question, ask
from stack.simulate.films import SIDE
from stack.simulate.hospital_day import SyntheticMessage
from stack.simulate.sending import Account
from stack.simulate.traffic import RANK, Traffic, study_uid, text_of
from vlmkg.data_dir import DataDir, Endpoints

STUDY = """\
query ($uid: String!) {
  study(studyUid: $uid) { patient { patientId birthYear } reports { status current text } images { rows } }
}"""
PATIENT = """\
query ($value: String!) { patient(identifier: {authority: "SYN", value: $value}) { patientId } }"""


@dataclass
class Findings:
    """The result of the check: the number of checked items, and the problems by kind."""

    studies: int = 0
    patients: int = 0
    events: dict[State, int] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def wait_until_settled(ledger: Ledger, limit_s: float, progress: Callable[[int], object]) -> bool:
    """Wait until all events are settled. Returns whether that happened in time."""
    deadline = time.monotonic() + limit_s
    while True:
        # A ledger that is away for a moment is asked again.
        with suppress(OutageError):
            waiting = sum(number for state, number in _summary(ledger).items() if state not in SETTLED)
            if not waiting:
                return True
            progress(waiting)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)


def check(data: DataDir, endpoints: Endpoints, ledger: Ledger, sent: Traffic, account: Account) -> Findings:
    """Compare studies, patients and invariants with the acknowledged messages."""
    found = Findings(events=_summary(ledger))
    found.wrong["rejected"] = len(account.rejected)
    found.wrong["not acknowledged"] = len(sent.messages) - len(account.accepted) - len(account.rejected)
    of_patients: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for versions in _acknowledged(sent, account):
        found.studies += 1
        study = ask(endpoints, Question("", STUDY, {"uid": study_uid(versions[0])}))["study"]
        for kind in _differences(study, versions):
            found.wrong[kind] += 1
        if study:
            of_patients[versions[0].patient.mrn].append(study["patient"])
    for mrn, seen in of_patients.items():
        found.patients += 1
        _check_patient(endpoints, sent, account, mrn, seen, found)
    _check_graph(data, ledger, found)
    found.wrong = {kind: number for kind, number in found.wrong.items() if number}
    return found


def _acknowledged(sent: Traffic, account: Account) -> list[list[SyntheticMessage]]:
    """The versions of each study's report, of studies whose every message was accepted."""
    studies: dict[str, list[SyntheticMessage]] = defaultdict(list)
    incomplete = set()
    for message in sent.messages:
        if message.is_version:
            studies[message.report.accession].append(message.report)
        if message.control_id not in account.accepted:
            incomplete.add(message.report.accession)
    return [versions for accession, versions in studies.items() if accession not in incomplete]


def _differences(study: dict[str, Any] | None, versions: Sequence[SyntheticMessage]) -> list[str]:
    if study is None:
        return ["lost study"]
    latest = max(versions, key=lambda version: (RANK.index(version.status), version.sent_at))
    current = [(report["status"], report["text"]) for report in study["reports"] if report["current"]]
    wrong = [] if current == [(latest.status, text_of(latest))] else ["current report is wrong"]
    # The same text under two statuses is one version.
    if len(study["reports"]) != len({text_of(version) for version in versions}):
        wrong.append("version lost or duplicated")
    if [image["rows"] for image in study["images"]] != [SIDE]:
        wrong.append("film lost or duplicated")
    return wrong


def _check_patient(
    endpoints: Endpoints, sent: Traffic, account: Account, mrn: str, seen: list[dict[str, Any]], found: Findings
) -> None:
    if f"A40{mrn}" in account.accepted:
        old = ask(endpoints, Question("", PATIENT, {"value": sent.retired[mrn]}))["patient"]
        seen = [*seen, {**seen[0], **(old or {"patientId": None})}]
    if len({patient["patientId"] for patient in seen}) != 1:
        found.wrong["patient split in two"] += 1
    if f"A08{mrn}" in account.accepted and {patient["birthYear"] for patient in seen} != {sent.born[mrn]}:
        found.wrong["patient not updated"] += 1


def _check_graph(data: DataDir, ledger: Ledger, found: Findings) -> None:
    def of_reports(keys: Sequence[str]) -> dict[str, str]:
        with ledger.read() as connection:
            return texts(connection, keys)

    with open_driver(find_settings(data)) as driver:
        for kind, number in violations(driver, texts=of_reports).items():
            found.wrong[f"graph: {kind}"] += number


def _summary(ledger: Ledger) -> dict[State, int]:
    with ledger.read() as connection:
        return {state: number for state, number in events.summary(connection).items() if number}
