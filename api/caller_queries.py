"""The query for the caller's own name, role and rights."""

import strawberry

from api.caller_types import Caller
from api.resolvers import Info, reads_arguments, shaped
from api.rights import RIGHTS
from api.strawberry_parts import Shaped


@strawberry.type
class CallerQueries:
    """For programs that show only what the caller may see."""

    @strawberry.field(description="Who asks, and what the role may see and do.", graphql_type=Caller)
    @reads_arguments
    async def caller(self, info: Info) -> Shaped | None:
        """From the request's key or token."""
        caller = info.context.caller
        rights = sorted(RIGHTS[caller.role])
        return shaped(info, "Caller", {"name": caller.name, "role": caller.role, "rights": rights})
