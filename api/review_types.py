"""Reviews of findings, as GraphQL types."""

from enum import Enum

import strawberry

from api.scalars import DateTime
from vlmkg.schema import Presence
from vlmkg.verdicts import Verdict


class ReviewVerdict(Enum):
    """The verdicts of vlmkg.verdicts, and the one that withdraws them."""

    CORRECT = Verdict.CORRECT.value
    WRONG = Verdict.WRONG.value
    CANNOT_TELL = Verdict.CANNOT_TELL.value
    WITHDRAWN = "withdrawn"


strawberry.enum(
    ReviewVerdict,
    description="A reviewer's verdict on a finding. WITHDRAWN removes the reviewer's earlier verdict.",
)


@strawberry.type(description="The finding's statement at the time of the review.")
class ReviewedStatement:
    """See ingest.ledger.reviews.verdicts.Statement."""

    text: str = strawberry.field(description="The wording of the report.")
    presence: Presence
    concept_code: str
    concept_name: str
    laterality: str | None
    severity: str | None


@strawberry.type(description="The latest review of a finding by one person.")
class Review:
    """See ingest.ledger.reviews.verdicts.Review."""

    reviewer: str = strawberry.field(description="The name of the caller who gave it.")
    at: DateTime
    verdict: ReviewVerdict
    presence: Presence | None = strawberry.field(description="The right presence, if the finding's presence is wrong.")
    note: str | None = strawberry.field(description="A note. It may identify a patient. Not for researchers.")
    may_read: bool = strawberry.field(
        description="Whether the reviewer may read report texts. Only their reviews confirm or reject a finding."
    )
    holds: bool = strawberry.field(
        description="True if the review is of the finding's present statement; false if another reading of the "
        "words changed it."
    )
    said: ReviewedStatement = strawberry.field(description="The statement that was reviewed.")


@strawberry.type(description="The number of statements that one person has judged.")
class ReviewerCount:
    """Of verdicts that count."""

    name: str
    statements: int


@strawberry.type(description="Two persons who judged the same statements.")
class PairAgreement:
    """See ingest.ledger.reviews.agreement."""

    one: str
    other: str
    both: int = strawberry.field(description="Statements that both judged.")
    agreed: int = strawberry.field(description="Those with the same verdict.")
    kappa: float | None = strawberry.field(
        description="Cohen's kappa; null if both always gave one and the same verdict."
    )


@strawberry.type(description="How far reviewers agree, from all verdicts that count.")
class ReviewAgreement:
    """Without patients."""

    statements: int = strawberry.field(description="Statements with a verdict.")
    twice: int = strawberry.field(description="Those that two or more persons judged.")
    reviewers: list[ReviewerCount]
    pairs: list[PairAgreement]
