"""`vlmkg graph research-copy` on the real server, of a hospital with identifiers everywhere."""

import hashlib
import json
import re
import shlex
import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import LiteralString

import httpx2
import pytest
from neo4j import Driver
from neo4j.exceptions import ServiceUnavailable
from pydantic import SecretStr

from graph.browser.guide import guide_html
from graph.bulk.tables import loader_arguments
from graph.connection import open_driver
from graph.errors import ResearchCopyError, ResearchTargetError
from graph.migrate import migrate
from graph.research.browsing import browsed
from graph.research.dictionary import TABLES
from graph.settings import Neo4jSettings
from graph.status import BOOKKEEPING, LABELS, TYPES
from graph.verify import violations
from ingest.ledger.access import audit
from tests.fixtures.neo4j_server import Neo4jServer
from tests.fixtures.ports import free_port
from tests.ingest.research.looking import (
    Hospital,
    answers,
    call,
    count_rows,
    keys,
    lines,
    made,
    planted_in,
    strings,
    table,
    values,
    values_at_rest,
)
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.vocabulary import load_vocabulary

PATIENTS, STUDIES = 14, 38
AGES: LiteralString = """
MATCH (p:Patient)-[:HAS_STUDY]->(s) WHERE p.birthYear IS NOT NULL RETURN DISTINCT s.startedAt.year - p.birthYear AS age
"""
PLAUSIBLE = set(range(52, 66))
"""Ages in the live graph, or one off; the others are 93 and 94 there."""
PAGE = Path(__file__).parents[3] / "docs" / "research.md"
QUESTIONS: list[LiteralString] = re.findall(r"```cypher\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
TOLD = "CALL dbms.clientConfig() YIELD name, value WHERE name = 'browser.post_connect_cmd' RETURN value"
ANSWERED = {1, 2, 9, 10}
"""Questions to which this small hospital has an answer."""


def test_no_identifier_is_in_the_copy_and_every_answer_is_the_same(
    hospital: Hospital, data: DataDir, graph: Driver, place: str, tmp_path: Path
) -> None:
    names = keys(hospital)
    said = " ".join(value for _, _, value in hospital.values)
    assert {"quackenbush", "03/14/2019", "2.999.4711", "2024-"} <= set(planted_in(said)), "they are in the live graph"

    facts = made(data, "--neo4j", place, "--files", str(tmp_path / "files"))

    assert answers(graph) == hospital.answers
    assert set(violations(graph).values()) == {0}
    told = [(of, name, value) for of, name, value in values(graph) if of not in BOOKKEEPING]
    assert not [row for row in told if planted_in(row[2]) and row[1] != "manifest"]
    assert not [row for row in told if names & set(row[2].lower().split("\0"))]
    ages = {row["age"] for row in graph.execute_query(AGES).records}
    assert all(age in PLAUSIBLE or age >= 300 for age in ages)
    assert ages & PLAUSIBLE
    assert ages - PLAUSIBLE
    secret = (data.secrets / "research" / "lung.key").read_text()
    for file in (tmp_path / "files").iterdir():
        content = file.read_text().lower()
        assert not [name for name in {*names, secret, "quackenbush"} if name in content], file.name
        assert not planted_in(content.replace(facts["madeOn"], "")), file.name
    assert facts["maskedMentions"] > 20
    assert facts["counts"]["Patient"] == PATIENTS


def test_the_files_say_what_the_graph_says(data: DataDir, graph: Driver, place: str, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    facts = made(data, "--neo4j", place, "--files", str(folder))
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    assert {each["name"] for each in listed} == {path.name for path in folder.iterdir()} - {"manifest.json"}
    for each in listed:
        assert each["sha256"] == hashlib.sha256((folder / each["name"]).read_bytes()).hexdigest()
        assert each.get("rows", 0) == max(0, len(lines(folder / each["name"])) - 1) or not each["name"].endswith(".csv")
    in_files = count_rows(folder)
    counted = {row[0]: row[1] for row in graph.execute_query(LABELS).records}
    assert {name: in_files[name] for name in counted if name not in BOOKKEEPING} == {
        name: count for name, count in counted.items() if name not in BOOKKEEPING
    }
    counted = {row[0]: row[1] for row in graph.execute_query(TYPES).records}
    assert {name: in_files[name] for name in counted} == counted
    mentions = {row["mentionId:ID(Mention)"]: row for row in table(folder / "mentions.csv")}
    for record in graph.execute_query("MATCH (m:Mention) RETURN m {.*} AS m").records:
        node, row = record["m"], mentions[record["m"]["mentionId"]]
        for name in ("text", "presence", "section", "witness", "conceptCode", "laterality", "severity", "pageKey"):
            assert (node.get(name) or "") == row[name]
        if when := node.get("studiedAt"):
            assert when.to_native() == datetime.fromisoformat(row["studiedAt:datetime"])
        assert ";".join(node.get("placeCodes", [])) == row["placeCodes:string[]"]
    marker = graph.execute_query("MATCH (c:ResearchCopy) RETURN c {.*} AS c").records[0]["c"]
    assert (marker["project"], marker["digest"]) == ("lung", facts["digest"])
    assert json.loads(marker["manifest"]) == {name: value for name, value in facts.items() if name != "neo4j"}


@pytest.mark.parametrize("number", range(10))
def test_a_question_of_the_page_runs(data: DataDir, graph: Driver, place: str, number: int) -> None:
    if number == 0:
        made(data, "--neo4j", place)
    assert len(QUESTIONS) == 10
    answer = graph.execute_query(QUESTIONS[number]).records
    assert answer or number + 1 not in ANSWERED
    names = set(re.findall(r"name: '([^']+)'", QUESTIONS[number]))
    assert names <= {concept.name for concept in load_vocabulary().concepts}


def test_done_again_it_replaces_what_changed(data: DataDir, graph: Driver, place: str) -> None:
    first = made(data, "--neo4j", place)
    assert first["counts"]["Study"] == STUDIES
    before = values_at_rest(graph)
    again = made(data, "--neo4j", place)
    assert (again["neo4j"], again["digest"]) == ({"written": 0, "unchanged": STUDIES, "removed": 0}, first["digest"])
    assert values_at_rest(graph) == before

    few = made(data, "--neo4j", place, "--from", "2025", "--to", "2025")
    # Who is older than 89 has another birth year by the first study of this copy.
    assert few["neo4j"]["written"] + few["neo4j"]["unchanged"] == 12
    assert few["neo4j"]["unchanged"] >= 9
    assert few["neo4j"]["removed"] == STUDIES - 12
    assert few["digest"] != first["digest"]
    assert set(violations(graph).values()) == {0}
    assert made(data, "--neo4j", place)["neo4j"]["written"] >= STUDIES - 12
    assert values_at_rest(graph) == before


def test_whoever_has_the_login_can_write_and_anew_does_not_trust_them(data: DataDir, graph: Driver, place: str) -> None:
    made(data, "--neo4j", place)
    before = values_at_rest(graph)
    graph.execute_query("MATCH (f:Finding) WHERE f.presence = 'absent' SET f.presence = 'present'")
    graph.execute_query("CREATE (:Note {text: 'mine'})")
    made(data, "--neo4j", place, "--anew")
    assert values_at_rest(graph) == before


def test_two_projects_cannot_be_joined(data: DataDir, graph: Driver, tmp_path: Path) -> None:
    for project in ("lung", "heart"):
        made(data, "--files", str(tmp_path / project), project=project)
    one, other = (strings(tmp_path / project) for project in ("lung", "heart"))
    shared = {text for text in one & other if len(text) > 30}
    vocabulary = strings(tmp_path / "lung", "concepts.csv", "is_a.csv", "part_of.csv", "research_copy.csv")
    engines = {row["engineDigest"] for row in table(tmp_path / "lung" / "extractions.csv")}
    # Lists of concepts say what the findings beside them say. They are made of the vocabulary's codes alone.
    lists = {text for text in shared if all(code in vocabulary or not code.strip("_ ") for code in text.split(";"))}
    assert shared - lists <= vocabulary | engines
    starts = [{row["startedAt:datetime"] for row in table(tmp_path / p / "studies.csv")} for p in ("lung", "heart")]
    assert starts[0] & starts[1] <= {""}
    mentions = [Counter(row["text"] for row in table(tmp_path / p / "mentions.csv")) for p in ("lung", "heart")]
    assert mentions[0] == mentions[1], "they say the same all the same"
    texts = [[row["text"] for row in table(tmp_path / p / "mentions.csv")] for p in ("lung", "heart")]
    assert texts[0] != texts[1], "and not in the same order, which would tell who is who"


def test_the_live_graph_is_refused_by_whatever_address(
    data: DataDir, graph: Driver, place: str, neo4j_server: Neo4jServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = values_at_rest(graph)
    for name, value in neo4j_server.environment.items():
        monkeypatch.setenv(name, value)
    for uri in (place, place.replace("127.0.0.1", "localhost")):
        result = call(data, "--neo4j", uri)
        assert isinstance(result.exception, ResearchTargetError)
        assert "live graph" in str(result.exception)
    assert values_at_rest(graph) == before


def test_a_live_graph_that_nobody_named_is_left_alone(hospital: Hospital) -> None:
    assert isinstance(hospital.refused.exception, ResearchTargetError)
    assert "not a research copy" in str(hospital.refused.exception)
    assert sorted(hospital.values) == sorted(hospital.after_refusal)


def test_another_project_s_copy_is_left_alone(data: DataDir, graph: Driver, place: str, tmp_path: Path) -> None:
    made(data, "--neo4j", place, "--files", str(tmp_path / "lung"))
    before = values_at_rest(graph)
    arguments = (("--neo4j", place), ("--files", str(tmp_path / "lung")))
    for argument in arguments:
        result = call(data, *argument, project="heart")
        assert isinstance(result.exception, ResearchTargetError)
        assert "lung" in str(result.exception)
    file = data.secrets / "research" / "lung.key"
    key = file.read_text()
    file.unlink()
    for argument in arguments:
        result = call(data, *argument)
        assert isinstance(result.exception, ResearchTargetError)
        assert "another key" in str(result.exception)
    file.write_text(key)
    assert values_at_rest(graph) == before


def test_a_folder_of_other_things_is_left_alone(data: DataDir, hospital: Hospital, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("do not lose")
    result = call(data, "--files", str(tmp_path / "mine"))
    assert isinstance(result.exception, ResearchTargetError)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    assert not list(tmp_path.glob(".*"))


def test_the_service_never_writes_into_a_copy(data: DataDir, graph: Driver, place: str) -> None:
    made(data, "--neo4j", place)
    with pytest.raises(ResearchCopyError):
        migrate(graph)


def test_what_was_masked_is_listed_for_the_operator_and_may_be_let_through(data: DataDir, tmp_path: Path) -> None:
    listed = tmp_path / "masked.tsv"
    made(data, "--files", str(tmp_path / "files"), "--masked-words", str(listed))
    assert listed.stat().st_mode & 0o777 == 0o600
    words = dict(line.split("\t") for line in listed.read_text().splitlines())
    assert words["quackenbush"] == "12"
    keep = tmp_path / "keep.txt"
    keep.write_text("# looked through\nquackenbush\t12\n")
    facts = made(data, "--files", str(tmp_path / "files"), "--keep-words", str(keep))
    assert facts["settings"]["reviewedWords"] == 1
    assert "Quackenbush" in (tmp_path / "files" / "mentions.csv").read_text()
    assert "Zebulon" not in (tmp_path / "files" / "mentions.csv").read_text()


def test_a_subset_by_concept_modality_and_list(hospital: Hospital, data: DataDir, tmp_path: Path) -> None:
    files = ("--files", str(tmp_path / "files"))
    every = sorted(hospital.of("Patient", "patientId"))
    chosen = tmp_path / "patients.txt"
    chosen.write_text("\n".join([every[0], every[5], "nobody"]))
    facts = made(data, *files, "--patients", str(chosen))
    assert facts["counts"]["Patient"] == 2
    assert facts["settings"]["listOfPatients"] == 3
    assert made(data, *files, "--modality", "CR")["counts"]["Study"] == 36
    assert made(data, *files, "--modality", "CT")["counts"] == {}
    # Each of the twelve has had the report that tells of one; the two of the films have no report.
    assert made(data, *files, "--concept", "granuloma")["counts"]["Patient"] == 12
    assert isinstance(call(data, *files, "--concept", "no such thing").exception, UsageError)


def test_rare_concepts_give_way_and_no_presence_is_lost(data: DataDir, graph: Driver, place: str) -> None:
    facts = made(data, "--neo4j", place, "--min-patients", "12")
    cells = graph.execute_query("""
        MATCH (p:Patient)-[:HAS_STUDY]->(s)-[:HAS_REPORT]->(r)<-[:READ]-()-[:FOUND]->(m:Mention)-[:REFERS_TO]->(c)
        WHERE c.code <> '___' RETURN c.code AS code, m.presence AS presence, count(DISTINCT p) AS n""").records
    assert cells
    assert min(row["n"] for row in cells) >= 12
    plain = made(data, "--neo4j", place)
    assert plain["findingsByPresence"] == facts["findingsByPresence"]
    assert plain["maskedMentions"] < facts["maskedMentions"]


def test_who_copied_whom_is_in_the_audit_trail(hospital: Hospital, data: DataDir, tmp_path: Path) -> None:
    made(data, "--files", str(tmp_path / "files"))
    with hospital.ledger.read() as connection:
        entry, *_ = audit.entries(connection, limit=9)
    every = set(hospital.of("Patient", "patientId"))
    assert (entry.action, set(entry.patients), entry.outcome) == ("research-copy lung", every, "ok")


def test_without_a_place_or_a_password_it_says_so(data: DataDir) -> None:
    assert "--files" in call(data).exception.remedy  # type: ignore[union-attr]
    result = call(data, "--neo4j", "bolt://127.0.0.1:1")
    assert isinstance(result.exception, UsageError)
    assert "VLMKG_RESEARCH_NEO4J_PASSWORD" in result.exception.remedy


def test_without_a_terminal_it_tells_counts_and_digest(data: DataDir, tmp_path: Path) -> None:
    result = call(data, "--files", str(tmp_path / "files"))
    assert result.exit_code == 0
    assert "digest" in result.stdout
    assert not planted_in(result.output)


@pytest.mark.long
def test_the_files_are_browsed_in_a_neo4j_of_their_own(hospital: Hospital, data: DataDir, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    made(data, "--files", str(folder))
    words = shlex.split((folder / "load.sh").read_text().partition("import full neo4j ")[2].replace("\\\n", " "))
    assert words == loader_arguments(TABLES)
    ports = ("--bolt-port", str(free_port()), "--http-port", str(free_port()))
    command = (sys.executable, "-c", "from graph.research.cli import browse; browse()", str(folder), *ports)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = {line.split()[0]: line.split()[1:] for line in iter(process.stdout.readline, "ready\n")}
        try:
            username, password = said["login"]
            login = Neo4jSettings(uri=said["Bolt"][0], username=username, password=SecretStr(password))
            with open_driver(login) as driver:
                assert answers(driver) == hospital.answers
                assert set(violations(driver).values()) == {0}
                # What Neo4j Browser is told after a login: the guide, which this command serves.
                (commands,) = driver.execute_query(TOLD).records[0]
                assert httpx2.get(commands.rpartition(" ")[2], trust_env=False).text == guide_html()
                with pytest.raises(ResearchCopyError):
                    migrate(driver)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert process.stdout.read() == "ended\n"
        assert process.wait() == 0
    with open_driver(login) as driver, pytest.raises(ServiceUnavailable):
        driver.verify_connectivity()


@pytest.mark.parametrize("has", ["nothing", "manifest"])
def test_what_is_no_copy_is_not_browsed(tmp_path: Path, has: str) -> None:
    if has == "manifest":
        (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(UsageError), browsed(tmp_path, tmp_path / "home", bolt_port=1, http_port=2):
        pass
    assert not (tmp_path / "home").exists()


def test_a_home_of_other_things_is_left_alone(data: DataDir, tmp_path: Path) -> None:
    made(data, "--files", str(tmp_path / "files"))
    (tmp_path / "thesis.txt").write_text("do not lose")
    with pytest.raises(UsageError), browsed(tmp_path / "files", tmp_path, bolt_port=1, http_port=2):
        pass
    assert (tmp_path / "thesis.txt").exists()
