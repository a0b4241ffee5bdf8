"""The simulator: its traffic, and its books against a real gateway. Its check of a graph is tested in test_up.py."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from random import Random

import hl7
import pytest
from sqlalchemy import select, update

from ingest.formats.fhir import parser as fhir
from ingest.formats.hl7 import parser as hl7_format
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from ingest.ledger.states import State
from ingest.ledger.storage.database import open_ledger
from ingest.ledger.storage.tables import events
from stack.simulate.cli import DAY_MESSAGES, _days_for
from stack.simulate.fhir import resource
from stack.simulate.films import film
from stack.simulate.latency import figure, last_event, latencies, percentiles
from stack.simulate.sending import Account, Fault, Pace, Plan, send
from stack.simulate.traffic import Message, disordered, study_uid, text_of, traffic
from tests.ingest.gateway.test_process import Gateway
from tests.ingest.ledger.builders import message, receive, report, study
from vlmkg.errors import UsageError

DAY = traffic(1, seed=3)


def of(door: str, prefix: str = "SYN") -> list[Message]:
    return [one for one in DAY.messages if one.door == door and one.control_id.startswith(prefix)]


def test_the_same_seed_is_the_same_traffic_and_names_are_unique() -> None:
    assert traffic(1, seed=3) == DAY
    assert traffic(1, seed=4).messages != DAY.messages
    names = Counter(one.control_id for one in traffic(3, seed=3).messages)
    assert max(names.values()) == 1


def test_all_doors_and_kinds_are_there() -> None:
    kinds = Counter((one.door, one.control_id[:3]) for one in DAY.messages)
    assert kinds[("dicom", "FIL")] + kinds[("dicomweb", "FIL")] == kinds[("mllp", "ORM")] == 60
    assert min(kinds[("dicom", "FIL")], kinds[("dicomweb", "FIL")]) > 10
    assert kinds[("mllp", "SYN")] + kinds[("fhir", "SYN")] == 78
    assert min(kinds[("mllp", "A08")], kinds[("mllp", "A40")], kinds[("fhir", "SYN")]) > 2


def test_hl7_messages_name_themselves_as_the_account_does() -> None:
    for one in DAY.messages:
        if one.door == "mllp":
            assert str(hl7.parse(one.raw.decode()).segment("MSH")[10]) == one.control_id


def test_a_report_says_the_same_by_fhir_as_by_hl7() -> None:
    one = of("fhir")[0]
    (by_fhir,) = fhir.parse(resource(one), Origin(), FormatSettings()).studies
    (by_hl7,) = hl7_format.parse(one.report.raw, Origin(), FormatSettings()).studies
    assert by_fhir.reports[0].text == by_hl7.reports[0].text == text_of(one.report)
    assert (by_fhir.study_uid, by_fhir.accession) == (by_hl7.study_uid, by_hl7.accession)
    assert (by_fhir.patient, by_fhir.reports[0].status) == (by_hl7.patient, by_hl7.reports[0].status)


def test_a_film_is_one_of_its_report_s_study() -> None:
    one = of("dicom", "FILM")[0]
    made = film(one)
    assert (str(made.StudyInstanceUID), made.AccessionNumber) == (study_uid(one.report), one.report.accession)
    assert made.pixel_array.shape == (128, 128)
    assert made.pixel_array.std() > 0x1000
    assert "SYNTHETIC" in made.ImageComments


def test_disorder_loses_nothing() -> None:
    shuffled = disordered(DAY.messages, Random(1), 20)
    assert shuffled != list(DAY.messages)
    assert sorted(one.control_id for one in shuffled) == sorted(one.control_id for one in DAY.messages)
    assert disordered(DAY.messages, Random(1), 0) == list(DAY.messages)


@pytest.mark.timeout(120)
def test_whatever_goes_wrong_each_message_is_accepted_and_stored_once(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    sent = [one for one in DAY.messages if one.door == "mllp"][:60]
    account, settled = Account(), []
    try:
        address = json.loads((tmp_path / "ready").read_text())["mllp"]
        plan = Plan(rate=0, sockets=6, faulty=0.9, seed=1, limit_s=60)
        asyncio.run(send(address, sent, plan, Pace(sent, plan.rate), account, lambda: settled.append(1)))
    finally:
        gateway.end()
    assert account.accepted == {one.control_id for one in sent}
    assert (account.rejected, len(settled)) == (set(), 60)
    assert set(account.faults) == set(Fault)
    ledger = open_ledger(gateway.data.ledger_url)
    with ledger.read() as connection:
        deliveries = connection.execute(select(events.c.deliveries)).scalars().all()
    ledger.close()
    assert len(deliveries) == 60
    assert max(deliveries) > 1


def test_latencies_are_told_by_percentile_and_drawn() -> None:
    ordered = [0.1 * number for number in range(1, 101)]
    assert percentiles(ordered) == {"p50": 5.0, "p90": 9.0, "p99": 9.9, "max": 10.0}
    assert percentiles([]) == {}
    lines = list(figure(ordered))
    assert [line.split()[-1] for line in lines] == ["4", "5", "10", "30", "50", "1", "0", "0", "0"]
    assert lines[4].count("#") == 40
    assert next(figure([])).endswith(" 0")


def test_only_what_was_merged_since_is_timed(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    assert last_event(ledger) == 0
    receive(ledger, message(study(report("r", "clear"))))
    before = last_event(ledger)
    receive(ledger, message(study(report("s", "clear"))))
    assert latencies(ledger, before) == []
    with ledger.write() as connection:
        connection.execute(update(events).values(state=State.MERGED))
    assert len(latencies(ledger, 0)) == 2
    assert len(latencies(ledger, before)) == 1
    ledger.close()


def test_minutes_are_as_many_days_as_they_take() -> None:
    assert _days_for(10, 50) == 150
    assert sum(len(traffic(1, seed).messages) >= DAY_MESSAGES for seed in range(20)) == 20
    with pytest.raises(UsageError, match="1500 days"):
        _days_for(100, 50)
    with pytest.raises(UsageError, match="needs a rate"):
        _days_for(1, 0)


def test_all_doors_keep_one_rate() -> None:
    pace = Pace(DAY.messages, 10)
    assert pace.seconds_until(DAY.messages[0]) == 0
    assert pace.seconds_until(DAY.messages[100]) == pytest.approx(10, abs=1)
    assert Pace(DAY.messages, 0).seconds_until(DAY.messages[100]) == 0
