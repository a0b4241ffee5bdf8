"""Processes one frame: receives its messages, and makes the answer from the results."""

import asyncio
import io
from dataclasses import dataclass
from itertools import islice

import structlog

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import RAW_LIMIT
from ingest.formats.hl7.parser import FRAMING, without_framing
from ingest.formats.origin import Format, Origin
from ingest.gateway.door import Reception, keep_soon, receive_soon, refuse_soon
from ingest.gateway.mllp.acknowledgement import ACCEPTED, Code, Condition, Outcome, answer, batch_answer
from ingest.gateway.mllp.framing import Flaw, Frame
from ingest.gateway.mllp.header import Header, read_header
from ingest.gateway.rate import Rate
from ingest.importing.batches import hl7_pieces
from ingest.receiving.submit import ReceivedMessage, refuse
from ingest.unexpected_errors import say
from vlmkg.errors import VlmkgError

UNENDED = Outcome(Code.ERROR, Condition.SEGMENT_SEQUENCE, b"", b"the frame did not end; nothing was stored")
TOO_LARGE = Outcome(Code.REJECT, Condition.INTERNAL, b"", b"the message is larger than 20 MiB")
MANY = Outcome(Code.REJECT, Condition.INTERNAL, b"", b"the batch has too many messages; nothing was stored of it")
NOT_NOW = Outcome(Code.ERROR, Condition.INTERNAL, b"", b"it can't be stored now; send it again")

REJECTED: dict[str, Outcome] = {
    Reason.UNREADABLE: Outcome(Code.REJECT, Condition.SEGMENT_SEQUENCE, b"MSH^1", b"the message can't be read"),
    Reason.WRONG_MESSAGE_TYPE: Outcome(Code.REJECT, Condition.MESSAGE_TYPE, b"MSH^1^9", b"this type is not taken"),
    Reason.WRONG_PROCESSING_ID: Outcome(Code.REJECT, Condition.PROCESSING_ID, b"MSH^1^11", b"this id is not taken"),
    Reason.FRAGMENT: Outcome(Code.ERROR, Condition.SEGMENT_SEQUENCE, b"DSC^1", b"a message must come whole"),
    Reason.INTERNAL_ERROR: Outcome(
        Code.ERROR, Condition.INTERNAL, b"", b"an error of the receiver; the message is kept"
    ),
}
"""Refusals that are reported to the sender. For others the message counts as stored, and operators see the refusal."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """The maximum number of messages in a batch, and the rate limit per address."""

    most: int
    rate: Rate


async def reply_to(reception: Reception, frame: Frame, limits: BatchLimits) -> bytes | None:
    """Receive the messages of a frame and return its answer; None if none is wanted.

    The answer is made after all messages of the frame are stored or have failed. After an unexpected error the message
    is stored and AE answered, because without an answer the sender would wait.
    """
    header = read_header(frame.content)
    try:
        return await _reply(reception, frame, header, limits)
    except Exception as error:  # noqa: BLE001 - logged and answered; nothing is said to be stored
        say("mllp.unforeseen", error)
        return answer(header, await _keep(reception, frame, error))


async def _reply(reception: Reception, frame: Frame, header: Header | None, limits: BatchLimits) -> bytes | None:
    if frame.flaw is Flaw.BLANK:
        return answer(header, REJECTED[Reason.UNREADABLE])
    if frame.flaw is Flaw.UNENDED:
        log.warning("mllp.unended", size=len(frame.content))
        return answer(header, UNENDED)
    if frame.flaw is Flaw.TOO_LARGE:
        return answer(header, await _refuse_large(reception, frame))
    if header and header.name in (b"FHS", b"BHS"):
        return await _reply_to_batch(reception, frame.content, header, limits)
    return await _reply_to_message(reception, frame.content, header)


async def _reply_to_message(reception: Reception, content: bytes, header: Header | None) -> bytes | None:
    raw = without_framing(content)
    try:
        receipt = await receive_soon(reception, ReceivedMessage(raw, Format.HL7))
    except VlmkgError as error:
        log.warning("mllp.not_stored", error=type(error).__name__)
        return answer(header, NOT_NOW)
    if receipt.reason:
        log.warning("mllp.refused", event_id=receipt.event_id, reason=receipt.reason)
    return answer(header, REJECTED.get(receipt.reason or "", ACCEPTED))


async def _reply_to_batch(reception: Reception, content: bytes, header: Header, limits: BatchLimits) -> bytes | None:
    """FHS and BHS batches (2.10.3): each message is one event with its own answer; the answers form a batch.

    A batch with too many messages is one refused event."""
    pieces = await reception.large.do(reception.sender, lambda: _pieces(content, limits.most))
    if len(pieces) > limits.most:
        return answer(header, await _refuse_batch(reception, content, limits.most))
    await limits.rate.wait(reception.sender, max(len(pieces) - 1, 0))
    replies = await asyncio.gather(*(_reply_to_message(reception, raw, read_header(raw)) for raw in pieces))
    answers = [reply for reply in replies if reply is not None]
    return batch_answer(_batch_headers(content), answers) if answers or not pieces else None


def _pieces(content: bytes, most: int) -> list[bytes]:
    """The messages of a batch, at most one more than the limit."""
    return [piece.raw for piece in islice(hl7_pieces(io.BytesIO(content)), most + 1)]


async def _refuse_batch(reception: Reception, content: bytes, most: int) -> Outcome:
    detail = f"the batch has more than {most} messages (VLMKG_MLLP_BATCH): import it as a file"
    error = MessageRefusedError(Reason.TOO_LARGE, detail, source="mllp")
    try:
        receipt = await reception.large.do(
            reception.sender, lambda: refuse(reception.receiver, ReceivedMessage(content, Format.HL7), error)
        )
    except VlmkgError as failure:
        log.warning("mllp.not_stored", error=type(failure).__name__)
        return NOT_NOW
    log.warning("mllp.refused", event_id=receipt.event_id, reason=receipt.reason)
    return MANY


async def _keep(reception: Reception, frame: Frame, error: Exception) -> Outcome:
    """The answer after an unexpected error. The frame is stored if it is complete."""
    if frame.flaw:
        return NOT_NOW
    try:
        await keep_soon(reception, ReceivedMessage(frame.content, Format.HL7), error)
    except VlmkgError as failure:
        log.warning("mllp.not_stored", error=type(failure).__name__)
        return NOT_NOW
    return REJECTED[Reason.INTERNAL_ERROR]


def _batch_headers(content: bytes) -> list[Header]:
    """The first FHS and the first BHS of a batch, in this order, if they exist."""
    first = read_header(content)
    if first is None or first.name == b"BHS":
        return [first] if first else []
    rest = content.lstrip(FRAMING).splitlines()[1:2]
    second = read_header(rest[0]) if rest else None
    return [first, second] if second and second.name == b"BHS" else [first]


async def _refuse_large(reception: Reception, frame: Frame) -> Outcome:
    error = MessageRefusedError(
        Reason.TOO_LARGE, f"the message is too large: it may have {RAW_LIMIT} bytes", source="mllp"
    )
    try:
        receipt = await refuse_soon(reception, error, digest=frame.digest, size=frame.size, origin=Origin())
    except VlmkgError as failure:
        log.warning("mllp.not_stored", error=type(failure).__name__)
        return NOT_NOW
    log.warning("mllp.refused", event_id=receipt.event_id, reason=receipt.reason)
    return TOO_LARGE
