from structlog.testing import capture_logs

from ingest.errors import OutageError
from ingest.workers.backoff import LONGEST_PAUSE_S, Backoff

OUTAGE = OutageError("Redis does not answer", "start it")


def test_pauses_grow_to_a_bound_and_start_again_after_a_success() -> None:
    pauses: list[float] = []
    backoff = Backoff(pauses.append)

    for _ in range(2000):
        backoff.pause(OUTAGE)
    backoff.succeeded()
    backoff.pause(OUTAGE)

    assert pauses[0] < pauses[1] < pauses[2] < pauses[3] < pauses[4]
    assert max(pauses) <= LONGEST_PAUSE_S
    assert pauses[-1] <= 0.2


def test_an_outage_is_logged_once_at_each_end() -> None:
    with capture_logs() as logs:
        backoff = Backoff(lambda _: None)
        for _ in range(50):
            backoff.pause(OUTAGE)
        backoff.succeeded()
        backoff.succeeded()

    assert [entry["event"] for entry in logs] == ["outage", "outage over"]
    assert logs[1]["tries"] == 50
