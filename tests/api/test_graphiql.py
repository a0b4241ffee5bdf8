"""The explorer's page in a real browser: it works under its own rules, asks nobody else, and leaves nothing behind."""

from pathlib import Path

import pytest

from api.settings import GRAPHIQL
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api
from tests.fixtures.browser import CHROMIUM, opened_tab

RESPONSE = "document.querySelector('.graphiql-response').innerText"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH")
@pytest.mark.skipif(not GRAPHIQL.is_dir(), reason="the explorer's files are not set up")
def test_the_explorer_asks_completes_and_keeps_nothing(hospital: Api, tmp_path: Path) -> None:
    address, key = str(hospital.client.base_url).rstrip("/"), hospital.keys[Role.RESEARCHER]
    with opened_tab(tmp_path / "browser") as tab:
        tab.open(f"{address}/graphql#key={key}")
        tab.wait("document.querySelectorAll('.graphiql-tab').length === 5")
        tab.wait("document.querySelector('.graphiql-editor .view-lines')?.innerText.includes('LeftEffusions')")
        assert tab.value("location.hash") == ""
        tab.value("document.querySelector('.graphiql-execute-button').click()")
        tab.wait(f"{RESPONSE}.includes('totalCount')")
        assert "effusion" in tab.value(RESPONSE)
        # The explorer of the schema shows what introspection brought.
        tab.value("document.querySelector('.graphiql-sidebar button[aria-label*=\"Documentation\"]').click()")
        tab.wait("document.querySelector('.graphiql-doc-explorer')?.innerText.includes('Mutation')")
        assert tab.value("localStorage.length") == 0
        assert tab.value("document.cookie") == ""
        assert tab.complaints == []
        assert {request for request in tab.requests if not request.startswith(("data:", f"{address}/graphql"))} == set()
        assert not any(key in request for request in tab.requests)
        workers = {request.rpartition("/")[2] for request in tab.requests if "worker" in request}
        assert workers <= {"editor.worker.js", "graphql.worker.js", "json.worker.js"}
