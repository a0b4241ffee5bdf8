"""What the API says of its caller, and shows of a film."""

from enum import Enum

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


@strawberry.enum(description="The encoding of a film's picture. PNG keeps every grey value, JPEG does not.")
class FilmEncoding(Enum):
    """The picture formats of Pillow."""

    PNG = "PNG"
    JPEG = "JPEG"


@strawberry.type(
    description="The picture of a film as a viewer shows it, in 256 grey values: with the file's own VOI LUT or window."
)
class Film:
    """See api.films."""

    media_type: str
    base64: str = strawberry.field(description="The picture's file, in Base64.")
    rows: int = strawberry.field(description="Pixels of the film itself.")
    columns: int = strawberry.field(description="Pixels of the film itself.")
    shown_rows: int = strawberry.field(description="Pixels of this picture.")
    shown_columns: int = strawberry.field(description="Pixels of this picture.")
