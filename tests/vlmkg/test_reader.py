"""`vlmkg.Reader`: the service's readings, in order, in every form; nothing heavy is loaded early."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from itertools import count, islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vlmkg
from tests.readings.second_reader import SecondReader
from vlmkg import Reader, Reading, Report
from vlmkg.engine_protocol import FilmDomain, Lead, Modality, ReportOutput, StudyInput, StudyOutput
from vlmkg.errors import RefusedError, UsageError
from vlmkg.pipeline import load_engine, read_reports, reading_digest
from vlmkg.reader import BATCH
from vlmkg.reading_rows import COLUMNS
from vlmkg.schema import Kind, Presence, ReportGraph

TEXTS = [
    f"{'No' if at % 3 else 'Small left'} pleural effusion. Nodule of {at % 7} mm, possibly old." for at in range(150)
]
RULES = Reader(engine="rules")


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)


def test_importing_and_reading_by_rules_loads_nothing_heavy() -> None:
    script = """
import sys
import vlmkg
assert not [name for name in sys.modules if name.startswith("vlmkg.")], "something was imported"
from vlmkg import Reader
Reader(engine="rules").read("Small effusion.").to_triplets()
heavy = {"torch", "transformers", "numpy", "pandas", "sqlalchemy", "neo4j"} & set(sys.modules)
assert not heavy, heavy
"""
    done = run(script)
    assert done.returncode == 0, done.stderr


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="Writer"):
        vlmkg.Writer  # noqa: B018
    assert set(vlmkg.__all__) == {"Reader", "Reading", "Report"}


def test_it_reads_as_the_pipeline_does() -> None:
    expected = read_reports(load_engine("rules"), TEXTS)
    assert [one.report for one in RULES.read_many(TEXTS, progress=False)] == expected
    assert [one.report for one in map(RULES.read, TEXTS[:5])] == expected[:5]
    assert RULES.digest == reading_digest(load_engine("rules"))


def test_items_of_every_form_keep_their_order_and_keys() -> None:
    items = ["Edema.", ("No edema.", None), Report("Possible edema.", key="c"), Report("")]
    found = RULES.read_many(items, progress=False)
    assert [one.key for one in found] == ["1", "2", "c", "4"]
    assert [[m.presence.value for m in one.mentions] for one in found] == [["present"], ["absent"], ["uncertain"], []]
    assert all(isinstance(one, Reading) for one in found)


@pytest.mark.parametrize("item", [None, 7, (None, "film.png"), Report(b"Edema.")])  # type: ignore[arg-type]
def test_an_item_without_a_text_is_told_by_its_number(item: object) -> None:
    with pytest.raises((UsageError, TypeError)) as caught:
        RULES.read_many(["Edema.", item], progress=False)  # type: ignore[list-item]
    assert not isinstance(caught.value, UsageError) or "item 2" in str(caught.value)


def test_several_processes_read_the_same_in_the_same_order() -> None:
    items = [Report(text, key=f"k{at}") for at, text in enumerate(TEXTS)]
    alone = RULES.read_many(items, progress=False)
    assert RULES.read_many(items, progress=False, processes=2) == alone


def test_a_reader_over_an_open_engine_reads_in_its_own_process() -> None:
    reader = Reader.over(load_engine("rules"))
    assert reader.read("Edema.").report == RULES.read("Edema.").report
    with pytest.raises(UsageError, match="so other processes"):
        reader.read_many(["Edema."], processes=2)


def test_an_endless_source_is_read_as_far_as_it_is_asked_for() -> None:
    taken = []

    def endless():
        for at in count():
            taken.append(at)
            yield f"Nodule of {at} mm."

    assert len(list(islice(RULES.iterate(endless()), 3))) == 3
    assert len(taken) <= 2 * BATCH + 1


def test_progress_shows_nothing_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    RULES.read_many(TEXTS, progress=True)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_rules_take_no_film() -> None:
    with pytest.raises(UsageError, match="does not read images"):
        RULES.read("Clear.", image="film.png")


class Seeing(SecondReader):
    """It notes the films that it is given."""

    film_domain = FilmDomain.SYNTHETIC
    lead = Lead.ALWAYS

    def __init__(self) -> None:
        self.given: list[StudyInput] = []

    def read(self, studies):
        self.given += studies
        return [StudyOutput((ReportOutput(ReportGraph()),), (Modality.TEXT,)) for _ in studies]


def test_films_of_another_domain_are_kept_from_the_engine_and_the_reading_says_so(tmp_path: Path) -> None:
    engine = Seeing()
    reading = Reader.over(engine, films="real").read("Clear.", image=tmp_path / "film.png")
    assert engine.given[0].images == ()
    assert [(one.reason, one.detail) for one in reading.warnings] == [("image_other_domain", "film.png")]
    assert reading.study.warnings == ("image_other_domain",)


@pytest.mark.parametrize("as_bytes", [True, False])
def test_films_of_its_own_domain_are_given_as_they_are(tmp_path: Path, as_bytes: bool) -> None:
    engine, path = Seeing(), tmp_path / "film.png"
    path.write_bytes(b"film")
    Reader.over(engine, films="synthetic").read("Clear.", image=b"film" if as_bytes else str(path))
    assert [(one.key, one.content) for one in engine.given[0].images] == [
        ("image" if as_bytes else "film.png", b"film")
    ]


def test_a_film_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot be read"):
        Reader.over(Seeing(), films="synthetic").read("Clear.", image=tmp_path / "nowhere.png")


def differing(text: str) -> Reading:
    return Reader.over(SecondReader()).read(text)


def test_every_warning_is_shown_whoever_gave_it() -> None:
    shown = {one.reason for text in TEXTS for one in differing(text).warnings}
    stored = {reason for text in TEXTS for reason in differing(text).study.warnings}
    assert shown == stored
    assert {"presence_conflict", "unsure"} <= shown


def test_a_warning_of_the_study_alone_is_shown_too() -> None:
    reading = RULES.read("Edema.")
    study = reading.study.__class__(reading.study.reports, (), (), (), ("nothing_read",))
    assert [one.reason for one in Reading("k", "Edema.", study).warnings] == ["nothing_read"]


def test_triplets_and_radgraph_are_those_of_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("".join(json.dumps({"id": f"k{at}", "text": text}) + "\n" for at, text in enumerate(TEXTS[:9])))
    vlmkg_ = str(Path(sys.executable).with_name("vlmkg"))

    def call(form: str) -> str:
        command = [vlmkg_, "extract", "--engine", "rules", "--format", form, str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    readings = RULES.read_many([Report(text, key=f"k{at}") for at, text in enumerate(TEXTS[:9])], progress=False)
    assert [json.loads(line) for line in call("triplets").splitlines()] == [one.to_triplets() for one in readings]
    assert json.loads(call("radgraph")) == {one.key: one.to_radgraph() for one in readings}


def test_a_table_has_a_row_for_every_mention() -> None:
    pytest.importorskip("pandas")
    for text in TEXTS[:20]:
        reading = differing(text)
        table = reading.to_dataframe()
        assert list(table.columns) == list(COLUMNS)
        report = table[table.image == ""]
        assert list(report.text) == [one.text for one in reading.mentions]
        assert list(report.presence) == [one.presence.value for one in reading.mentions]
        assert list(report[report.finding].mention) == [one.mention for one in reading.findings]
        assert len(table) == len(reading.mentions) + sum(len(seen.graph.mentions) for _, seen in reading.films)


def test_a_table_without_pandas_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from vlmkg import reader_result

    reader_result._pandas.cache_clear()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError) as caught:
        RULES.read("Edema.").to_dataframe()
    assert "pandas" in caught.value.remedy
    reader_result._pandas.cache_clear()


class Marks(HTMLParser):
    """The text that is shown, and the words of each mark by its class."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.marks, self.open, self.depth = "", [], [], 0

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "mark":
            self.marks.append([dict(attrs)["class"], "", ""])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open == ["div", "div"]:
            self.text += data
        elif self.open == ["div", "div", "mark"]:
            self.text += data
            self.marks[-1][1] += data
        elif self.open == ["div", "div", "mark", "sup"]:
            self.marks[-1][2] += data


def marks(reading: Reading) -> Marks:
    page = reading._repr_html_().replace("<br>", "")
    parser = Marks()
    parser.feed(page)
    assert parser.open == []
    return parser


SIGNS = {Presence.PRESENT: "+", Presence.UNCERTAIN: "?", Presence.ABSENT: "\N{MINUS SIGN}"}


@pytest.mark.parametrize(
    "text", [*TEXTS[:10], 'No <b>effusion</b> & no "mass".', "effusion \ud800 mass", "", "\x00 edema"]
)
def test_html_marks_every_mention_by_its_sign_and_shows_the_whole_text(text: str) -> None:
    reading = RULES.read(text)
    found = marks(reading)
    signs = [
        ("anatomy", one.text, "") if one.kind is Kind.ANATOMY else (one.presence.value, one.text, SIGNS[one.presence])
        for one in reading.mentions
    ]
    assert [tuple(one) for one in found.marks] == signs
    shown = text.encode("utf-8", "replace").decode()
    assert found.text.replace("\ufffd", "\x00").startswith(shown.replace("\ufffd", "\x00"))


@given(st.text(st.sampled_from("<>&\"' aeffusion.\n"), max_size=80))
def test_html_escapes_whatever_the_report_holds(text: str) -> None:
    marks(RULES.read(f"No effusion. {text}"))


def test_html_tells_presences_apart_without_colour() -> None:
    page = RULES.read("Effusion. Possible edema. No mass.")._repr_html_()
    lines = {name: page.split(f'class="{name}"')[1].split('style="')[1].split('"')[0] for name in SIGNS}
    assert len({line.split("border-bottom:")[1].split("#")[0] for line in lines.values()}) == 3
    assert "line-through" in lines[Presence.ABSENT]
    assert all(line.count("line-through") == 0 for name, line in lines.items() if name is not Presence.ABSENT)


def test_html_shows_warnings_and_films() -> None:
    readings = [differing(text) for text in TEXTS[:40]]
    shows = [one for one in readings if any(seen.graph.mentions for _, seen in one.films) and one.warnings]
    page = shows[0]._repr_html_()
    assert "On the film 1.2.3" in page
    assert "Warnings" in page
