"""Films of the synthetic hospital, sent by STOW-RS."""

import io
import time
from collections.abc import Callable, Sequence

from pydicom import dcmwrite

from stack.simulate.fhir import post_once
from stack.simulate.films import film
from stack.simulate.sending import PAUSE_S, Account
from stack.simulate.traffic import Message

BOUNDARY = "synthetic-film"
RELATED = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def store_over_http(
    address: str, key: str, films: Sequence[Message], limit_s: float, account: Account, done: Callable[[], object]
) -> None:
    """Send films, one a request, each until it is stored or refused, or the time is over."""
    deadline = time.monotonic() + limit_s
    waiting = list(films)
    while waiting and time.monotonic() < deadline:
        account.deliveries += 1
        status = post_once(f"{address}/studies", key, RELATED, body(waiting[0]))
        if status == 200:
            account.accepted.add(waiting.pop(0).control_id)
            done()
        elif 400 <= status < 500 and status not in (408, 429):
            account.rejected.add(waiting.pop(0).control_id)
            done()
        else:
            account.errors += 1
            time.sleep(PAUSE_S)


def body(message: Message) -> bytes:
    """The film of a report's study as the one part of a request."""
    file = io.BytesIO()
    dcmwrite(file, film(message), enforce_file_format=True)
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return head + file.getvalue() + f"\r\n--{BOUNDARY}--\r\n".encode()
