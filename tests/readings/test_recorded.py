"""The readings of a fixed corpus: when they change, the reading version or the data's digest must have changed too."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.readings import record
from tests.readings.corpus import reader, texts
from tests.readings.record import Record
from vlmkg import normalization, pipeline, reading_version
from vlmkg.normalization.tables import Table, table
from vlmkg.pipeline import load_engine, read_reports, reading_digest
from vlmkg.reading.lexicon import load as lexicon_load
from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.engine import RulesEngine
from vlmkg.reading.rules.report import read_with_aside
from vlmkg.reading_version import data_digest
from vlmkg.schema import Presence

PACKAGE = Path(reading_version.__file__).parent

OPENED = """
import sys
from pathlib import Path
opened = []
package = Path(sys.argv[1])
sys.addaudithook(lambda name, args: opened.append(str(args[0])) if name == "open" else None)
from vlmkg.linearization import film_names
from vlmkg.pipeline import load_engine, reading_digest
reading_digest(load_engine("rules"))
film_names()
for name in sorted({Path(one) for one in opened if not one.endswith((".py", ".pyc"))}):
    if name.is_relative_to(package):
        print(name.relative_to(package).as_posix())
"""


def test_the_corpus_is_large_and_varied():
    assert len(texts()) >= 150
    assert len({len(text) // 50 for text in texts()}) > 8


def test_the_readings_are_those_recorded_for_this_version():
    assert record.compare(record.load(), record.read_all()) == []


def test_two_witnesses_of_the_corpus_differ_in_every_way():
    """Else the record would not see a change of how they are compared."""
    found = read_reports(reader("differing"), texts())
    warned = {warning.reason for one in found for warning in one.warnings}
    conflicts = {"presence_conflict", "kind_conflict", "role_conflict", "concept_conflict"}
    assert conflicts | {"unsure", "set_aside", "truncated"} <= warned


BEFORE = {"rules": Record("i1", {"a": "1", "b": "2"}), "shipped": Record("i2", {"a": "3", "b": "4"})}


def now(identity, readings):
    return {**BEFORE, "rules": Record(identity, readings)}


def test_a_changed_reading_under_the_same_version_says_what_to_do(monkeypatch):
    monkeypatch.setattr(record, "texts", lambda: ("one text",))
    monkeypatch.setattr(record, "_short", lambda text: "b")
    changed = now("i1", {"a": "1", "b": "9"})
    (problem,) = record.compare(BEFORE, changed)
    assert "1 readings changed and the reading version did not" in problem
    assert "make readings ARGS=--raise-version" in problem
    assert "one text" in problem
    assert record.is_undeclared(BEFORE, changed)


@pytest.mark.parametrize(
    "after",
    [
        now("i9", {"a": "1", "b": "9"}),
        now("i9", {"a": "1", "b": "2"}),
        now("i1", {"a": "1", "b": "2", "c": "new text"}),
        now("i1", {"a": "1"}),
    ],
    ids=["version and reading", "version alone", "a new text", "a text less"],
)
def test_a_record_that_is_only_out_of_date_may_be_rewritten(after):
    (problem,) = record.compare(BEFORE, after)
    assert "the record is out of date" in problem
    assert not record.is_undeclared(BEFORE, after)


def test_the_command_raises_the_version_once(tmp_path):
    file = tmp_path / "version.py"
    file.write_text('"""Doc."""\nREADING_VERSION = 9\nOTHER = 1\n')
    record.raise_version(file)
    assert file.read_text() == '"""Doc."""\nREADING_VERSION = 10\nOTHER = 1\n'
    file.write_text("")
    with pytest.raises(ValueError, match="0 times"):
        record.raise_version(file)


def certain(text):
    """As the rules read, but for doubt."""
    graph, aside = read_with_aside(text)
    sure = {Presence.UNCERTAIN: Presence.PRESENT}
    mentions = (replace(one, presence=sure.get(one.presence, one.presence)) for one in graph.mentions)
    return replace(graph, mentions=tuple(mentions)), aside


def test_a_change_of_the_rules_is_seen(monkeypatch):
    """A rule that is gone changes readings and no identity: the record is worth something."""
    monkeypatch.setattr("vlmkg.reading.rules.engine.read_with_aside", certain)
    problems = record.compare(record.load(), record.read_all(("rules", "differing")))
    assert [problem.split(":")[0] for problem in problems] == ["rules", "differing"]
    assert all("the reading version did not" in problem for problem in problems)


def test_every_data_file_of_the_package_is_in_the_identity():
    """A file that is renamed, or added and not declared, does not drop out."""
    ran = subprocess.run([sys.executable, "-c", OPENED, PACKAGE], capture_output=True, text=True, check=True)
    shipped = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    data = {name for name in shipped if Path(name).suffix in {".txt", ".tsv", ".csv"} and "NOTICE" not in name}
    assert data
    assert data - set(ran.stdout.split()) == set()


def test_a_missing_data_file_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("vlmkg.normalization.tables.DATA", tmp_path)
    table.cache_clear()
    try:
        with pytest.raises(FileNotFoundError):
            normalization.all_tables()
    finally:
        table.cache_clear()


@pytest.mark.parametrize("name", [field.name for field in fields(lexicon_load.Lexicon)])
def test_each_part_of_the_lexicon_is_in_the_rules_digest(monkeypatch, name):
    before = RulesEngine().digest
    found = lexicon_load.lexicon()
    value = getattr(found, name)
    other = value | ({"zzz": Word.OTHER} if isinstance(value, dict) else {"zzz"})
    monkeypatch.setattr("vlmkg.reading.lexicon.digest.lexicon", lambda: replace(found, **{name: other}))
    assert RulesEngine().digest != before


@pytest.mark.parametrize("name", list(Table))
def test_each_table_is_in_the_reading_s_digest(monkeypatch, name):
    engine = load_engine("rules")
    before = reading_digest(engine)
    changed = {**normalization.all_tables(), name.value: [*table(name), {"word": "zzz"}]}
    monkeypatch.setattr(normalization, "all_tables", lambda: changed)
    pipeline._tables_digest.cache_clear()
    try:
        assert reading_digest(engine) != before
    finally:
        pipeline._tables_digest.cache_clear()


def test_the_version_is_in_every_digest(monkeypatch):
    before, engine = reading_digest(load_engine("rules")), RulesEngine().digest
    monkeypatch.setattr("vlmkg.reading.rules.engine.READING_VERSION", -1)
    assert RulesEngine().digest != engine
    monkeypatch.setattr("vlmkg.pipeline.READING_VERSION", -1)
    assert reading_digest(load_engine("rules")) != before


def test_equal_data_have_equal_digests_and_unequal_ones_do_not():
    assert data_digest({"a": {1, 2}, "b": {"x": 1, "y": 2}}) == data_digest({"b": {"y": 2, "x": 1}, "a": {2, 1}})
    different = [{}, {"a": None}, {"a": "1"}, {"a": 1}, {"a": [1, 2]}, {"a": [2, 1]}, {"a": {1, 2}}, {"a": {1: 2}}]
    assert len({data_digest(one) for one in different}) == len(different)
    with pytest.raises(TypeError, match="object"):
        data_digest({"a": object()})
