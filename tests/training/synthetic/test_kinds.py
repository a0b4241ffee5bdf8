"""The templates of the generator of kinds: their language, their truths, their lines, and what the rules read of them.

What the rules are known to read wrongly stands in `kinds_misread.tsv`. Who mends it takes it off by
`python -m benchmarks.kinds --rewrite-known`; so does who changes a template.
"""

import json
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from training.data.jsonl import read_files
from training.synthetic.kinds import surface
from training.synthetic.kinds.drawing import draw
from training.synthetic.kinds.families import choose, families, of_template, pools
from training.synthetic.kinds.judging import Outcome, judge
from training.synthetic.kinds.known import DRAWS, misread, misread_keys, read_table, write_table
from training.synthetic.kinds.language import parse_template
from training.synthetic.kinds.links import Links
from training.synthetic.kinds.rows import facts, row
from training.synthetic.kinds.sample import sample
from training.synthetic.kinds.stream import make
from training.train_cli import train
from vlmkg.errors import UsageError
from vlmkg.reading.rules.engine import RulesEngine
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph
from vlmkg.validation import validate

KNOWN = Path(__file__).parent / "kinds_misread.tsv"
ASKED_FOR = {
    "headings", "headings_unknown", "scope_contrast", "scope_side", "scope_list", "attribute_denial", "change",
    "removal", "hedge", "double_denial", "request_history", "question_answer", "tick_box", "leaders_tables",
    "plus_minus", "pertinent_negatives", "icu", "dictation", "spoken_punctuation", "side_abbreviations", "british",
    "misspellings", "devices", "technique", "side_comparison", "lists_measured", "explanations", "measurement",
    "advice", "this", "other_languages", "other_exams",
}  # fmt: skip


def written(line):
    return sample(draw(parse_template("test", line), pools(), Random(1)), pools())


def labels(made):
    letters = {Presence.PRESENT: "P", Presence.UNCERTAIN: "U", Presence.ABSENT: "N"}
    return [(one.text, "A" if one.kind is Kind.ANATOMY else letters[one.presence]) for one in made.graph.mentions]


def edges(made):
    words = [one.text for one in made.graph.mentions]
    return {(words[one.head], one.type.value, words[one.tail]) for one in made.graph.relations}


def test_a_line_gives_a_text_and_what_it_says():
    line = r"No focal/N scar/N,\na <small/P left/A pleural/A effusion/P> at the base/A. ;; focal>scar effusion@base"
    made = written(line)

    assert made.text == "No focal scar,\na small left pleural effusion at the base."
    assert labels(made) == [
        ("focal", "N"),
        ("scar", "N"),
        ("small", "P"),
        ("left", "A"),
        ("pleural", "A"),
        ("effusion", "P"),
        ("base", "A"),
    ]
    assert edges(made) == {
        ("focal", "modify", "scar"),
        ("small", "modify", "effusion"),
        ("left", "modify", "pleural"),
        ("effusion", "located_at", "pleural"),
        ("effusion", "located_at", "base"),
    }


def test_a_place_and_a_tissue_are_two_places():
    assert edges(written("<left/A basilar/A airspace/A opacity/P>")) == {
        ("left", "modify", "basilar"),
        ("opacity", "located_at", "basilar"),
        ("opacity", "located_at", "airspace"),
    }


def test_a_word_that_is_best_not_read_is_no_mention_and_may_be_read_as_allowed():
    made = written("Rule out pneumonia/-U. No scar/N.")

    assert labels(made) == [("scar", "N")]
    assert [(word.allowed, made.text[word.start : word.end]) for word in made.words] == [
        ("-U", "pneumonia"),
        ("N", "scar"),
    ]


def test_what_is_set_aside_is_told_with_its_reason():
    made = written("⟦indication|Indication: {symptom}.⟧ No scar/N.")

    assert [(made.text[start:end][:11], reason) for start, end, reason in made.aside] == [("Indication:", "indication")]


def test_the_same_slot_is_the_same_word_and_other_numbers_are_other_words():
    made = written("{fc1}, {fc1}, {fc2}; {side}, {opp}")
    first, again, other, side, opposite = made.text.replace(";", ",").split(", ")

    assert first == again != other
    assert {side, opposite} == {"left", "right"}


def test_an_article_agrees_with_the_word_that_was_drawn():
    assert written("There is a opacity/P and a mass/P.").text == "There is an opacity and a mass."


@pytest.mark.parametrize("line", ["a scar/P ;; scar>lung", "a scar/P ;; scar?scar", "<scar/P", "[a|b", "{fc", "⟦x y⟧"])
def test_a_wrong_line_is_an_error(line):
    with pytest.raises(ValueError, match=r"called|relation|lacks|slot|reason|defining"):
        parse_template("test", line)


def test_every_family_that_is_asked_for_has_templates():
    assert set(families()) >= ASKED_FOR
    assert all(len(templates) >= 10 for templates in families().values())


@pytest.mark.parametrize("family", sorted(families()))
def test_every_template_gives_a_valid_graph(family):
    for template in families()[family]:
        for number in range(3):
            made = of_template(template, 0, number)
            kept, refused = validate(made.text, made.graph)
            assert (kept, refused) == (made.graph, []), (template.line, made.text)


def test_the_same_seed_and_number_give_the_same_text():
    chosen = choose()

    assert [make(3, number, chosen).text for number in range(80)] == [
        make(3, number, chosen).text for number in range(80)
    ]
    assert make(3, 5, chosen).text != make(4, 5, chosen).text


def test_families_can_be_left_out_and_asked_for():
    without = choose(without=["hedge", "icu"])

    assert set(families()) - set(without.names) == {"hedge", "icu"}
    assert {make(0, number, choose(["icu"])).drawing.template.family for number in range(9)} == {"icu"}
    with pytest.raises(UsageError, match="no family 'nothing'"):
        choose(["nothing"])


def test_common_words_are_drawn_most_and_others_too():
    grades = [word.grade for number in range(600) for word in make(0, number, choose(["plain"])).words if word.drawn]

    assert grades.count("common") > grades.count("rare") > grades.count("invented") > 0


@pytest.mark.parametrize(
    "change",
    [
        surface.capitals,
        surface.small_letters,
        surface.double_blanks,
        lambda made: surface.wrapped(made, 24),
        lambda made: surface.slips(made, Random(0)),
    ],
)
def test_mentions_and_stretches_move_with_the_text(change):
    for number in range(0, 400, 7):
        made = make(1, number, choose(without=["other_languages"]))
        other = change(made)

        assert validate(other.text, other.graph) == (other.graph, [])
        plain = [sorted(word.text.lower().replace(" ", "").replace("\n", "")) for word in made.graph.mentions]
        assert [sorted(word.text.lower().replace(" ", "").replace("\n", "")) for word in other.graph.mentions] == plain
        assert [reason for _, _, reason in other.aside] == [reason for _, _, reason in made.aside]
        assert [other.text[end - 1 : end].lower() for _, end, _ in other.aside] == [
            made.text[end - 1 : end].lower() for _, end, _ in made.aside
        ]


def test_facts_tell_side_and_severity():
    made = written("<Small/P left/A effusion/P>. No scar/N.")

    assert [(one["sides"], one["severity"], one["allowed"]) for one in facts(made)] == [
        (["left"], "mild", "P"),
        ([], None, "N"),
    ]


def read(made, *, label=Presence.PRESENT, side=True):
    """All observations with that label, the first of them at the first place."""
    observed = [(word, Kind.OBSERVATION, label) for word in made.words if word.allowed[0] != "A"]
    places = [(word, Kind.ANATOMY, Presence.PRESENT) for word in made.words if word.allowed[0] == "A"]
    mentions = [
        Mention(word.start, word.end, made.text[word.start : word.end], kind, presence, "findings")
        for word, kind, presence in observed + places
    ]
    relations = [Relation(0, RelationType.LOCATED_AT, len(observed))] if side and places else []
    return ReportGraph(tuple(mentions), tuple(relations))


def test_a_reading_is_judged_by_presence_and_side():
    made = written("<left/A effusion/P>")

    assert judge(made, read(made)).is_right
    assert judge(made, read(made, label=Presence.ABSENT)).facts[0].outcome is Outcome.DENIED
    assert judge(made, ReportGraph()).facts[0].outcome is Outcome.UNREAD
    assert judge(made, read(made, side=False)).facts[0].wrong_links == ("side left, read none",)
    denied = written("no effusion/N")
    assert judge(denied, read(denied)).facts[0].outcome is Outcome.FALSE_PRESENT
    assert judge(written("nothing"), read(made)).invented == ("effusion",)


def test_sides_are_read_from_letters():
    made = written("RUL/A mass/P ;; mass@rul")

    assert Links.of_sample(made).side(1) == {"right"}


def test_the_lines_are_read_by_the_trainer(tmp_path):
    out = tmp_path / "kinds.jsonl"
    arguments = ["data", "kinds", "--count", "60", "--seed", "7", "--without", "plain", "--out", str(out)]
    result = CliRunner().invoke(train, arguments)

    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["synthetic"] is True
    rows, _ = read_files([out])
    chosen = choose(without=["plain"])
    assert [one.report for one in rows] == [make(7, number, chosen).text for number in range(60)]
    assert [one.graph for one in rows] == [make(7, number, chosen).graph for number in range(60)]
    assert {one.split for one in rows} == {"train", "validation", "test"}
    assert all(json.loads(line)["synthetic"] for line in out.read_text(encoding="utf-8").splitlines())
    assert CliRunner().invoke(train, arguments).exit_code != 0


def test_the_page_shows_mentions_and_what_is_set_aside(tmp_path):
    out = tmp_path / "kinds.html"
    result = CliRunner().invoke(train, ["data", "kinds-page", "--only", "headings", "--count", "1", "--out", str(out)])

    assert result.exit_code == 0, result.output
    page = out.read_text(encoding="utf-8")
    assert "Synthetic" in page
    assert "<mark" in page
    assert 'title="indication"' in page


def test_a_line_tells_family_template_and_language():
    made = make(0, 0, choose(["other_languages"]))
    line = row(made, "K0")

    assert (line["family"], line["template"]) == ("other_languages", made.drawing.template.name)
    assert line["language"] != "en"
    assert line["mentions"] == []


def test_a_table_of_what_is_known_keeps_what_stays(tmp_path):
    path = tmp_path / "known.tsv"
    write_table(path, "heading", {("a", "b"): "old", ("c", "d"): "gone"})
    write_table(path, "heading", {("a", "b"): "new", ("e", "f"): "come"})

    assert read_table(path) == {("a", "b"): "old", ("e", "f"): "come"}


@pytest.fixture(scope="module")
def wrong():
    return misread(RulesEngine().extract, 0, DRAWS)


def test_the_rules_read_every_template_that_is_not_listed(wrong):
    known = read_table(KNOWN)
    new = [
        f"{one.template} {one.judgement.sample.text!r}: {one.reason}" for one in wrong if (one.template,) not in known
    ]

    assert not new, f"{len(new)} templates are read wrongly:\n" + "\n".join(sorted(new, key=len)[:20])


def test_what_is_listed_is_still_read_wrongly(wrong):
    mended = set(read_table(KNOWN)) - set(misread_keys(wrong))

    assert not mended, f"read rightly by now, take them off with benchmarks.kinds --rewrite-known: {mended}"
