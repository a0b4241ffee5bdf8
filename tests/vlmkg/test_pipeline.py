"""From text to reading: what every engine's graphs go through, on the real engine and the real reports."""

import tarfile

import pytest
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmkg.engine_protocol import Lead
from vlmkg.errors import DeviceMemoryError, UsageError
from vlmkg.pipeline import load_engine, read_reports, reading_digest
from vlmkg.schema import Presence, RelationType

ENGINE = load_engine("rules")


def test_an_unknown_engine_is_a_usage_error_that_names_the_known_ones():
    with pytest.raises(UsageError) as caught:
        load_engine("oracle")
    assert "rules" in caught.value.remedy


def test_the_digest_is_stable_and_covers_the_engine():
    class Other:
        name, digest = "rules", "other"
        checkpoint = checkpoint_digest = film_domain = None
        lead = Lead.ALWAYS
        read = ENGINE.read

    assert reading_digest(ENGINE) == reading_digest(load_engine("rules"))
    assert reading_digest(ENGINE) != reading_digest(Other())


def test_one_reading_for_each_text_in_order():
    texts = ["No pneumothorax.", "", "Small left pleural effusion."]
    first, empty, last = read_reports(ENGINE, texts)
    assert [f.concept.name for f in first.findings] == ["pneumothorax"]
    assert first.graph.mentions[0].presence is Presence.ABSENT
    assert (empty.graph.mentions, empty.findings, empty.links) == ((), (), ())
    (effusion,) = last.findings
    assert (effusion.concept.code, effusion.laterality, effusion.severity) == ("RID34539", "left", "mild")


def test_a_list_number_before_a_finding_is_no_place():
    text = "FINDINGS: The heart is large.\nIMPRESSION: 1. Cardiomegaly. 2. Views: lateral. 3. Atelectasis."
    (reading,) = read_reports(ENGINE, [text])
    assert reading.rejections == ()
    places = [r for r in reading.graph.relations if r.type is RelationType.LOCATED_AT]
    assert [reading.graph.mentions[r.tail].text for r in places] == ["heart"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_a_valid_reading(text):
    (reading,) = read_reports(ENGINE, [text])
    assert len(reading.links) == len(reading.graph.mentions)
    assert all(text[m.start : m.end] == m.text for m in reading.graph.mentions)
    assert reading.rejections == ()


WORDS = (
    "left right no small effusion pleural lower lobe and , . heart enlarged may be 2 cm T6 calcified nodes hilar "
    "without scar opacity lungs clear both bases"
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS.split()), max_size=40))
def test_any_order_of_a_radiologist_s_words_gives_a_valid_reading(words):
    (reading,) = read_reports(ENGINE, [" ".join(words)])
    assert len(reading.links) == len(reading.graph.mentions)
    assert reading.rejections == ()


def test_no_triplet_of_the_real_reports_is_refused(shared_data):
    texts = []
    with tarfile.open(shared_data / "openi" / "ecgen-radiology-dev.tgz") as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(".xml") else None
            if file is not None:
                parts = [
                    (e.get("Label"), e.text or "") for e in ElementTree.fromstring(file.read()).iter("AbstractText")
                ]
                texts.append("\n".join(f"{label}: {text}" for label, text in parts))
    readings = read_reports(ENGINE, texts)
    assert len(readings) == 3080
    assert sum(len(reading.rejections) for reading in readings) == 0
    assert sum(not reading.findings for reading in readings) < 40  # 21 have neither findings nor impression
    links = [link for reading in readings for link in reading.links]
    assert sum(link.system == "local" for link in links) < 0.03 * len(links)


class Small:
    """The rules on a device that has memory for so many studies."""

    name, digest = "rules", "small"
    checkpoint = checkpoint_digest = film_domain = None
    lead = Lead.ALWAYS

    def __init__(self, most):
        self.most = most
        self.sizes = []

    def read(self, studies):
        self.sizes.append(len(studies))
        if len(studies) > self.most:
            raise DeviceMemoryError("too little memory")
        return ENGINE.read(studies)


def test_where_memory_does_not_suffice_fewer_are_read_at_once():
    engine = Small(3)
    texts = [f"No effusion {number}." for number in range(12)]
    assert [reading.graph.mentions[-1].end for reading in read_reports(engine, texts)] == [11] * 12
    assert engine.sizes == [12, 6, 3, 3, 3, 3]


def test_where_memory_does_not_suffice_for_one_it_is_said():
    with pytest.raises(DeviceMemoryError):
        read_reports(Small(0), ["No effusion."])
