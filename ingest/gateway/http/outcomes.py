"""OperationOutcome (FHIR R4 6.3): results of requests."""

from typing import Any

from starlette.responses import JSONResponse, Response

from ingest.errors import Reason

FHIR_JSON = "application/fhir+json"

REFUSALS: dict[Reason, tuple[int, str]] = {
    Reason.UNREADABLE: (400, "structure"),
    Reason.BAD_ENCODING: (400, "structure"),
    Reason.TOO_LARGE: (413, "too-long"),
    Reason.UNSAFE_XML: (422, "security"),
    Reason.WRONG_MESSAGE_TYPE: (422, "not-supported"),
    Reason.NOT_RADIOLOGY: (422, "business-rule"),
    Reason.NO_REPORT_TEXT: (422, "required"),
    Reason.NO_PATIENT: (422, "required"),
    Reason.UNSUPPORTED_FORMAT: (422, "not-supported"),
    Reason.UNSUPPORTED_TEXT: (422, "not-supported"),
    Reason.READING_FAILED: (422, "too-costly"),
    Reason.INTERNAL_ERROR: (500, "exception"),
}
"""HTTP status and IssueType by the reason for which a stored resource was refused."""


def outcome(code: str, words: str, severity: str = "error") -> dict[str, Any]:
    """An OperationOutcome of one issue. `words` contain nothing of the payload."""
    issue = {"severity": severity, "code": code, "diagnostics": words}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def problem(status: int, code: str, words: str, headers: dict[str, str] | None = None) -> Response:
    """The answer to a request that failed."""
    return JSONResponse(outcome(code, words), status, headers, media_type=FHIR_JSON)


def refusal(reason: str, event_id: int) -> Response:
    """The answer to a resource that was stored as a refused event."""
    status, content = refused(reason, event_id)
    return JSONResponse(content, status, media_type=FHIR_JSON)


def refused(reason: str, event_id: int) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the OperationOutcome of a resource that was stored as a refused event."""
    status, code = REFUSALS.get(Reason(reason), (422, "processing"))
    return status, outcome(code, f"{reason}: stored as the refused event {event_id}")
