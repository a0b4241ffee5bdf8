"""GraphQL clients that nobody here wrote: gql of Python, graphql-ws of npm."""

import httpx2
import pytest

from tests.clients.conftest import Stack, node, python, steps

pytestmark = [pytest.mark.clients, pytest.mark.timeout(400)]


@pytest.fixture
def event(stack: Stack) -> str:
    """An event that was merged: a report by FHIR."""
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "XR CHEST 2 VIEWS"},
        "subject": {"identifier": {"system": "urn:clients", "value": "followed"}},
        "conclusion": "Small left pleural effusion.",
    }
    headers = {"Authorization": f"Bearer {stack.key}", "Content-Type": "application/fhir+json"}
    address = f"{stack.addresses['fhir']}/DiagnosticReport"
    answer = httpx2.post(address, json=report, headers=headers, timeout=30, trust_env=False)
    assert answer.status_code in {200, 201}
    return str(answer.json()["meta"]["versionId"])


def test_gql(stack: Stack, event: str) -> None:
    said = steps(*python("by_gql"), stack.addresses["graphql"], stack.key, event)
    assert said == {"unknown": "None", "wrong": "GRAPHQL_VALIDATION_FAILED", "followed": "MERGED"}


def test_graphql_ws(stack: Stack, event: str) -> None:
    said = steps(*node("follow"), stack.addresses["graphql"], stack.key, event)
    assert said == {event: "MERGED", "refused": "4403"}
