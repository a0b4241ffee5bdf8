"""The rights of the roles, and the right that a field or an argument needs."""

from enum import StrEnum

from ingest.ledger.access.api_keys import Role


class Right(StrEnum):
    """A right of a role."""

    READ = "read"
    IDENTIFIERS = "identifiers"
    """The sender's own identifiers: of patients, studies, images and messages."""
    REPORT_TEXT = "report_text"
    REVIEW = "review"
    """To review findings."""
    SUBMIT = "submit"
    OPERATE = "operate"
    """Events and rejected triplets of all patients."""
    INSPECT = "inspect"
    """Messages taken apart: each of the sender's fields by its name."""


_VIEWER = frozenset({Right.READ, Right.IDENTIFIERS, Right.REPORT_TEXT, Right.REVIEW})
_OPERATOR = _VIEWER | {Right.SUBMIT, Right.OPERATE}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: _VIEWER,
    Role.RESEARCHER: frozenset({Right.READ, Right.REVIEW}),
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: _OPERATOR | {Right.INSPECT},
}
"""Each role's rights."""

NEEDED_BY_FIELD: dict[tuple[str, str], Right] = {
    ("Study", "studyUid"): Right.IDENTIFIERS,
    ("Image", "sopInstanceUid"): Right.IDENTIFIERS,
    ("Event", "externalId"): Right.IDENTIFIERS,
    ("Event", "size"): Right.IDENTIFIERS,
    ("Report", "text"): Right.REPORT_TEXT,
    ("SetAside", "text"): Right.REPORT_TEXT,
    ("Review", "note"): Right.REPORT_TEXT,
    ("Query", "film"): Right.IDENTIFIERS,
    ("Query", "events"): Right.OPERATE,
    ("Query", "eventPayload"): Right.OPERATE,
    ("Query", "eventParts"): Right.INSPECT,
    ("Query", "rejections"): Right.OPERATE,
    ("Mutation", "replayEvent"): Right.OPERATE,
    ("Mutation", "reviewFinding"): Right.REVIEW,
    ("Mutation", "submitReport"): Right.SUBMIT,
    ("Query", "reviewAgreement"): Right.REVIEW,
    ("Subscription", "feedUpdates"): Right.OPERATE,
    ("Query", "missedFindings"): Right.REPORT_TEXT,
    ("Mutation", "markMissed"): Right.REPORT_TEXT,
    ("Mutation", "withdrawMissed"): Right.REPORT_TEXT,
}
"""The right that a field needs beyond READ."""

NEEDED_BY_ARGUMENT: dict[tuple[str, str, str], Right] = {
    ("Query", "patient", "identifier"): Right.IDENTIFIERS,
    ("Query", "study", "studyUid"): Right.IDENTIFIERS,
}
"""The right that a field needs if an argument is given."""


def needed(parent: str, field: str, arguments: dict[str, object]) -> set[Right]:
    """The rights that this use of a field needs."""
    found = {Right.READ}
    if (parent, field) in NEEDED_BY_FIELD:
        found.add(NEEDED_BY_FIELD[parent, field])
    for name, value in arguments.items():
        if value is not None and (parent, field, name) in NEEDED_BY_ARGUMENT:
            found.add(NEEDED_BY_ARGUMENT[parent, field, name])
    return found
