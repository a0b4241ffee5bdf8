"""Findings that a reading missed, as GraphQL types."""

from typing import Annotated

import strawberry

from api.scalars import DateTime
from vlmkg.schema import Presence, RelationType


@strawberry.type(description="The words that a missed finding is related to, and the relation.")
class MissedRelation:
    """See ingest.ledger.reviews.missed.Target."""

    type: RelationType
    start: int
    end: int
    text: str


@strawberry.type(description="Words of a report that a person marked as a finding which the reading missed.")
class MissedFinding:
    """See ingest.ledger.reviews.missed.Mark."""

    missed_id: strawberry.ID = strawberry.field(description="For `withdrawMissed`.")
    reviewer: str = strawberry.field(description="The name of the caller who marked it.")
    at: DateTime
    report_key: str
    start: int = strawberry.field(description="Code points, as in `Span`.")
    end: int
    text: str = strawberry.field(description="The wording of the report.")
    presence: Presence
    concept_code: str | None = strawberry.field(description="Null if no concept fits.")
    concept_name: str | None
    relation: MissedRelation | None
    note: str | None


@strawberry.input(description="A relation from the missed words to other words of the same report.")
class MissedRelationInput:
    """Code points of the report's text."""

    type: RelationType
    start: int
    end: int


@strawberry.input(description="Words of a report that state something which the reading missed.")
class MissedFindingInput:
    """What a person marks."""

    report_key: str
    start: int = strawberry.field(description="The first code point of the words in the report's text.")
    end: int = strawberry.field(description="The code point after the last one.")
    presence: Presence
    concept_code: str | None = strawberry.field(default=None, description="The code of a concept of the graph.")
    relation: MissedRelationInput | None = None
    note: str | None = strawberry.field(default=None, description="At most 2,000 characters.")


StudyKey = Annotated[str, strawberry.argument(description="The key of the study whose reports are asked for.")]
