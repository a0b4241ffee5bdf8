"""Send over HTTP: one message per request, repeated until it is accepted or refused."""

import time
from collections.abc import Callable, Sequence
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from stack.simulate.sending import ANSWER_S, PAUSE_S, Account, Pace
from stack.simulate.traffic import Message

TAKEN = (200, 201)
TRY_AGAIN = (408, 429)


def post_each(
    url: str,
    headers: dict[str, str],
    messages: Sequence[Message],
    body: Callable[[Message], bytes],
    limit_s: float,
    pace: Pace,
    account: Account,
    done: Callable[[], object],
) -> None:
    """Post messages one after the other when they are due, each until it is accepted or refused, or until the limit."""
    deadline = time.monotonic() + limit_s
    waiting = list(messages)
    while waiting and time.monotonic() < deadline:
        time.sleep(pace.seconds_until(waiting[0]))
        account.deliveries += 1
        status = _post(url, headers, body(waiting[0]))
        if status in TAKEN:
            account.accepted.add(waiting.pop(0).control_id)
            done()
        elif 400 <= status < 500 and status not in TRY_AGAIN:
            account.rejected.add(waiting.pop(0).control_id)
            done()
        else:
            account.errors += 1
            time.sleep(PAUSE_S)


def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    """The HTTP status; 0 if there is no response."""
    try:
        with urlopen(Request(url, body, headers), timeout=ANSWER_S) as answer:  # noqa: S310 - our own address
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0
