"""Answers to messages: ACK with MSA and ERR (HL7 v2.8 chapter 2.9, 2.14; tables 0008, 0155, 0357). Pure.

In original mode the answer is AA, AE or AR. A message with MSH-15 or MSH-16 asks for enhanced mode: MSH-15 for a commit
acknowledgement (CA, CE, CR) or, if that is not wanted, MSH-16 for AA, AE or AR. Both mean that the message is stored,
not that its report is merged.
"""

import itertools
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache

from ingest.gateway.mllp.header import ENCODING, Header

APPLICATION = b"VLMKG"


class Code(Enum):
    """The second letter of the acknowledgement code (MSA-1)."""

    ACCEPT = b"A"
    ERROR = b"E"
    """Temporary: the sender must send it again."""
    REJECT = b"R"
    """Permanent: sending it again gives the same answer."""


class Condition(Enum):
    """ERR-3, table 0357."""

    SEGMENT_SEQUENCE = b"100", b"Segment sequence error"
    REQUIRED_FIELD = b"101", b"Required field missing"
    MESSAGE_TYPE = b"200", b"Unsupported message type"
    EVENT_CODE = b"201", b"Unsupported event code"
    PROCESSING_ID = b"202", b"Unsupported processing id"
    INTERNAL = b"207", b"Application internal error"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result:

    the code, and for ERROR and REJECT the condition, its location (ERR-2) and its explanation (ERR-8).
    """

    code: Code
    condition: Condition = Condition.INTERNAL
    location: bytes = b""
    words: bytes = b""


ACCEPTED = Outcome(Code.ACCEPT)

_WANTED = {
    b"NE": frozenset[Code](),
    b"ER": frozenset({Code.ERROR, Code.REJECT}),
    b"SU": frozenset({Code.ACCEPT}),
}
"""Table 0155. AL and anything else: always."""

_prefix = secrets.token_hex(4).encode()
_numbers = itertools.count(1)


def answer(header: Header | None, outcome: Outcome, at: datetime | None = None) -> bytes | None:
    """The acknowledgement of a message; None if its header asks for none. `header`: None if it is unreadable."""
    moment = at or datetime.now(UTC).replace(microsecond=0)
    if header is None:
        header = Header(b"MSH", b"|", (b"MSH", b"|", ENCODING))
        mode: bytes | None = b"A"
    else:
        mode = _mode(header, outcome.code)
    if mode is None:
        return None
    error = [] if outcome.code is Code.ACCEPT else [_error(header, outcome)]
    text = outcome.words if error and not _since_2_5(header) else b""
    msa = _segment(header, b"MSA", mode + outcome.code.value, header.field(10), text)
    return b"\r".join([_header(header, moment), msa, *error]) + b"\r"


def batch_answer(headers: list[Header], answers: list[bytes], at: datetime | None = None) -> bytes:
    """The answers of a batch's messages as a batch: the same FHS and BHS, with sender and receiver exchanged."""
    moment = at or datetime.now(UTC)
    opening = [_batch_header(header, moment) + b"\r" for header in headers]
    closing = [
        header.name[:1] + b"TS" + header.separator + str(len(answers) if header.name == b"BHS" else 1).encode() + b"\r"
        for header in reversed(headers)
    ]
    return b"".join([*opening, *answers, *closing])


def _mode(header: Header, code: Code) -> bytes | None:
    commit, application = header.field(15).upper(), header.field(16).upper()
    if not commit and not application:
        return b"A"
    if commit and code in _WANTED.get(commit, frozenset(Code)):
        return b"C"
    # If MSH-15 is NE or empty, the application acknowledgement is the only one.
    if application and commit in (b"", b"NE") and code in _WANTED.get(application, frozenset(Code)):
        return b"A"
    return None


def _header(header: Header, moment: datetime) -> bytes:
    separator = header.separator
    return separator.join(
        [
            b"MSH",
            header.encoding,
            header.field(5) or APPLICATION,
            header.field(6),
            header.field(3),
            header.field(4),
            _stamp(moment),
            b"",
            _type(header),
            b"%b%d" % (_prefix, next(_numbers)),
            header.field(11) or b"P",
            header.field(12) or b"2.5.1",
            *([b"", b"", b"", b"", b"", header.field(18)] if header.field(18) else []),
        ]
    )


def _batch_header(header: Header, moment: datetime) -> bytes:
    return header.separator.join(
        [
            header.name,
            header.encoding,
            header.field(5) or APPLICATION,
            header.field(6),
            header.field(3),
            header.field(4),
            _stamp(moment),
            *[b""] * 3,
            b"%b%d" % (_prefix, next(_numbers)),
            header.field(11),
        ]
    )


def _type(header: Header) -> bytes:
    component, event = header.encoding[:1], header.part(9, 2)
    parts = [b"ACK", event, b"ACK"] if event and _since_2_5(header) else [b"ACK", event] if event else [b"ACK"]
    return component.join(parts)


def _error(header: Header, outcome: Outcome) -> bytes:
    number, name = outcome.condition.value
    component, subcomponent = header.encoding[:1], header.encoding[3:4] or b"&"
    if not _since_2_5(header):
        # v2.3 and v2.4: ERR-1 is segment, sequence, field, and the code as subcomponents.
        location = [*outcome.location.split(b"^"), b"", b""][:3]
        return _segment(header, b"ERR", component.join([*location, subcomponent.join([number, name, b"HL70357"])]))
    code = component.join([number, name, b"HL70357"])
    location_ = outcome.location.replace(b"^", component)
    return _segment(header, b"ERR", b"", location_, code, b"E", b"", b"", b"", outcome.words)


def _since_2_5(header: Header) -> bool:
    return _is_late(header.part(12, 1))


@lru_cache(maxsize=64)
def _is_late(version: bytes) -> bool:
    found = re.match(rb"2\.([0-9]+)", version)
    return found is None or int(found[1]) >= 5


def _segment(header: Header, *fields: bytes) -> bytes:
    return header.separator.join(fields).rstrip(header.separator)


@lru_cache(maxsize=4)
def _stamp(moment: datetime) -> bytes:
    return moment.strftime("%Y%m%d%H%M%S%z").encode()
