"""Pictures of films: the file from the blob store, rendered as the reader of films sees it."""

import asyncio
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from api.errors import ApiError, Code
from api.film_types import FilmEncoding
from api.resolvers import Info, ask, given_key, shaped
from api.response_plans import Row
from api.strawberry_parts import Shaped
from graph.reads.films import film_digest
from ingest.errors import BlobLostError
from ingest.receiving.raw import film_of
from ingest.receiving.submit import Receiver
from vlmkg.errors import RefusedError
from vlmkg.image.levels import Levels, Window

SMALLEST, LARGEST = 64, 4096
"""Bounds of the longer side of a picture, in pixels."""

_THREADS = ThreadPoolExecutor(2, thread_name_prefix="film")
"""Films rendered at once: each takes some fifteen bytes of memory per pixel, and a core. A film whose request timed out
keeps its thread until it is rendered; the threads that authenticate callers are others."""


def window_of(center: float | None, width: float | None) -> Window | None:
    """The window that was asked for. Raises ApiError (BAD_USER_INPUT) for half of one, or one without a width."""
    if center is None and width is None:
        return None
    if center is None or width is None or not width > 0:
        told = "give `windowCenter` and a `windowWidth` greater than 0, or neither"
        raise ApiError(Code.BAD_USER_INPUT, f"the window is not complete: {told}")
    return Window(center, width)


async def answer_film(
    info: Info, study_key: str, uid: str, max_side: int, encoding: FilmEncoding, window: Window | None
) -> Shaped | None:
    """The picture of a film of the graph; None if the graph has no such image. Raises ApiError (NO_PAYLOAD)."""
    if not SMALLEST <= max_side <= LARGEST:
        raise ApiError(Code.BAD_USER_INPUT, f"`maxSide` is out of range: give {SMALLEST} to {LARGEST} pixels")
    rows = await ask(info, film_digest(given_key(info, study_key), uid))
    digest = rows[0]["digest"] if rows else None
    if digest is None:
        return None
    rendering = partial(_row, info.context.services.receiver, digest, max_side, encoding, window)
    return shaped(info, "Film", await asyncio.get_running_loop().run_in_executor(_THREADS, rendering))


def _row(receiver: Receiver, digest: str, max_side: int, encoding: FilmEncoding, window: Window | None) -> Row:
    # Imported for the first film: numpy and Pillow take a moment, which no other question needs.
    from vlmkg.image.picture import picture_of  # noqa: PLC0415

    try:
        picture = picture_of(film_of(receiver.blobs, digest), max_side, encoding.value, window)
    except BlobLostError:
        raise ApiError(Code.NO_PAYLOAD, "the film is not in the blob store: restore it from a backup") from None
    except RefusedError:
        raise ApiError(Code.NO_PAYLOAD, "the film cannot be rendered here: open it in a DICOM viewer") from None
    return {
        "mediaType": f"image/{encoding.value.lower()}",
        "base64": b64encode(picture.content).decode(),
        "rows": picture.rows,
        "columns": picture.columns,
        "shownRows": picture.shown_rows,
        "shownColumns": picture.shown_columns,
        "levels": _levels(picture.levels),
    }


def _levels(found: Levels | None) -> Row | None:
    if found is None:
        return None
    window = found.window
    return {
        "least": found.least,
        "greatest": found.greatest,
        "windowCenter": window.center if window else None,
        "windowWidth": window.width if window else None,
        "inverted": found.inverted,
    }
