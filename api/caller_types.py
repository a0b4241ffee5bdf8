"""What the API says of its caller."""

import strawberry

from api.rights import Right
from ingest.ledger.access.api_keys import Role

strawberry.enum(Role, description="The role of a caller. docs/graphql.md says what each may see.")
strawberry.enum(Right, description="A right of a role.")


@strawberry.type(description="Who asks, as the audit trail names them, with the rights of their role.")
class Caller:
    """See api.callers.Caller."""

    name: str
    role: Role
    rights: list[Right]
