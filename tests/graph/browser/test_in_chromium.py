"""Neo4j Browser itself in a real Chromium: who connects sees words, colours and the guide, and nobody else is told."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from graph.browser.guide import read_questions
from graph.browser.guide_server import guide_served
from graph.browser.settings import read_style
from graph.connection import open_driver
from graph.local_server import USERNAME, LocalServer, prepare, wait_until_ready
from graph.migrate import migrate
from graph.settings import Neo4jSettings
from graph.writes import Projection, merge_studies
from tests.fixtures.browser import CHROMIUM, Tab, opened_tab
from tests.fixtures.neo4j_server import PASSWORD, SHORT_LIVED
from tests.fixtures.ports import free_port
from tests.graph.test_data_model_page import everything
from tests.page.driving import Person
from tests.page.neo4j_browser import ARROWS, log_in

pytestmark = [pytest.mark.long, pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH")]

CAPTIONS = "[...document.querySelectorAll('svg g.node')].map(one => one.textContent.trim()).join('|')"
SHOWN = ("Patient", "Study", "Report", "Extraction", "Finding", "Anatomy", "Concept")
FRAMES = "document.querySelectorAll('[data-testid=frameCommand]').length"
FRAME = "document.querySelector('[data-testid=frame]').innerText"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server of its own with one study that has everything, set up as `vlmkg up` and `vlmkg graph browse` do."""
    ports = {"bolt_port": free_port(), "http_port": free_port()}
    with guide_served() as guide:
        home = tmp_path_factory.mktemp("browser") / "home"
        made = prepare(home, **ports, password=PASSWORD, guide=guide, java_options=SHORT_LIVED)
        process = subprocess.Popen(made.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_ready(made, PASSWORD, alive=lambda: process.poll() is None)
            with open_driver(Neo4jSettings(uri=made.uri, username=USERNAME, password=SecretStr(PASSWORD))) as driver:
                migrate(driver)
                merge_studies(driver, lambda: Projection([everything()]))
            yield made
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def tab(server: LocalServer, tmp_path: Path) -> Iterator[Tab]:
    """A person who has logged in, and done nothing else."""
    with opened_tab(tmp_path) as opened:
        person = Person(opened, server.browser)
        person.look("light")
        log_in(person, USERNAME, PASSWORD)
        assert opened.value(f"{ARROWS}.length") == len(read_questions())
        yield opened


def test_who_connects_sees_words_colours_and_the_guide(tab: Tab) -> None:
    assert "One study as a picture" in tab.value("document.body.innerText")
    tab.value(f"{ARROWS}[0].click()")
    tab.wait("document.querySelectorAll('svg g.node').length >= 12")
    captions = tab.value(CAPTIONS).split("|")
    # Browser breaks long captions into lines and cuts them.
    assert sum(caption.startswith("present:") for caption in captions) == 2
    assert "patient" in captions
    assert not [caption for caption in captions if len(caption) == 64]
    fills = "[...document.querySelectorAll('svg g.node circle')].map(one => one.getAttribute('fill') ?? '').join('|')"
    colours = {name: rule["color"] for name, rule in read_style().items() if "color" in rule}
    assert {colours[f"node.{label}"] for label in SHOWN} <= set(tab.value(fills).split("|"))


def test_each_question_runs_by_one_click(tab: Tab) -> None:
    for number, question in enumerate(read_questions()):
        before = tab.value(FRAMES)
        tab.value(f"{ARROWS}[{number}].click()")
        tab.wait(f"{FRAMES} === {before + 1}")
        # Browser shows the query on one line, so its first line is looked for.
        tab.wait(f"{FRAME}.includes({question.query.splitlines()[0][:40]!r})")
        tab.wait(f"/Started streaming|records|Displaying|No changes/.test({FRAME})")
        assert "Neo.ClientError" not in tab.value(FRAME), question.title


def test_no_other_address_is_reached(tab: Tab, server: LocalServer) -> None:
    own = ("http://127.0.0.1:", "data:", "blob:")
    outside = [address for address in tab.requests if not address.startswith(own)]
    # Browser tries; its policy forbids each of them before anything is sent.
    refused = " ".join(tab.complaints)
    assert not [address for address in outside if address not in refused]
