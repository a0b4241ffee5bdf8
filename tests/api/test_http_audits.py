"""GraphQL over HTTP as the audits of the reference implementation see it (npm: graphql-http)."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api

FOLDER = Path(__file__).parent / "http_audits"
NOT_TAKEN = {
    "9C48": "any GET shows the explorer's page, whatever it asks, and runs nothing",
    "D6D5": "queries by GET",
    "6A70": "queries by GET",
    **{f"58B{number}": "`extensions` of a request is not looked at" for number in range(4)},
}
"""The audits of what a server may do and this one does not, each with what that is."""

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not on the PATH"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules").is_dir(), reason="the audits are not installed: call `make http-audits`"
    ),
]


def test_the_reference_audits_find_nothing(hospital: Api) -> None:
    url = f"{str(hospital.client.base_url).rstrip('/')}/graphql"
    done = subprocess.run(
        ["node", "audit.mjs", url],
        cwd=FOLDER,
        env=os.environ | {"AUDIT_KEY": hospital.keys[Role.VIEWER]},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    results = json.loads(done.stdout)
    assert len(results) == 61
    noted = {result["id"]: result for result in results if result["status"] != "ok"}
    assert [result for result in noted.values() if result["status"] != "notice"] == []
    assert set(noted) == set(NOT_TAKEN)
