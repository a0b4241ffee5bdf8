"""Errors of receiving and working.

VlmkgError
├── RefusedError
│   └── MessageRefusedError     the message was stored and can't be used: an event in state `refused`
│       └── UnsupportedTextError    a text with markup that can't be turned into plain text
├── OutageError                 a needed service does not respond: work pauses, no attempt is counted
└── BlobLostError               a raw message is missing from the blob store, or damaged
"""

from enum import StrEnum

from vlmkg.errors import RefusedError, VlmkgError


class Reason(StrEnum):
    """Why an event was refused. The codes are fixed: operators filter by them."""

    UNREADABLE = "unreadable"
    EMPTY_ARCHIVE = "empty_archive"
    NO_REPORT_TEXT = "no_report_text"
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"
    UNSAFE_XML = "unsafe_xml"
    WRONG_MESSAGE_TYPE = "wrong_message_type"
    WRONG_PROCESSING_ID = "wrong_processing_id"
    FRAGMENT = "fragment"
    """A part of a message that continues in another one."""
    NO_PATIENT = "no_patient"
    NOT_RADIOLOGY = "not_radiology"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNSUPPORTED_TEXT = "unsupported_text"
    IDENTITY_MISMATCH = "identity_mismatch"
    READING_FAILED = "reading_failed"
    """Reading took too much time or memory, or the process that read it was killed."""
    INTERNAL_ERROR = "internal_error"
    """A bug of this program, not a fault of the message: replay it after the fix."""


class MessageRefusedError(RefusedError):
    """A message that can't be used. `detail` is a sentence for the operator, without any of the payload.

    `source` and `external_id` are the sender's names, as far as they could be read.
    """

    def __init__(self, reason: Reason, detail: str, *, source: str = "", external_id: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.source = source
        self.external_id = external_id


class UnsupportedTextError(MessageRefusedError):
    """A text with markup (HTML, CDA, RTF, other XML) that can't be converted to plain text without changing its
    meaning.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.UNSUPPORTED_TEXT, detail)


class OutageError(VlmkgError):
    """Neo4j, Redis or the ledger does not respond."""

    retryable = True


class BlobLostError(VlmkgError):
    """A raw message is missing from the blob store or was changed there. `key` is its SHA-256."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(f"the blob {key} {what}", "restore it from a backup of the blob store")
        self.key = key
