"""The reader of segments against its twin, the `hl7` package, and against limits that the package has not."""

import json
import time
from pathlib import Path

import hl7 as twin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import MessageRefusedError
from ingest.formats.hl7.escapes import Separators, unescape
from ingest.formats.hl7.lines import read_lines
from ingest.formats.hl7.segments import read_separators

ATOM = st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd"), include_characters=" .-"), max_size=6)
COMPONENT = st.lists(ATOM, min_size=1, max_size=3).map("&".join)
REPETITION = st.lists(COMPONENT, min_size=1, max_size=3).map("^".join)
FIELD = st.lists(REPETITION, min_size=1, max_size=3).map("~".join)
SEGMENT = st.tuples(st.sampled_from(["PID", "OBR", "OBX"]), st.lists(FIELD, min_size=1, max_size=8))


def assert_same(message: str) -> None:
    segments = read_lines(message).segments
    others = [
        segment for segment in twin.parse(message) if str(segment[0]) in {"MSH", "PID", "ORC", "OBR", "OBX", "ZDS"}
    ]
    assert [segment.name for segment in segments] == [str(other[0]) for other in others]
    for segment, other in zip(segments, others, strict=True):
        for number in range(1, len(other)):
            assert segment.field(number) == str(other[number])


def element(message: str, place: tuple[str, int, int, int, int]) -> str:
    """One subcomponent as the twin has it; empty where it has none."""
    name, field, repetition, component, subcomponent = place
    try:
        found = twin.parse(message).extract_field(name, 1, field, repetition, component, subcomponent)
    except (LookupError, KeyError):
        return ""
    return (found or "").strip()


@settings(max_examples=60, deadline=None)
@given(st.lists(SEGMENT, min_size=1, max_size=4))
def test_fields_are_those_of_the_twin(segments):
    body = [name + "|" + "|".join(fields) for name, fields in segments]
    # The twin strips the whole message: the last segment ends in no blank.
    assert_same("\r".join([r"MSH|^~\&|A|B", *body, "OBX|1"]))


@settings(max_examples=60, deadline=None)
@given(FIELD, st.integers(1, 3), st.integers(1, 3))
def test_components_are_those_of_the_twin(field, component, subcomponent):
    message = "\r".join([r"MSH|^~\&|A|B", f"PID|1||{field}|x"])
    ours = read_lines(message).segments[1].text(3, component, subcomponent)
    assert ours == element(message, ("PID", 3, 1, component, subcomponent))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", " ", r"\F\ "[:-1], r"\S\ "[:-1], r"\T\ "[:-1], r"\R\ "[:-1], r"\E\ "[:-1]]), max_size=8
    )
)
def test_separators_are_unescaped_as_by_the_twin(parts):
    value = "".join(parts)
    assert unescape(value, Separators()) == (twin.parse(r"MSH|^~\&|A").unescape(value) or "")


def test_all_real_messages_are_split_as_by_the_twin(shared_data: Path):
    for line in (shared_data / "feeds/hl7/scout_oru_1994_2014.jsonl").read_text("utf-8").splitlines():
        assert_same(json.loads(line)["raw"])


@pytest.mark.parametrize("header", [r"MSH|^~\&|", "MSH|^~\\&#|", "MSH|^~\\|", "MSH|^|"])
def test_missing_encoding_characters_are_the_usual_ones(header):
    assert read_separators(header) == Separators()


@pytest.mark.parametrize("header", ["MSH|||", "MSH|^^\\&|", "MSH|a~\\&|", "MSH|^~\\&", "MSH\r^~\\&\r", "PID|^~\\&|"])
def test_unusable_separators_are_refused(header):
    with pytest.raises(MessageRefusedError):
        read_separators(header)


@pytest.mark.parametrize("filler", ["~", "^", "&", "|", "\\", "\r", "\\X0A", "OBX\r"])
def test_a_message_full_of_one_separator_is_quick(filler):
    message = r"MSH|^~\&|A|B" + "\rOBX|1|TX|1||" + filler * (2_000_000 // len(filler))
    started = time.process_time()
    try:
        for segment in read_lines(message).segments:
            segment.text(5, 2, 2)
            unescape(segment.field(5), segment.separators)
    except MessageRefusedError:
        pass
    assert time.process_time() - started < 2
