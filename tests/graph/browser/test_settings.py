"""What the server tells Neo4j Browser, and the guide that it opens."""

import json
import re
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from graph.browser.cli import browser_settings
from graph.browser.guide import PATH, guide_html, read_questions
from graph.browser.guide_server import guide_served
from graph.browser.settings import STYLE, read_style, server_settings
from graph.status import MODEL_LABELS

DOCS = Path(__file__).parents[3] / "docs"
GUIDE = "http://localhost:8000/browser/guide.html"


def test_the_style_knows_every_label_and_loses_nothing() -> None:
    rules = read_style()
    assert {f"node.{label}" for label in MODEL_LABELS} <= set(rules)
    lines = [line for line in STYLE.read_text().splitlines() if line.endswith("{") or line.startswith(("node.", "rel"))]
    assert len(rules) == len(lines)
    assert sum(len(properties) for properties in rules.values()) == STYLE.read_text().count(";")


def test_a_finding_is_captioned_with_its_presence() -> None:
    assert read_style()["node.Finding"]["caption"] == "{presence}: {text}"


def test_the_commands_are_the_style_and_the_guide() -> None:
    style, clear, play = re.split(r"; (?=clear|play)", server_settings(GUIDE)["browser.post_connect_cmd"])
    assert json.loads(style.removeprefix("style ")) == read_style()
    assert (clear, play) == ("clear", f"play {GUIDE}")
    assert server_settings()["browser.post_connect_cmd"] == style


def test_a_setting_is_one_line() -> None:
    assert all("\n" not in value and "\\" not in value for value in server_settings(GUIDE).values())


def test_the_command_prints_lines_and_variables() -> None:
    lines = CliRunner().invoke(browser_settings, ["--guide", GUIDE]).stdout.splitlines()
    assert dict(line.split("=", 1) for line in lines) == server_settings(GUIDE)
    variables = CliRunner().invoke(browser_settings, ["--docker"]).stdout.splitlines()
    assert [line.split("=", 1)[1] for line in variables] == list(server_settings().values())
    assert variables[0].startswith("NEO4J_browser_post__connect__cmd=style {")


def test_the_questions_are_those_of_the_docs() -> None:
    picture, *ten = read_questions()
    page = (DOCS / "research.md").read_text()
    queries = re.findall(r"```cypher\n(.*?)\n```", page, flags=re.DOTALL)
    titles = re.findall(r"^\*\*\d+\. (.*?)\*\*", page, flags=re.MULTILINE)
    assert [question.query for question in ten] == queries
    assert [question.title for question in ten] == titles
    assert picture.query in (DOCS / "data-model.md").read_text()


def test_the_guide_shows_queries_as_they_are() -> None:
    html = guide_html()
    assert html.count("runnable") == 11
    assert "-[:IS_A*0..]-&gt;(" in html
    assert "<script" not in html


def test_the_guide_is_served_to_any_browser_that_asks_first() -> None:
    with guide_served() as address:
        assert address.endswith(PATH)
        first = httpx2.options(address, trust_env=False)
        assert (first.status_code, first.headers["access-control-allow-headers"]) == (204, "cache-control, pragma")
        answer = httpx2.get(address, trust_env=False)
        assert (answer.status_code, answer.text) == (200, guide_html())
        assert answer.headers["access-control-allow-origin"] == "*"
        assert httpx2.get(address.replace("guide", "other"), trust_env=False).status_code == 404
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(address, trust_env=False)
