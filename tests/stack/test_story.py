"""What the demo shows at its end."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from stack.demo.extras import disputed_reports, extras
from stack.demo.story import look_around, signing_in
from stack.simulate.hospital_day import hospital_day
from stack.simulate.traffic import text_of
from vlmkg import Reader
from vlmkg.data_dir import DataDir, Endpoints

ENDPOINTS = Endpoints(
    page="http://127.0.0.1:8000/",
    graphql="http://127.0.0.1:8000/graphql",
    browser="http://127.0.0.1:7474/browser/",
    neo4j_username="neo4j",
    neo4j_password="a-password",
    api_key="vlmkg_a-key",
)


@pytest.mark.parametrize("terminal", [True, False])
def test_its_keys_are_shown_on_a_terminal_and_in_no_log(tmp_path: Path, terminal: bool) -> None:
    shown = io.StringIO()
    look_around(Console(file=shown, force_terminal=terminal, width=300, highlight=False), DataDir(tmp_path), ENDPOINTS)
    said = shown.getvalue()
    assert "http://127.0.0.1:7474/browser/" in said
    assert ("vlmkg_a-key" in said) == ("a-password" in said) == terminal
    for name in ("api.key", "neo4j.password"):
        assert (str(tmp_path / "secrets" / name) in said) != terminal


def test_it_leads_to_a_disputed_study_if_there_is_one(tmp_path: Path) -> None:
    shown = io.StringIO()
    console = Console(file=shown, width=300, highlight=False)
    assert signing_in(console, DataDir(tmp_path), ENDPOINTS).startswith("http://127.0.0.1:8000/   sign in")
    look_around(console, DataDir(tmp_path), ENDPOINTS, "k1")
    assert "http://127.0.0.1:8000/studies/k1" in shown.getvalue()
    look_around(Console(file=io.StringIO()), DataDir(tmp_path), ENDPOINTS)


def test_what_is_sent_beside_the_day_is_no_part_of_it() -> None:
    day = hospital_day()
    sent = [message for _, message in extras()]
    assert [message.door for message in sent].count("dicom") == 1
    assert {one.accession for one in day}.isdisjoint({one.accession for one in disputed_reports()})
    assert {one.patient.mrn for one in day}.isdisjoint({one.patient.mrn for one in disputed_reports()})


def test_model_and_rules_disagree_on_the_disputed_report() -> None:
    reading = Reader(engine="model").read(text_of(disputed_reports()[-1]))
    assert [one.text for one in reading.mentions if one.disputed and one.other_presence is not None]
