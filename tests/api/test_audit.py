"""Every read of patient data is in the audit trail before the answer leaves."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from graphql import build_schema
from sqlalchemy import select

from api.schema import SDL
from ingest.cli.audit import audit as audit_command
from ingest.errors import OutageError
from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import Role
from ingest.ledger.storage.tables import extractions, rejections
from tests.api.conftest import Api, Serve


def newest(api: Api) -> audit.AuditEntry:
    with api.ledger.read() as connection:
        return audit.entries(connection, limit=1)[0]


def count(api: Api) -> int:
    with api.ledger.read() as connection:
        return len(audit.entries(connection, limit=100_000))


def test_who_what_which_patients_when_and_how_it_ended(hospital: Api) -> None:
    data = hospital.data("{ findings { edges { node { patient { patientId } } } } }", Role.VIEWER)
    patients = {edge["node"]["patient"]["patientId"] for edge in data["findings"]["edges"]}
    entry = newest(hospital)
    assert (entry.actor, entry.action, entry.outcome) == ("viewer-key", "query findings", "ok")
    assert set(entry.patients) == patients
    assert len(patients) == 3


def test_patients_are_named_though_they_are_not_selected(hospital: Api) -> None:
    hospital.data("{ findings { edges { cursor } } }")
    assert len(newest(hospital).patients) == 3
    hospital.data('{ study(studyUid: "1.2.1") { modality } }')
    assert len(newest(hospital).patients) == 1


def test_a_look_for_a_patient_who_is_not_there_is_a_read_too(hospital: Api) -> None:
    hospital.data('{ patient(patientId: "nobody") { sex } }')
    entry = newest(hospital)
    assert (entry.action, entry.patients) == ("query patient", ("nobody",))


def test_an_identifier_is_kept_as_its_pseudonym(hospital: Api) -> None:
    data = hospital.data('{ patient(identifier: {authority: "TESTS", value: "anna"}) { patientId } }')
    assert newest(hospital).patients == (data["patient"]["patientId"],)


def test_the_command_finds_who_asked_by_identifier(hospital: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """`vlmkg audit list --patient VALUE --authority AUTHORITY` makes the pseudonym that the question makes."""
    hospital.data('{ patient(identifier: {authority: "TESTS", value: " bert "}) { sex } }', Role.OPERATOR)
    asked = ["list", "--patient", "bert", "--authority", "TESTS", "--json", "--limit", "1"]
    folder = Path(str(hospital.ledger.writer.url.database)).parent
    monkeypatch.delenv("VLMKG_LEDGER_URL", raising=False)
    result = CliRunner().invoke(audit_command, [*asked, "--data", str(folder)])
    (entry,) = json.loads(result.stdout)
    assert (entry["actor"], entry["action"]) == ("operator-key", "query patient")


def test_the_outcome_is_the_code(hospital: Api) -> None:
    hospital.ask('{ a: patient(patientId: "x") { sex } study { modality } }')
    entry = newest(hospital)
    assert (entry.action, entry.outcome) == ("query patient, study", "BAD_USER_INPUT")


def test_a_look_at_the_schema_is_no_read(hospital: Api) -> None:
    before = count(hospital)
    hospital.data("{ __schema { types { name } } }")
    assert count(hospital) == before


def test_many_at_once_are_all_written(hospital: Api) -> None:
    before = count(hospital)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: hospital.data("{ findings(first: 1) { edges { cursor } } }"), range(40)))
    assert count(hospital) == before + 40


NAMING = ["{where}", "{{and: [{where}]}}", '{{or: [{where}, {{modality: ["CT"]}}]}}', "{{not: {where}}}"]


@pytest.mark.parametrize("tree", NAMING)
@pytest.mark.parametrize(
    "question",
    [
        "{{ findings(where: {tree}) {{ totalCount }} }}",
        "{{ studies(where: {tree}) {{ totalCount }} }}",
        "{{ patients(where: {{hasFinding: {tree}}}) {{ totalCount }} }}",
        "{{ cohort(where: {{finding: {tree}}}) {{ patients {{ count }} }} }}",
        "{{ cohort(where: {{patient: {{hasFinding: {tree}}}}}) {{ patients {{ count }} }} }}",
    ],
)
def test_a_count_about_a_named_patient_names_them_in_the_trail(hospital: Api, question: str, tree: str) -> None:
    """Beside a finding, a count tells whether the patient has it, and so does the difference to all others."""
    where = tree.format(where='{patientId: "somebody"}')
    hospital.data(question.format(tree=where))
    assert newest(hospital).patients == ("somebody",)


NOBODY_IN_PARTICULAR = {
    "concepts",
    "concept",
    "cohort",
    "unmappedTerms",
    "checkpoint",
    "caller",
    "cohortCypher",
    "reviewAgreement",
}
"""Root fields whose answers hold no data of a single patient."""


def asked(api: Api) -> dict[str, str]:
    """A question by each root field, such that its answer holds data of patients where it can."""
    ids = api.data(
        "{ findings(first: 1) { edges { node { id } } } patients(first: 1) { edges { node { patientId } } }"
        " studies(first: 1) { edges { node { studyKey } } } }"
    )
    finding = ids["findings"]["edges"][0]["node"]["id"]
    patient = ids["patients"]["edges"][0]["node"]["patientId"]
    study = ids["studies"]["edges"][0]["node"]["studyKey"]
    report = '{reportId: "audit", text: "No effusion.", patient: {authority: "TESTS", identifier: "anna"}}'
    key = api.data("{ studies(first: 1) { edges { node { reports { reportKey } } } } }")["studies"]["edges"][0]["node"]
    words = f'{{reportKey: "{key["reports"][0]["reportKey"]}", start: 0, end: 8, presence: PRESENT}}'
    return {
        "node": f'{{ node(id: "{finding}") {{ id }} }}',
        "patient": f'{{ patient(patientId: "{patient}") {{ sex }} }}',
        "patients": "{ patients { totalCount edges { cursor } } }",
        "film": f'{{ film(studyKey: "{study}", sopInstanceUid: "1.2") {{ rows }} }}',
        "caller": "{ caller { role } }",
        "study": f'{{ study(studyKey: "{study}") {{ modality }} }}',
        "studies": "{ studies { edges { cursor } } }",
        "findings": "{ findings { edges { cursor } } }",
        "concepts": '{ concepts(search: "effusion", first: 1) { name } }',
        "concept": '{ concept(code: "RID34539") { name } }',
        "cohort": '{ cohort(where: {finding: {concept: {name: "pleural effusion"}}}) { patients { count } } }',
        "reviewAgreement": "{ reviewAgreement { twice } }",
        "cohortCypher": "{ cohortCypher(where: {}) }",
        "unmappedTerms": "{ unmappedTerms { term } }",
        "checkpoint": "{ checkpoint { engine } }",
        "event": '{ event(id: "1") { state } }',
        "events": "{ events { edges { node { state } } } }",
        "eventPayload": '{ eventPayload(id: "1") { size } }',
        "eventParts": '{ eventParts(id: "1") { cut } }',
        "rejections": "{ rejections { edges { node { head } } } }",
        "submitReport": f"mutation {{ submitReport(input: {report}) {{ duplicate }} }}",
        "replayEvent": 'mutation { replayEvent(id: "1") { replayed } }',
        "reviewFinding": f'mutation {{ reviewFinding(id: "{finding}", verdict: CORRECT) {{ finding {{ id }} }} }}',
        "markMissed": f"mutation {{ markMissed(input: {words}) {{ text }} }}",
        "withdrawMissed": 'mutation { withdrawMissed(id: "1") { text } }',
        "missedFindings": f'{{ missedFindings(studyKey: "{study}") {{ text }} }}',
    }


def test_every_root_field_leaves_its_patients_in_the_trail(hospital: Api) -> None:
    """A field that joins the schema must join `asked`, and what it reads must be in the trail."""
    refuse_a_triplet(hospital)
    questions = asked(hospital)
    types = build_schema(SDL.read_text(encoding="utf-8")).type_map
    assert set(questions) == {*types["Query"].fields, *types["Mutation"].fields}
    silent = set()
    for name, question in questions.items():
        hospital.data(question)
        if not newest(hospital).patients:
            silent.add(name)
    assert silent == NOBODY_IN_PARTICULAR | {"film"}, "no study here has a film: see test_study_parts.py"


def refuse_a_triplet(api: Api) -> None:
    """A rejected triplet of one study, as an engine leaves it."""
    with api.ledger.write() as connection:
        extraction_id = connection.execute(select(extractions.c.extraction_id)).scalars().first()
        triplet = {"head": "a", "relation": "modify", "tail": "b", "reason": "type_pair", "detail": ""}
        connection.execute(rejections.insert(), [{"extraction_id": extraction_id, **triplet}])


def test_no_audit_no_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    api = serve()

    def fail(*_: Any, **__: Any) -> None:
        raise OutageError("the ledger does not respond")

    monkeypatch.setattr("ingest.ledger.access.audit.write_all", fail)
    response = api.post({"query": "{ findings { totalCount } }"})
    assert response.status_code == 503
    assert "data" not in response.json()
    assert response.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


def test_the_answer_waits_for_the_commit(serve: Serve) -> None:
    """Another writer holds the ledger: nothing is answered until it lets go."""
    api = serve(VLMKG_API_TIMEOUT=20)
    api.data("{ __typename }")  # so that the key is known
    answered = threading.Event()

    def ask() -> None:
        api.data("{ findings { totalCount } }")
        answered.set()

    with ThreadPoolExecutor(1) as pool:
        with api.ledger.write():
            asking = pool.submit(ask)
            assert not answered.wait(1.5)
        asking.result(10)
    assert newest(api).action == "query findings"


def test_no_error_ends_the_writer(hospital: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer that could not be written down is withheld; the next one is written and leaves."""

    def fail(*_: object) -> None:
        raise RuntimeError("words of a message")

    with monkeypatch.context() as broken:
        broken.setattr(audit, "write_all", fail)
        assert hospital.code("{ findings { edges { cursor } } }") == "SERVICE_UNAVAILABLE"
    assert hospital.data("{ findings { edges { cursor } } }")
