"""The synthetic hospital day: its size, its repeatability, and that its messages are well-formed ORU^R01."""

from collections import Counter

import hl7

from stack.simulate.hospital_day import hospital_day
from stack.simulate.traffic import text_of
from training.synthetic.facts import Kind, Told


def test_same_seed_same_bytes_and_another_seed_other_bytes() -> None:
    assert [m.raw for m in hospital_day(7)] == [m.raw for m in hospital_day(7)]
    assert [m.raw for m in hospital_day(7)] != [m.raw for m in hospital_day(8)]


def test_size_and_versions() -> None:
    day = hospital_day()
    assert len({m.patient for m in day}) == 40
    assert len({m.accession for m in day}) == 60
    statuses = Counter(m.status for m in day)
    assert statuses["P"] > 0
    assert statuses["C"] > 0
    assert statuses["F"] == 60


def test_versions_of_a_report_are_sent_in_order_on_one_study_uid() -> None:
    order = {"P": 0, "F": 1, "C": 2}
    seen: dict[str, list[tuple[int, str]]] = {}
    for message in hospital_day():
        parsed = hl7.parse(message.raw.decode())
        uid = str(parsed.segment("ZDS")[1]).split("^")[0]
        seen.setdefault(message.accession, []).append((order[message.status], uid))
    for versions in seen.values():
        assert [rank for rank, _ in versions] == sorted(rank for rank, _ in versions)
        assert len({uid for _, uid in versions}) == 1


def test_fields_stand_where_the_standard_has_them() -> None:
    message = hospital_day()[0]
    parsed = hl7.parse(message.raw.decode())
    assert str(parsed.segment("MSH")[9]) == "ORU^R01^ORU_R01"
    assert str(parsed.segment("MSH")[12]) == "2.5.1"
    assert str(parsed.segment("MSH")[18]) == "UNICODE UTF-8"
    assert str(parsed.segment("PID")[8]) in {"M", "F"}
    obr = parsed.segment("OBR")
    assert (str(obr[3]), str(obr[24]), str(obr[25])) == (message.accession, "CR", message.status)
    assert {str(obx[11]) for obx in parsed.segments("OBX")} == {message.status}


def test_films_show_what_their_reports_say_and_what_only_they_show() -> None:
    words = {"cardiomegaly": "cardiomegaly", "opacity": "opacity", "tube": "endotracheal", "wires": "wires"}
    told: Counter[Told] = Counter()
    for message in hospital_day():
        text = text_of(message).lower()
        for fact in message.film:
            told[fact.told] += 1
            word = words.get(fact.kind, fact.kind)
            if fact.kind is Kind.OPACITY and word not in text:
                word = "consolidation"
            assert (word in text) == (fact.told is Told.BOTH)
            if fact.told is Told.BOTH and fact.side:
                assert fact.side in text or "bilateral" in text
    assert min(told[Told.BOTH], told[Told.FILM_ONLY]) > 5
