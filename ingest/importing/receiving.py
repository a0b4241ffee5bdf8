"""Receiving the messages of files in groups: one commit and one round of fsync for many."""

from collections.abc import Callable, Iterable, Iterator

from ingest.importing.expand import Item, OversizedMessage, RefusedMessage
from ingest.ledger.events.record import Receipt
from ingest.receiving.submit import ReceivedMessage, Receiver, receive_many, refuse, refuse_unread

GROUP_MESSAGES = 64
GROUP_BYTES = 4 * 1024 * 1024
"""A group ends at either limit. Larger groups are not faster: parsing takes longer than storing."""


def receive_items(receiver: Receiver, items: Iterable[Item], stopped: Callable[[], bool]) -> Iterator[Receipt]:
    """Receive messages in order, until `stopped` returns true. Yielded messages are durable."""
    group: list[ReceivedMessage] = []
    for item in items:
        if stopped():
            break
        if isinstance(item, ReceivedMessage):
            group.append(item)
            if len(group) < GROUP_MESSAGES and sum(len(message.raw) for message in group) < GROUP_BYTES:
                continue
        yield from _flush(receiver, group)
        if not isinstance(item, ReceivedMessage):
            yield _refuse(receiver, item)
    yield from _flush(receiver, group)


def _flush(receiver: Receiver, group: list[ReceivedMessage]) -> list[Receipt]:
    receipts = receive_many(receiver, group) if group else []
    group.clear()
    return receipts


def _refuse(receiver: Receiver, item: RefusedMessage | OversizedMessage) -> Receipt:
    if isinstance(item, RefusedMessage):
        return refuse(receiver, item.message, item.error)
    return refuse_unread(receiver, item.error, digest=item.digest, size=item.size, origin=item.origin)
