"""Claims: who gets which event, what a lost lease means, what counts as an attempt."""

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from ingest.ledger import study_facts
from ingest.ledger.events import claims, events
from ingest.ledger.events.claims import Claim
from ingest.ledger.events.events import Event
from ingest.ledger.readings import extractions
from ingest.ledger.requeue import requeue_studies
from ingest.ledger.states import DeadReason, Stage, State
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.ledger.studies import graph_outbox
from tests.ingest.ledger import workers
from tests.ingest.ledger.builders import message, receive, report, study
from tests.ingest.ledger.workers import EXPIRED, LEASE


def receive_some(ledger: Ledger, number: int) -> list[int]:
    said = [message(study(report(f"r{name}", "clear"), patient=f"p{name}")) for name in range(number)]
    return [receipt.event_id for receipt in receive(ledger, *said)]


def take(ledger: Ledger, limit: int = 9, stage: Stage = Stage.EXTRACT, lease: timedelta = LEASE) -> list[Claim]:
    return claims.claim(ledger, stage, "me", limit=limit, lease=lease)


def ids(taken: list[Claim]) -> list[int]:
    return [claim.event_id for claim in taken]


def look(ledger: Ledger, event_id: int) -> Event:
    with ledger.read() as connection:
        found = events.get(connection, event_id)
    assert found
    return found


def extracted(ledger: Ledger, number: int) -> list[int]:
    received = receive_some(ledger, number)
    while workers.extract(ledger):
        pass
    return received


def test_the_oldest_come_first_and_each_once(ledger: Ledger) -> None:
    received = receive_some(ledger, 5)
    assert ids(take(ledger, 2)) == received[:2]
    assert ids(take(ledger, 9)) == received[2:]
    assert take(ledger) == []
    assert {look(ledger, event_id).state for event_id in received} == {State.EXTRACTING}


def test_one_event_by_its_id(ledger: Ledger) -> None:
    first, second = receive_some(ledger, 2)
    (claim,) = claims.claim(ledger, Stage.EXTRACT, "me", limit=1, lease=LEASE, event_id=second)
    assert (claim.event_id, claim.alone, claim.attempts) == (second, True, 0)
    assert claims.claim(ledger, Stage.EXTRACT, "you", limit=1, lease=LEASE, event_id=second) == []
    assert claims.claim(ledger, Stage.MERGE, "you", limit=1, lease=LEASE, event_id=first) == []
    assert claims.claim(ledger, Stage.EXTRACT, "you", limit=1, lease=LEASE, event_id=999) == []


def test_of_a_process_of_many_threads_only_who_is_alone_counts_as_alone(ledger: Ledger) -> None:
    first, second = receive_some(ledger, 2)
    assert not claims.next_is_alone(ledger, Stage.EXTRACT)
    shared = claims.claim(ledger, Stage.EXTRACT, "me", limit=1, lease=EXPIRED, alone=False)
    assert [(claim.event_id, claim.alone) for claim in shared] == [(first, False)]

    claims.recover_expired(ledger)
    assert look(ledger, first).attempts == 0
    assert claims.next_is_alone(ledger, Stage.EXTRACT)
    assert ids(claims.claim(ledger, Stage.EXTRACT, "me", limit=9, lease=LEASE, alone=False)) == [second]
    alone = claims.claim(ledger, Stage.EXTRACT, "me", limit=9, lease=EXPIRED, alone=True)
    assert [(claim.event_id, claim.alone) for claim in alone] == [(first, True)]
    claims.recover_expired(ledger)
    assert look(ledger, first).attempts == 1


def test_stages_take_what_is_theirs(ledger: Ledger) -> None:
    (event_id,) = extracted(ledger, 1)
    assert take(ledger) == []
    (claim,) = take(ledger, stage=Stage.MERGE)
    assert look(ledger, event_id).state is State.MERGING
    assert claims.complete_merge(ledger, [claim]) == [claim]
    assert look(ledger, event_id).state is State.MERGED
    assert take(ledger, stage=Stage.MERGE) == []


def test_readings_are_committed_with_the_event(ledger: Ledger) -> None:
    (event_id,) = receive_some(ledger, 1)
    (claim,) = take(ledger)
    readings = workers.read(ledger, claim)
    assert claims.complete_extract(ledger, [(claim, readings)]) == [claim]
    assert look(ledger, event_id).state is State.EXTRACTED
    with ledger.read() as connection:
        (found,) = study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()
    assert found.extraction == readings[0].extraction


def test_of_a_group_only_what_is_held_is_committed(ledger: Ledger) -> None:
    lost, kept = receive_some(ledger, 2)
    taken = take(ledger)
    brought = [(claim, workers.read(ledger, claim)) for claim in taken]
    with ledger.write() as connection:
        requeue_studies(connection, events.study_keys(connection, [lost])[lost])
    assert ids(claims.complete_extract(ledger, brought)) == [kept]
    assert [look(ledger, event_id).state for event_id in (lost, kept)] == [State.RECEIVED, State.EXTRACTED]
    with ledger.read() as connection:
        found = extractions.find(connection, [readings[0].extraction.extraction_id for _, readings in brought])
    assert set(found) == {brought[1][1][0].extraction.extraction_id}


def test_whoever_comes_back_late_changes_nothing(ledger: Ledger) -> None:
    (event_id,) = receive_some(ledger, 1)
    (late,) = take(ledger, lease=EXPIRED)
    readings = workers.read(ledger, late)
    assert claims.recover_expired(ledger) == 1
    (current,) = take(ledger)
    assert current.fence > late.fence
    assert claims.complete_extract(ledger, [(late, readings)]) == []
    assert claims.renew(ledger, [late], LEASE) == []
    claims.release(ledger, [late])
    claims.fail(ledger, [late], DeadReason.EXTRACT_FAILED, "late")
    found = look(ledger, event_id)
    assert (found.state, found.attempts, found.reason) == (State.EXTRACTING, 1, None)
    with ledger.read() as connection:
        assert extractions.find(connection, [readings[0].extraction.extraction_id]) == {}
    assert claims.renew(ledger, [current], LEASE)


def test_a_late_merge_settles_its_changes_and_nothing_else(ledger: Ledger) -> None:
    (event_id,) = extracted(ledger, 1)
    (late,) = take(ledger, stage=Stage.MERGE, lease=EXPIRED)
    with ledger.write() as connection:
        graph_outbox.mark(connection, [(event_id, "old", "new")])
    claims.recover_expired(ledger)
    with ledger.read() as connection:
        plan = graph_outbox.plan(connection, [event_id])
    assert claims.complete_merge(ledger, [late], plan.changes) == []
    assert look(ledger, event_id).state is State.EXTRACTED
    with ledger.read() as connection:
        assert graph_outbox.plan(connection, [event_id]).changes == ()


def test_renewing_keeps_an_event_from_being_taken_back(ledger: Ledger) -> None:
    receive_some(ledger, 1)
    taken = take(ledger, lease=EXPIRED)
    (renewed,) = claims.renew(ledger, taken, LEASE)
    assert renewed.expires_at > taken[0].expires_at
    assert claims.recover_expired(ledger) == 0
    assert claims.complete_extract(ledger, [(renewed, [])]) == [renewed]


def test_a_lease_runs_out_by_itself(ledger: Ledger) -> None:
    (event_id,) = receive_some(ledger, 1)
    take(ledger, lease=timedelta(seconds=3))
    assert claims.recover_expired(ledger) == 0
    time.sleep(3.2)
    assert claims.recover_expired(ledger) == 1
    assert look(ledger, event_id).state is State.RECEIVED


@pytest.mark.parametrize("stage", list(Stage))
def test_three_crashes_alone_are_the_end(ledger: Ledger, stage: Stage) -> None:
    (event_id,) = receive_some(ledger, 1) if stage is Stage.EXTRACT else extracted(ledger, 1)
    for attempt in range(3):
        (claim,) = take(ledger, stage=stage, lease=EXPIRED)
        assert claim.attempts == attempt
        assert claims.recover_expired(ledger) == 1
    found = look(ledger, event_id)
    assert (found.state, found.reason, found.attempts) == (State.DEAD, "crashed", 3)
    assert found.detail
    assert take(ledger, stage=stage) == []


def test_a_crash_in_company_costs_nothing_and_then_each_runs_alone(ledger: Ledger) -> None:
    received = receive_some(ledger, 3)
    assert len(take(ledger, lease=EXPIRED)) == 3
    assert claims.recover_expired(ledger) == 3
    assert {look(ledger, event_id).attempts for event_id in received} == {0}
    alone = [take(ledger), take(ledger), take(ledger)]
    assert [ids(taken) for taken in alone] == [[event_id] for event_id in received]
    assert all(taken[0].alone for taken in alone)


def test_solo_events_and_others_do_not_mix(ledger: Ledger) -> None:
    solo, *others = receive_some(ledger, 3)
    claims.fail(ledger, [claims.claim(ledger, Stage.EXTRACT, "me", limit=1, lease=LEASE, event_id=solo)[0]], *FAILED)
    assert ids(take(ledger)) == [solo]
    last = receive(ledger, message(study(report("last", "clear"))))[0].event_id
    (first_other, *_) = take(ledger, 1)
    claims.fail(ledger, [first_other], *FAILED)
    assert ids(take(ledger)) == [others[0]]
    assert ids(take(ledger)) == [others[1], last]


FAILED = (DeadReason.EXTRACT_FAILED, "the engine stumbled")


def test_a_clean_failure_counts_like_a_crash(ledger: Ledger) -> None:
    (event_id,) = receive_some(ledger, 1)
    for _ in range(3):
        claims.fail(ledger, take(ledger), *FAILED)
    found = look(ledger, event_id)
    assert (found.state, found.reason, found.detail) == (State.DEAD, *FAILED)


def test_the_culprit_of_a_bisected_group_counts_alone(ledger: Ledger) -> None:
    extracted(ledger, 2)
    culprit, other = take(ledger, stage=Stage.MERGE)
    claims.fail(ledger, [culprit], DeadReason.MERGE_FAILED, "no", alone=True)
    claims.complete_merge(ledger, [other])
    assert look(ledger, culprit.event_id).attempts == 1
    (again,) = take(ledger, stage=Stage.MERGE)
    assert (again.event_id, again.alone) == (culprit.event_id, True)


def test_an_outage_costs_nothing(ledger: Ledger) -> None:
    received = receive_some(ledger, 2)
    for _ in range(4):
        claims.release(ledger, take(ledger))
    assert {(look(ledger, i).state, look(ledger, i).attempts) for i in received} == {(State.RECEIVED, 0)}
    assert len(take(ledger)) == 2


def test_a_stage_done_forgives_its_failures(ledger: Ledger) -> None:
    (event_id,) = receive_some(ledger, 1)
    for _ in range(2):
        claims.fail(ledger, take(ledger), *FAILED)
    workers.extract(ledger)
    claims.fail(ledger, take(ledger, stage=Stage.MERGE), DeadReason.MERGE_FAILED, "no")
    found = look(ledger, event_id)
    assert (found.state, found.attempts) == (State.EXTRACTED, 1)


def test_a_death_in_extract_has_the_graph_look_again(ledger: Ledger) -> None:
    """The text that killed it is current, so what an older one said must not stay in the graph as current."""
    graph: workers.Graph = {}
    receive(ledger, message(study(report("r", "clear"), uid="1.2")))
    workers.drain(ledger, graph)
    (poison,) = receive(ledger, message(study(report("r", "poison", "C"), uid="1.2")))
    workers.kill(ledger, poison.event_id)
    workers.drain(ledger, graph)
    (found,) = graph.values()
    assert found.extraction is None
    assert [version.text for version in found.reports if version.current] == ["poison"]


def _claim_all(url: str, start: Any, answer: Any) -> None:
    ledger = open_ledger(url)
    start.wait()
    mine: list[int] = []
    while taken := claims.claim(ledger, Stage.EXTRACT, "me", limit=3, lease=LEASE):
        mine += ids(taken)
    ledger.close()
    answer.put(mine)


def test_processes_never_share_an_event(ledger: Ledger, ledger_url: str) -> None:
    received = receive_some(ledger, 40)
    context = multiprocessing.get_context("spawn")
    start, answer = context.Barrier(3), context.Queue()
    children = [context.Process(target=_claim_all, args=(ledger_url, start, answer)) for _ in range(3)]
    for child in children:
        child.start()
    shares = [answer.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    answer.close()
    answer.join_thread()
    assert sorted(event_id for share in shares for event_id in share) == received


def test_threads_never_share_an_event(ledger: Ledger) -> None:
    received = receive_some(ledger, 40)

    def claim_all(_: int) -> list[int]:
        mine: list[int] = []
        while taken := take(ledger, 3):
            mine += ids(taken)
        return mine

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(claim_all, range(4)))
    assert sorted(event_id for share in shares for event_id in share) == received


def test_completions_in_any_order_do_not_block_each_other(ledger: Ledger) -> None:
    """On PostgreSQL row locks taken in different orders would deadlock."""
    receive_some(ledger, 30)
    taken = take(ledger, 30)

    def renew_and_release(part: list[Claim]) -> int:
        return len(claims.renew(ledger, part, LEASE))

    parts = [taken, taken[::-1]] * 10
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(renew_and_release, parts)) == {30}
