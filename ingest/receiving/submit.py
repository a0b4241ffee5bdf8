"""Receiving, for every source: store, commit, then acknowledge.

Receiving never needs Redis or Neo4j. A message that can't be used is stored, too, as a refused event.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from ingest import blobs
from ingest.blobs import BlobStore, writers
from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import MESSAGE_TEXT_LIMIT, NAME_LIMIT, clean_name
from ingest.formats.future_times import without_future
from ingest.formats.origin import Format, Origin, raw_limit
from ingest.formats.parse import parse
from ingest.formats.settings import FormatSettings
from ingest.isolation import each_result, is_outage
from ingest.ledger.events.raw_messages import SMALL
from ingest.ledger.events.record import Receipt, record
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies.message_facts import NewEvent
from ingest.ledger.studies.placement import serialise
from ingest.messages import ParsedMessage
from ingest.receiving.group_commit import GroupCommit
from ingest.receiving.pseudonymised_facts import merges_of, patients_of, sightings_of
from ingest.receiving.space import Space
from ingest.unexpected_errors import place_of, say

LARGEST_GROUP = 64
"""Messages of different threads in one commit. More is hardly faster (benchmarks/receive.py) and delays others."""

LARGE = 8 * 1024
"""Bytes of a message from which on it is read beside the others: most reports have a quarter of it."""

LONGEST_ORIGIN = 4 * NAME_LIMIT + 1
"""Characters of an origin's name that are kept: as many as show that it is too long for an identifier."""

NOWHERE = Origin()
"""The origin of a message without further facts."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One message as received, its format, and its origin."""

    raw: bytes
    format: Format
    origin: Origin = NOWHERE


Prepared = tuple[ReceivedMessage, NewEvent]
"""A message and its event."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """The resources of receiving. `pseudonym_key` is from ingest.pseudonyms.

    `together` groups the commits of threads, `files` those of messages that are stored as files. `threads` write blobs.
    `space` is that of ledger and blobs on this machine.
    `elsewhere` reads large messages in another process (ingest.receiving.readers); None: they are read in this one.
    """

    ledger: Ledger
    blobs: BlobStore
    pseudonym_key: bytes
    formats: FormatSettings
    together: GroupCommit[Prepared, Receipt] = field(default_factory=partial(GroupCommit, LARGEST_GROUP))
    files: GroupCommit[NewEvent, Receipt] = field(default_factory=partial(GroupCommit, LARGEST_GROUP))
    threads: ThreadPoolExecutor = field(default_factory=writers)
    space: Space = field(default_factory=lambda: Space((), 0))
    elsewhere: "Callable[[ReceivedMessage, datetime], NewEvent] | None" = None


def receive(receiver: Receiver, message: ReceivedMessage) -> Receipt:
    """Receive one message. It is durable when this returns. Raises OutageError if it can't be stored now,
    NoSpaceError before the disk is full.

    Threads that receive at the same time share a commit. Each writes its own film or large message before that, so that
    these are written in parallel and fail separately.
    """
    receiver.space.require()
    try:
        if is_row(message):
            return receiver.together.do((message, interpret(receiver, message)), partial(_store, receiver))
        return _receive_file(receiver, message)
    except Exception as error:  # noqa: BLE001 - the message is kept and says so
        return keep(receiver, message, error)


def receive_if(receiver: Receiver, message: ReceivedMessage, holds: Callable[[Connection], bool]) -> Receipt | None:
    """Receive one message if a condition holds in the transaction that records it; None if it does not.

    Nothing else is recorded between the look at the condition and the message, by whichever process. Raises as
    `receive`.
    """
    receiver.space.require()
    event = interpret(receiver, message)
    with ExitStack() as stack:
        if event.blob_key and event.raw is None:
            stack.enter_context(blobs.locked(receiver.blobs))
            blobs.put_keyed(receiver.blobs, {event.blob_key: message.raw})
        connection = stack.enter_context(receiver.ledger.write())
        serialise(connection)
        return record(connection, [event])[0] if holds(connection) else None


def _receive_file(receiver: Receiver, message: ReceivedMessage) -> Receipt:
    """Receive a message that is stored as a file. It is written while it is parsed, and its name is synced during the
    commit of its event. It is received when both are durable. If only the event survives a power failure, its sender
    has no acknowledgement and sends it again."""
    with (
        blobs.locked(receiver.blobs),
        blobs.draft(receiver.blobs, message.raw, receiver.threads) as draft,
    ):
        digest = receiver.threads.submit(blobs.key_of, message.raw)
        event = interpret(receiver, message, digest_of=digest.result)
        named = draft.keep(event.blob_key) if event.blob_key else None
        receipt = receiver.files.do(event, partial(_record, receiver))
        if named:
            named.result()
        return receipt


def receive_many(receiver: Receiver, messages: Sequence[ReceivedMessage]) -> list[Receipt]:
    """Receive many messages in one commit. Receipts are in their order.

    A message that fails for another reason than an outage is stored as refused. Raises OutageError as
    `receive`.
    """
    receiver.space.require()
    return receive_prepared(receiver, [(message, interpret(receiver, message)) for message in messages])


def receive_prepared(receiver: Receiver, prepared: Sequence[Prepared]) -> list[Receipt]:
    """The same for messages whose events are known (`interpret`)."""
    receiver.space.require()
    results = each_result(prepared, partial(_store, receiver))
    return [
        result if isinstance(result, Receipt) else keep(receiver, message, result)
        for (message, _), result in zip(prepared, results, strict=True)
    ]


def keep(receiver: Receiver, message: ReceivedMessage, error: BaseException) -> Receipt:
    """Store a message that caused an unexpected error as refused, to be replayed after a fix.

    Raises the error if it is an outage or ends the process: then nothing can be stored.
    """
    if is_outage(error) or not isinstance(error, Exception):
        raise error
    return _store(receiver, [(message, _unforeseen(message, error))])[0]


def refuse(receiver: Receiver, message: ReceivedMessage, error: MessageRefusedError) -> Receipt:
    """Store a message as refused without parsing it: an archive that is empty or can't be read."""
    return _store(receiver, [(message, refused(message, error))])[0]


def refuse_unread(receiver: Receiver, error: MessageRefusedError, *, digest: str, size: int, origin: Origin) -> Receipt:
    """Record a message that is too large for memory as refused. Its bytes are not stored.

    `digest` is the SHA-256 of its bytes in hex, `size` their number.
    """
    event = replace(
        refused(ReceivedMessage(b"", Format.TEXT, origin), error), digest=digest, size=size, blob_key=None, raw=None
    )
    with receiver.ledger.write() as connection:
        return record(connection, [event])[0]


def interpret(
    receiver: Receiver,
    message: ReceivedMessage,
    received_at: datetime | None = None,
    digest_of: Callable[[], str] | None = None,
) -> NewEvent:
    """The event of a message: parsed, with its keys, or refused with the parser's reason.

    `received_at` (aware) is the time of arrival, None for now. `digest_of` gives the digest where it is computed
    meanwhile. A large message is read in another process where there is one.
    """
    received_at = received_at or datetime.now(UTC)
    if receiver.elsewhere and message.format is not Format.DICOM and len(message.raw) >= LARGE:
        return receiver.elsewhere(message, received_at)
    return interpret_here(receiver.formats, receiver.pseudonym_key, message, received_at, digest_of)


def interpret_here(
    formats: FormatSettings,
    key: bytes,
    message: ReceivedMessage,
    received_at: datetime,
    digest_of: Callable[[], str] | None = None,
) -> NewEvent:
    """The same, in this process.

    It is the boundary of all parsers. After an unexpected error of a parser the message must not be lost or left
    without an acknowledgement: it is stored as a refused event.
    """
    digest_of = digest_of or partial(blobs.key_of, message.raw)
    try:
        return _read(formats, key, message, received_at, digest_of)
    except MessageRefusedError as error:
        return refused(message, error, digest_of())
    except MemoryError:
        detail = "reading it took too much memory"
        return refused(message, MessageRefusedError(Reason.READING_FAILED, detail), digest_of())
    except Exception as error:  # noqa: BLE001 - recorded, logged and answered; see above
        return _unforeseen(message, error)


def _read(
    formats: FormatSettings, key: bytes, message: ReceivedMessage, received_at: datetime, digest_of: Callable[[], str]
) -> NewEvent:
    parsed = without_future(parse(message.format, message.raw, message.origin, formats), received_at)
    _require_size(parsed)
    digest = digest_of()
    return _event(
        message,
        digest,
        source=parsed.source,
        external_id=parsed.external_id,
        message_time=parsed.message_time,
        warnings=parsed.warnings,
        patients=patients_of(parsed, key, digest),
        sightings=sightings_of(parsed, key, digest),
        merges=merges_of(parsed, key, digest),
    )


def _require_size(parsed: ParsedMessage) -> None:
    """Refuse a message whose texts together are more than one transaction can write (`too_large`)."""
    if sum(len(report.text.encode()) for study in parsed.studies for report in study.reports) > MESSAGE_TEXT_LIMIT:
        detail = f"the texts of the message have more than {MESSAGE_TEXT_LIMIT} bytes"
        raise MessageRefusedError(Reason.TOO_LARGE, detail, source=parsed.source, external_id=parsed.external_id)


def refused(message: ReceivedMessage, error: MessageRefusedError, digest: str | None = None) -> NewEvent:
    """The event of a message that can't be used. A raw message over the limit is not stored."""
    return _event(
        message,
        digest or blobs.key_of(message.raw),
        source=error.source or message.origin.source or "",
        external_id=error.external_id,
        reason=error.reason.value,
        detail=error.detail,
    )


def _unforeseen(message: ReceivedMessage, error: Exception) -> NewEvent:
    """The event of a message that caused an unexpected error, with only the error's type and place."""
    say("receive.unforeseen", error, format=message.format.value, size=len(message.raw))
    detail = f"an unexpected error, {place_of(error)}: report it, and replay the event once it is fixed"
    return refused(message, MessageRefusedError(Reason.INTERNAL_ERROR, detail))


def _event(message: ReceivedMessage, digest: str, **facts: Any) -> NewEvent:
    return NewEvent(
        digest=digest,
        format=message.format.value,
        # A file's name may not be valid UTF-8, and a member's name in an archive may have any length. Parsers clean it
        # in the same way, and refuse what is longer.
        origin_name=clean_name(message.origin.name[:LONGEST_ORIGIN]),
        origin_source=message.origin.source,
        origin_time=message.origin.modified_at,
        blob_key=digest if len(message.raw) <= raw_limit(message.format) else None,
        size=len(message.raw),
        raw=message.raw if is_row(message) else None,
        **facts,
    )


def is_row(message: ReceivedMessage) -> bool:
    """Whether the raw message is stored in the ledger itself, not in the blob store."""
    return message.format is not Format.DICOM and len(message.raw) <= SMALL


def _record(receiver: Receiver, events: Sequence[NewEvent]) -> list[Receipt]:
    with receiver.ledger.write() as connection:
        return record(connection, events)


def _store(receiver: Receiver, prepared: Sequence[Prepared]) -> list[Receipt]:
    events = [event for _, event in prepared]
    large = {event.blob_key: message.raw for message, event in prepared if event.blob_key and event.raw is None}
    if not large:
        return _record(receiver, events)
    with blobs.locked(receiver.blobs):
        blobs.put_keyed(receiver.blobs, large)
        return _record(receiver, events)
