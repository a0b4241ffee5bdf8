"""Queries of the caller, and of pictures of films."""

from typing import Annotated

import strawberry

from api.agreement import answer_agreement
from api.films import answer_film
from api.missed import answer_missed
from api.missed_types import MissedFinding, StudyKey
from api.own_types import Caller, Film, FilmEncoding
from api.resolvers import Info, reads_arguments, shaped
from api.review_types import ReviewAgreement
from api.rights import RIGHTS
from api.strawberry_parts import Shaped

MaxSide = Annotated[int, strawberry.argument(description="The most pixels of its longer side, 64 to 4,096.")]


@strawberry.type
class OwnQueries:
    """What a page needs beside the graph."""

    @strawberry.field(description="Who asks, and what the role may see and do.", graphql_type=Caller)
    @reads_arguments
    async def caller(self, info: Info) -> Shaped | None:
        """For programs that show only what the caller may see."""
        caller = info.context.caller
        rights = sorted(RIGHTS[caller.role])
        return shaped(info, "Caller", {"name": caller.name, "role": caller.role, "rights": rights})

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

    @strawberry.field(
        description="The picture of a film; null if the study has no such image. Films may show names: not for "
        "researchers.",
        graphql_type=Film | None,
    )
    async def film(
        self,
        info: Info,
        study_key: str,
        sop_instance_uid: str,
        max_side: MaxSide = 2048,
        encoding: FilmEncoding = FilmEncoding.PNG,
    ) -> Shaped | None:
        """Rendered anew at each request."""
        return await answer_film(info, study_key, sop_instance_uid, max_side, encoding)
