"""What the API shows of a film."""

from enum import Enum

import strawberry


@strawberry.enum(description="The encoding of a film's picture. PNG keeps every grey value, JPEG does not.")
class FilmEncoding(Enum):
    """The picture formats of Pillow."""

    PNG = "PNG"
    JPEG = "JPEG"


@strawberry.type(description="The grey values of a DICOM film, after its modality LUT, and the window that is shown.")
class FilmLevels:
    """See vlmkg.image.grey.Levels."""

    least: float
    greatest: float
    window_center: float | None = strawberry.field(description="Null for a film that is shown by its own VOI LUT.")
    window_width: float | None
    inverted: bool = strawberry.field(description="Whether greater values are darker (MONOCHROME1).")


@strawberry.type(
    description="The picture of a film as a viewer shows it, in 256 grey values: with the file's own VOI LUT or "
    "window, or one that was asked for."
)
class Film:
    """See api.films."""

    media_type: str
    base64: str = strawberry.field(description="The picture's file, in Base64.")
    rows: int = strawberry.field(description="Pixels of the film itself.")
    columns: int = strawberry.field(description="Pixels of the film itself.")
    shown_rows: int = strawberry.field(description="Pixels of this picture.")
    shown_columns: int = strawberry.field(description="Pixels of this picture.")
    levels: FilmLevels | None = strawberry.field(
        description="Null for pictures and films in colour, which have no window."
    )
