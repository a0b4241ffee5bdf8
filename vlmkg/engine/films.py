"""The films of studies, from bytes to prefixes: read, brought to size, encoded, projected."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from vlmkg.checkpoint.store import Checkpoint
from vlmkg.engine_protocol import StudyInput, UnreadImage
from vlmkg.image.grey import ImageError
from vlmkg.image.load import read_film
from vlmkg.model.vision.encoder import VisionEncoder, encode, prepare
from vlmkg.reading_codes import UnreadReason

TOO_MANY = UnreadReason.TOO_MANY
"""The reason code of a film that has no room before a report."""
_AT_ONCE = 32
"""Films encoded at once: bounds memory, whatever the studies hold."""


class StudyFilms(NamedTuple):
    """Of the films of one study that were read: keys and (N, D) prefixes, in the same order; and the others."""

    keys: tuple[str, ...]
    prefixes: tuple[Tensor, ...]
    unread: tuple[UnreadImage, ...]

    def joined(self) -> Tensor | None:
        """(I * N, D), the prefix before the study's reports; None without a film."""
        return torch.cat(self.prefixes) if self.prefixes else None


def read_films(checkpoint: Checkpoint, studies: Sequence[StudyInput], most: int) -> list[StudyFilms]:
    """The films of each study, in the same order. One that cannot be read, or is beyond `most`, stands in `unread`."""
    if checkpoint.vision is None:
        return [StudyFilms((), (), ()) for _ in studies]
    opened = [_open(checkpoint.vision, study, most) for study in studies]
    prefixes = iter(_prefixes(checkpoint, checkpoint.vision, [one for pixels, _ in opened for one in pixels.values()]))
    return [
        StudyFilms(tuple(pixels), tuple(next(prefixes) for _ in pixels), tuple(unread)) for pixels, unread in opened
    ]


def _open(vision: VisionEncoder, study: StudyInput, most: int) -> tuple[dict[str, Tensor], list[UnreadImage]]:
    pixels: dict[str, Tensor] = {}
    unread: list[UnreadImage] = []
    for image in study.images:
        if len(pixels) == most:
            unread.append(UnreadImage(image.key, TOO_MANY))
            continue
        try:
            pixels[image.key] = prepare(read_film(image.content), vision.pixels)
        except ImageError as error:
            unread.append(UnreadImage(image.key, error.reason))
    return pixels, unread


def _prefixes(checkpoint: Checkpoint, vision: VisionEncoder, films: Sequence[Tensor]) -> list[Tensor]:
    """(N, D) for each film."""
    device = checkpoint.network.language_model.device
    found: list[Tensor] = []
    for start in range(0, len(films), _AT_ONCE):
        features = encode(vision, torch.stack(list(films[start : start + _AT_ONCE])).to(device))
        counts = torch.ones(len(features), dtype=torch.long, device=device)
        with torch.inference_mode():
            found += checkpoint.network.prefix(features[:, None], counts)[0]
    return found
