"""CapabilityStatement (FHIR R4 5.2): what the door accepts."""

from typing import Any

from ingest.formats.fhir.bundle_splitting import REPORT, STUDY

_PROCESS_MESSAGE = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
_DATE = "2026-11-30"
"""The date of the statement's last change."""


def statement(base: str) -> dict[str, Any]:
    """The statement of the door at `base`."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _DATE,
        "kind": "instance",
        "software": {"name": "VLM-KG service"},
        "implementation": {"description": "Accepts imaging reports and studies; serves none.", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Resources are accepted, not served: query reports and findings by GraphQL.",
                "security": {"cors": False, "description": "Authorization: Bearer with an API key, or mutual TLS."},
                "resource": [_resource(REPORT), _resource(STUDY)],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
                "operation": [{"name": "process-message", "definition": _PROCESS_MESSAGE}],
            }
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "interaction": [{"code": "create"}, {"code": "update"}],
        "versioning": "versioned",
        "readHistory": False,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalUpdate": True,
        "searchParam": [
            {"name": "identifier", "type": "token", "documentation": "Only in conditions."},
        ],
    }
