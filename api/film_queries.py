"""The query for the picture of a film."""

from typing import Annotated

import strawberry

from api.film_types import Film, FilmEncoding
from api.films import answer_film, window_of
from api.resolvers import Info
from api.strawberry_parts import Shaped

WindowWidth = Annotated[
    float | None,
    strawberry.argument(
        description="Greater than 0, together with `windowCenter`, in the units of `levels`: grey values beyond the "
        "film's own window can be seen. Films without `levels` are shown as they are."
    ),
]
MaxSide = Annotated[
    int, strawberry.argument(description="The maximum length of its longer side in pixels, 64 to 4,096.")
]


@strawberry.type
class FilmQueries:
    """Films come from the blob store."""

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
        window_center: float | None = None,
        window_width: WindowWidth = None,
    ) -> Shaped | None:
        """Rendered anew at each request."""
        window = window_of(window_center, window_width)
        return await answer_film(info, study_key, sop_instance_uid, max_side, encoding, window)
