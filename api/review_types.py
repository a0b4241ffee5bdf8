"""What persons say of findings, as GraphQL types."""

from enum import Enum

import strawberry

from api.scalars import DateTime
from vlmkg.schema import Presence
from vlmkg.verdicts import Verdict


class ReviewVerdict(Enum):
    """The words of vlmkg.verdicts, and the one that takes them back."""

    CORRECT = Verdict.CORRECT.value
    WRONG = Verdict.WRONG.value
    CANNOT_TELL = Verdict.CANNOT_TELL.value
    WITHDRAWN = "withdrawn"


strawberry.enum(
    ReviewVerdict,
    description="What a person says of a finding. WITHDRAWN takes back what they said of its words; no review is it.",
)


@strawberry.type(description="What the finding said that was reviewed.")
class ReviewedStatement:
    """See ingest.ledger.reviews.verdicts.Statement."""

    text: str = strawberry.field(description="The report's own words.")
    presence: Presence
    concept_code: str
    concept_name: str
    laterality: str | None
    severity: str | None


@strawberry.type(description="What one person says of a finding: their latest word.")
class Review:
    """See ingest.ledger.reviews.verdicts.Review."""

    reviewer: str = strawberry.field(description="The name of the caller who gave it.")
    at: DateTime
    verdict: ReviewVerdict
    presence: Presence | None = strawberry.field(
        description="What the finding should say, where its presence is wrong."
    )
    note: str | None = strawberry.field(description="May hold what identifies a patient. Not for researchers.")
    may_read: bool = strawberry.field(
        description="The reviewer may read report texts; others confirm and reject nothing."
    )
    holds: bool = strawberry.field(
        description="It is of what the finding says. False: another reading of the same words said something else."
    )
    said: ReviewedStatement = strawberry.field(description="What the finding said then.")
