"""The page with many studies: a list that does not jump, a hundred reviews by keys alone, a slow network."""

import json
from collections.abc import Iterator

import pytest
from neo4j import Driver

from ingest.ledger.access.api_keys import Role
from tests.api.conftest import EFFUSION, Api, Workshop, submission
from tests.fixtures.browser import CHROMIUM, opened_tab
from tests.fixtures.neo4j_server import Neo4jServer, empty
from tests.page.driving import Person

pytestmark = pytest.mark.long

STUDIES = 130
SUBMIT = "mutation ({names}) {{ {fields} }}"
ROW = "document.querySelectorAll('table.rows tbody tr').length"
LOADED = "Math.max(...[...document.querySelectorAll('[aria-rowindex]')].map(row => row.ariaRowIndex - 1))"
"""The number of rows down to the last one that is drawn: those far above are not."""
LINKS = "[...document.querySelectorAll('.rows th[scope=row] a')].map(a => a.href)"
DRAWN = "document.querySelectorAll('.studies-list tbody tr[aria-rowindex]').length"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, neo4j_driver: Driver, neo4j_server: Neo4jServer) -> Iterator[Api]:
    """Many studies of as many patients, each with a finding that is present and one that is absent."""
    empty(neo4j_server, neo4j_driver)
    workshop = Workshop(tmp_path_factory.mktemp("archive"), neo4j_server, neo4j_driver)
    api = workshop.serve(VLMKG_API_TIMEOUT=120)
    for first in range(0, STUDIES, 25):
        numbers = range(first, min(first + 25, STUDIES))
        names = ", ".join(f"$i{number}: SubmitReportInput!" for number in numbers)
        fields = " ".join(f"r{number}: submitReport(input: $i{number}) {{ duplicate }}" for number in numbers)
        given = {
            f"i{number}": submission(
                f"r{number}",
                EFFUSION,
                f"p{number}",
                startedAt=f"2024-01-01T{number // 60:02}:{number % 60:02}:00Z",
                studyUid=f"1.2.{number}",
            )
            for number in numbers
        }
        api.data(SUBMIT.format(names=names, fields=fields), **given)
    api.work()
    yield api
    workshop.close()


@pytest.fixture(scope="module")
def reader(archive: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the PATH: make test-page")
    with opened_tab(tmp_path_factory.mktemp("browser")) as tab:
        person = Person(tab, str(archive.client.base_url).rstrip("/"))
        person.look("light")
        person.visit("/studies")
        person.sign_in(archive.keys[Role.VIEWER])
        person.sees(f"{STUDIES} studies", "[role=status]")
        yield person


def test_a_list_that_grows_does_not_move_what_is_in_sight(reader: Person) -> None:
    reader.tab.wait(f"{LOADED} >= 40")
    seen, order = reader.tab.value(LOADED), reader.tab.value(LINKS)
    while seen < STUDIES:
        place = (
            "(() => { window.scrollTo(0, document.body.scrollHeight); const rows = [...document.querySelectorAll("
            "'table.rows tbody tr')]; window.kept = rows.find(row => row.getBoundingClientRect().top > 100);"
            " return window.kept.getBoundingClientRect().top })()"
        )
        before = reader.tab.value(place)
        reader.tab.wait(f"{LOADED} > {seen}")
        assert abs(reader.tab.value("window.kept.getBoundingClientRect().top") - before) < 1
        seen = reader.tab.value(LOADED)
        order += [link for link in reader.tab.value(LINKS) if link not in order]
    assert len(order) == STUDIES


def test_rows_that_are_no_longer_drawn_are_freed(reader: Person) -> None:
    reader.tab.wait("document.querySelector('tr.spacer') !== null")
    reader.tab.call("HeapProfiler.collectGarbage")
    walk = "document.createTreeWalker(document, NodeFilter.SHOW_ALL)"
    drawn = reader.tab.value(
        f"(() => {{ const walk = {walk}; let count = 1; while (walk.nextNode()) count++; return count }})()"
    )
    # A block of rows has 1,700 nodes and more.
    assert reader.tab.call("Memory.getDOMCounters")["nodes"] - drawn < 1000


def test_rows_far_from_the_window_are_not_drawn_and_come_back(reader: Person) -> None:
    reader.tab.value("window.scrollTo(0, document.body.scrollHeight)")
    reader.tab.wait("document.querySelector('tr.spacer') !== null")
    assert reader.tab.value(DRAWN) < STUDIES
    height = reader.tab.value("document.body.scrollHeight")
    last = reader.tab.value(f"{LINKS}.at(-1)")
    reader.tab.value("window.scrollTo(0, 0)")
    reader.tab.wait("document.querySelector('[aria-rowindex=\"2\"]') !== null")
    reader.tab.wait(f"!{LINKS}.includes({json.dumps(last)})")
    assert abs(reader.tab.value("document.body.scrollHeight") - height) < 1
    # The key that goes on from a row that is no longer drawn finds the next one.
    reader.press("j")
    first = reader.tab.wait("document.activeElement.closest('tr')?.ariaRowIndex")
    reader.tab.value("window.scrollTo(0, document.body.scrollHeight)")
    reader.tab.wait(f"{LINKS}.includes({json.dumps(last)})")
    reader.press("j")
    reader.tab.wait(f"document.activeElement.closest('tr')?.ariaRowIndex === '{int(first) + 1}'")


def test_a_hundred_reviews_need_no_mouse(reader: Person, archive: Api) -> None:
    reader.go("/review?queue=any")
    reader.sees(f"{2 * STUDIES} left", ".review")
    for done in range(100):
        if done == 50:
            archive.work()
            reader.press("Enter")
            reader.sees("1 / 50", ".sample")
        reader.press("c")
        reader.tab.wait(f"document.querySelector('[data-done]').dataset.done === '{done % 50 + 1}'")
    agreement = archive.data("{ reviewAgreement { statements reviewers { name statements } } }")["reviewAgreement"]
    assert agreement == {"statements": 100, "reviewers": [{"name": "viewer-key", "statements": 100}]}


def test_on_a_slow_network_the_last_question_counts_and_the_old_answer_stays_in_sight(reader: Person) -> None:
    network = "Network.emulateNetworkConditions"
    reader.go("/studies")
    reader.tab.wait(f"{ROW} === 40")
    reader.tab.call(network, offline=False, latency=1500, downloadThroughput=50_000, uploadThroughput=50_000)
    try:
        reader.go("/studies?presence=absent&finding=RID34539")
        reader.go("/studies?presence=present&finding=RID34539")
        assert reader.tab.value(ROW) == 40
        reader.go("/studies?presence=absent&finding=RID34539")
        reader.tab.wait("document.querySelector('.empty') !== null")
        reader.sees("Nothing found", ".empty")
        assert reader.tab.value(ROW) == 0
        reader.go("/cohort")
        reader.sees("Loading", "main")
        reader.sees("patients", ".totals")
    finally:
        reader.tab.call(network, offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
