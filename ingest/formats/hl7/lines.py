"""From a message to its segments (HL7 v2.8 chapter 2.5, 2.10.2): which lines are segments, and which continue a text.

A segment begins with three characters and the field separator. Any other line ("CXR", "RUL") continues the text before
it, because some senders do not escape the line ends of their reports.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from ingest.errors import MessageRefusedError, Reason
from ingest.event_warnings import EventWarning
from ingest.formats.code_sets import code_set
from ingest.formats.hl7.escapes import Separators
from ingest.formats.hl7.segments import Segment, read_separators, to_segment

SEGMENT_LIMIT = 30_000
"""The maximum number of segments of one message. A report with one OBX per line has a few hundred."""

LINES_LIMIT = 500_000
"""The maximum number of lines of one message, blank ones included: more than the largest text can have."""

FACTS_LIMIT = 1024 * 1024
"""The maximum number of characters of a message's segments other than texts (OBX, NTE):

twice those of a thousand orders.
"""

_READ = frozenset({"MSH", "EVN", "PID", "MRG", "ORC", "OBR", "OBX", "NTE", "TXA", "ZDS", "IPC"})
_TEXTS = frozenset({"OBX", "NTE"})
_TEXT_FIELD = {"OBX": 5, "NTE": 3}
_COMPLETE = 11
"""The last field that an OBX needs: its status."""

_KNOWN = code_set(
    "ABS ACC ADD ADJ AFF AIG AIL AIP AIS AL1 APR ARQ ARV AUT BHS BLC BLG BPO BPX BTS BTX BUI CDM CDO CER CM0 CM1 CM2 "
    "CNS CON CSP CSR CSS CTD CTI DB1 DG1 DMI DON DPS DRG DSC DSP DST ECD ECR EDU EQP EQU ERR EVN FAC FHS FT1 FTS GOL "
    "GP1 GP2 GT1 IAM IAR IIM ILT IN1 IN2 IN3 INV IPC IPR ISD ITM IVC IVT LAN LCC LCH LDP LOC LRL MCP MFA MFE MFI MRG "
    "MSA MSH NCK NDS NK1 NPU NSC NST NTE OBR OBX ODS ODT OH1 OH2 OH3 OH4 OM1 OM2 OM3 OM4 OM5 OM6 OM7 OMC ORC ORG OVR "
    "PAC PCE PCR PD1 PDA PDC PEO PES PID PKG PM1 PMT PR1 PRA PRB PRC PRD PRT PSG PSH PSL PSS PTH PV1 PV2 PYE QAK QID "
    "QPD QRD QRF QRI RCP RDF RDT REL RF1 RFI RGS RMI ROL RQ1 RQD RXA RXC RXD RXE RXG RXO RXR RXV SAC SCD SCH SCP SDD "
    "SFT SGH SGT SHP SID SLT SPM STF STZ TCC TCD TQ1 TQ2 TXA UAC UB1 UB2 VAR VND"
)
"""The segment names of the standard (appendix A). Names that senders define begin with Z."""

_WARNINGS = {
    **dict.fromkeys(("DG1", "PRB", "PR1", "DSP"), EventWarning.CLINICAL_SEGMENT_UNREAD),
}
"""Standard segments that may have clinical text, and their warning."""

_MENDED = frozenset({"TX", "FT", "ST", ""})
_STATUSES = frozenset("CDFINOPRSUWXAB")
_MOST_EXTRA = 8

LINE_UNREAD, LOCAL_UNREAD, UNESCAPED = (
    EventWarning.LINE_UNREAD,
    EventWarning.LOCAL_SEGMENT_UNREAD,
    EventWarning.UNESCAPED_SEPARATOR,
)


@dataclass(slots=True)
class Lines:
    """The segments that parsers of reports read, in order, and warnings that name omitted ones."""

    segments: list[Segment] = field(default_factory=list)
    warnings: dict[EventWarning, None] = field(default_factory=dict)


def read_lines(message: str) -> Lines:
    """The segments of a message. CR, LF and CRLF end a segment.

    Refuses a message without a usable MSH, with more than SEGMENT_LIMIT segments or FACTS_LIMIT characters outside
    texts, and one that continues in another message (`fragment`).
    """
    separators = read_separators(message)
    pieces = _pieces(message, separators.field)
    lines, facts = Lines(), 0
    for piece in _whole(pieces, separators, lines.warnings):
        if piece[:3] in _READ:
            facts += 0 if piece[:3] in _TEXTS else len(piece)
            if facts > FACTS_LIMIT:
                detail = f"the segments beside the texts have more than {FACTS_LIMIT} characters"
                raise MessageRefusedError(Reason.TOO_LARGE, detail)
            segment = to_segment(_without_stray_lines(piece, separators, lines.warnings), separators)
            lines.segments.append(_mended(segment, lines.warnings) if segment.name == "OBX" else segment)
        elif (code := _unread(piece[:3])) and _has_words(piece[3:], code):
            lines.warnings[code] = None
    if lines.segments[0].text(14) and not any(segment.name == "PID" for segment in lines.segments):
        raise _fragment()
    return lines


def _pieces(message: str, field_separator: str) -> list[str]:
    """The message split before each line that looks like a segment, with all line ends.

    One search through the whole of 20 MB would take a second, during which no other thread could run.
    """
    if message.count("\r") + message.count("\n") > LINES_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the message has more than {LINES_LIMIT} lines")
    is_segment = _beginning(field_separator).match
    places, at = [0], 0
    for line in message.replace("\n", "\r").split("\r"):
        if at and line and is_segment(line):
            places.append(at)
        at += len(line) + 1
    if len(places) > SEGMENT_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the message has more than {SEGMENT_LIMIT} segments")
    return [message[start:end] for start, end in pairwise([*places, len(message)])]


@lru_cache(maxsize=16)
def _beginning(field_separator: str) -> re.Pattern[str]:
    return re.compile(rf"[A-Z][A-Z0-9]{{2}}{re.escape(field_separator)}")


def _whole(pieces: list[str], separators: Separators, warnings: dict[EventWarning, None]) -> list[str]:
    """The pieces, with continuations (ADD, and text that resembles a segment) joined to the piece before."""
    whole: list[list[str]] = []
    is_open = False
    for piece in pieces:
        name = piece[:3]
        if name == "DSC" and _has_words(piece[3:]):
            raise _fragment()
        if name == "ADD" and len(whole) < 2:
            raise _fragment()
        if name == "ADD":
            whole[-1][-1] = whole[-1][-1].rstrip("\r\n")
            whole[-1].append(piece[4:])
        elif is_open and name not in _KNOWN and name[0] != "Z":
            warnings[UNESCAPED] = None
            whole[-1].append(piece)
        else:
            whole.append([piece])
            is_open = _is_open(piece, separators)
    return ["".join(parts).rstrip("\r\n") for parts in whole]


def _is_open(piece: str, separators: Separators) -> bool:
    """Whether the text of a segment may continue: no further field has begun."""
    number = _TEXT_FIELD.get(piece[:3])
    return number is not None and piece.count(separators.field) == number


def _without_stray_lines(piece: str, separators: Separators, warnings: dict[EventWarning, None]) -> str:
    """The segment without lines after its end. A line end within a text belongs to the text."""
    if not (match := _LINE_END.search(piece)):
        return piece
    if piece[:3] in _TEXTS:
        position = _nth(piece, separators.field, _COMPLETE if piece[:3] == "OBX" else _TEXT_FIELD["NTE"] + 1)
        match = _LINE_END.search(piece, position) if position >= 0 else None
    elif separators.field in piece[match.end() :]:
        match = None
    if match is None:
        return piece
    stray = [line.strip() for line in piece[match.end() :].splitlines()]
    if any(_has_words(line) and line not in _KNOWN and not _LOCAL_NAME.fullmatch(line) for line in stray):
        warnings[LINE_UNREAD] = None
    return piece[: match.start()]


_LOCAL_NAME = re.compile(r"Z[A-Z0-9]{2}")
_LINE_END = re.compile(r"[\r\n]+")
# Matches only at the beginning of a word; otherwise one long word would be scanned from each of its letters.
_SENTENCE = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]{2,}[.,;:]? +){3}[^\W\d_]{2,}")


def _nth(value: str, separator: str, number: int) -> int:
    """The position of the n-th separator; -1 if there are fewer."""
    position = -1
    for _ in range(number):
        position = value.find(separator, position + 1)
        if position < 0:
            return -1
    return position


def _mended(result: Segment, warnings: dict[EventWarning, None]) -> Segment:
    """An OBX whose text has unescaped field separators, with text and status moved to their fields."""
    extra = _extra_fields(result.fields)
    if not extra:
        return result
    warnings[UNESCAPED] = None
    fields = result.fields
    text = result.separators.field.join(fields[5 : 6 + extra])
    return Segment(result.name, (*fields[:5], text, *fields[6 + extra :]), result.separators)


def _extra_fields(fields: tuple[str, ...]) -> int:
    """The number of fields after OBX-5 that belong to its text.

    OBX-6 (units) has no sentence; OBX-11 has the status.
    """
    if len(fields) < 7 or fields[2] not in _MENDED or not _is_prose(fields[6]):
        return 0
    if len(fields) > _COMPLETE and fields[_COMPLETE] in _STATUSES:
        return 0
    for extra in range(1, min(len(fields) - _COMPLETE, _MOST_EXTRA + 1)):
        if fields[_COMPLETE + extra] in _STATUSES:
            return extra
    return max(number for number in range(6, len(fields)) if fields[number].strip()) - 5 if len(fields) < 12 else 0


def _is_prose(value: str) -> bool:
    apart = value[:1] == " " or value[-1:] == " " or value.count(" ") > 1 or "\n" in value or "\r" in value
    return apart and any(map(str.isalpha, value))


def _unread(name: str) -> EventWarning | None:
    if name in _KNOWN:
        return _WARNINGS.get(name)
    return LOCAL_UNREAD if name[0] == "Z" else LINE_UNREAD


def _has_words(value: str, code: str = "") -> bool:
    """Whether there is a letter or number or, in a segment that the sender defines, a sentence."""
    if code == LOCAL_UNREAD:
        return bool(_SENTENCE.search(value))
    return any(character.isalnum() for character in value)


def _fragment() -> MessageRefusedError:
    return MessageRefusedError(
        Reason.FRAGMENT, "the message continues in another one (DSC or MSH-14): send it complete"
    )
