"""The queries for what reviewers marked as missed, and how far they agree."""

import strawberry

from api.agreement import answer_agreement
from api.missed import answer_missed
from api.missed_types import MissedFinding, StudyKey
from api.resolvers import Info
from api.review_types import ReviewAgreement
from api.strawberry_parts import Shaped


@strawberry.type
class ReviewQueries:
    """Both read the ledger, not the graph."""

    @strawberry.field(
        description="What people marked as missed in the reports of a study, oldest first. Not for researchers.",
        graphql_type=list[MissedFinding],
    )
    async def missed_findings(self, info: Info, study_key: StudyKey) -> Shaped:
        """The marks that count."""
        return await answer_missed(info, study_key)

    @strawberry.field(description="How far reviewers agree.", graphql_type=ReviewAgreement)
    async def review_agreement(self, info: Info) -> Shaped | None:
        """Of pairs of persons who judged the same statements."""
        return await answer_agreement(info)
