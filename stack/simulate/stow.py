"""Films of the synthetic hospital, sent by STOW-RS."""

import io
from collections.abc import Callable, Sequence

from pydicom import dcmwrite

from stack.simulate.films import film
from stack.simulate.posting import post_each
from stack.simulate.sending import Account
from stack.simulate.traffic import Message

BOUNDARY = "synthetic-film"
RELATED = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def store_over_http(
    address: str, key: str, films: Sequence[Message], limit_s: float, account: Account, done: Callable[[], object]
) -> None:
    """Send films, one a request, until each is stored or refused, or the time is over."""
    headers = {"Content-Type": RELATED, "Authorization": f"Bearer {key}"}
    post_each(f"{address}/studies", headers, films, body, limit_s, account, done)


def body(message: Message) -> bytes:
    """The film of a report's study as the one part of a request."""
    file = io.BytesIO()
    dcmwrite(file, film(message), enforce_file_format=True)
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return head + file.getvalue() + f"\r\n--{BOUNDARY}--\r\n".encode()
