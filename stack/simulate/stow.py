"""Films of the synthetic hospital, sent by STOW-RS."""

from collections.abc import Callable, Sequence

from stack.simulate.films import film
from stack.simulate.posting import post_each
from stack.simulate.sending import Account, Pace
from stack.simulate.traffic import Message
from training.synthetic.dicom import part10

BOUNDARY = "synthetic-film"
RELATED = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def store_over_http(
    address: str,
    key: str,
    films: Sequence[Message],
    limit_s: float,
    pace: Pace,
    account: Account,
    done: Callable[[], object],
) -> None:
    """Send films, one per request, until each is stored or refused, or until the time limit."""
    headers = {"Content-Type": RELATED, "Authorization": f"Bearer {key}"}
    post_each(f"{address}/studies", headers, films, body, limit_s, pace, account, done)


def body(message: Message) -> bytes:
    """The film of a report's study as a request with one part."""
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return head + part10(film(message)) + f"\r\n--{BOUNDARY}--\r\n".encode()
