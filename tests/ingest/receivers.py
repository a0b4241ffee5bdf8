"""A real receiver below a test's folder, and messages to give it."""

from pathlib import Path

from ingest.blobs import open_blobs
from ingest.formats.origin import Format, Origin
from ingest.formats.settings import FormatSettings
from ingest.ledger.storage.database import Ledger
from ingest.pseudonyms import load_key
from ingest.receiving.submit import ReceivedMessage, Receiver


def receiver_in(folder: Path, ledger: Ledger) -> Receiver:
    """A receiver with this ledger, its blobs and its secrets below `folder`."""
    key = load_key(ledger, None, folder / "secrets")
    return Receiver(ledger, open_blobs(f"file://{folder / 'blobs'}"), key, FormatSettings())


def plain(text: str | bytes, name: str = "r1") -> ReceivedMessage:
    """A plain text in a file of this name."""
    raw = text if isinstance(text, bytes) else text.encode()
    return ReceivedMessage(raw, Format.TEXT, Origin(name=name))
