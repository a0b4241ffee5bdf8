"""The films of studies, from bytes to prefixes: decode, resize, encode, project."""

from collections.abc import Iterable, Iterator, Sequence
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
"""The reason code of a film that does not fit before a report."""
_AT_ONCE = 32
"""Films encoded at once, which limits memory."""


class StudyFilms(NamedTuple):
    """The films of one study: keys and (N, D) prefixes of the read ones, in the same order; and the unread ones."""

    keys: tuple[str, ...]
    prefixes: tuple[Tensor, ...]
    unread: tuple[UnreadImage, ...]

    def joined(self) -> Tensor | None:
        """(I * N, D), the prefix before the study's reports; None without a film."""
        return torch.cat(self.prefixes) if self.prefixes else None


def read_films(checkpoint: Checkpoint, studies: Sequence[StudyInput], most: int) -> list[StudyFilms]:
    """The films of each study, in the same order.

    A film that can't be read, is beyond `most`, or is unlike the encoder's training films is in `unread`.
    """
    if checkpoint.vision is None:
        return [StudyFilms((), (), ()) for _ in studies]
    opened = [_open(checkpoint.vision, study, most) for study in studies]
    prefixes = iter(_prefixes(checkpoint, checkpoint.vision, [one for pixels, _ in opened for one in pixels.values()]))
    return [_study_films(pixels, unread, prefixes) for pixels, unread in opened]


def _study_films(keys: Iterable[str], unread: list[UnreadImage], prefixes: Iterator[Tensor | None]) -> StudyFilms:
    found = [(key, next(prefixes)) for key in keys]
    read = [(key, prefix) for key, prefix in found if prefix is not None]
    held_back = [UnreadImage(key, UnreadReason.UNLIKE_TRAINING) for key, prefix in found if prefix is None]
    return StudyFilms(tuple(key for key, _ in read), tuple(prefix for _, prefix in read), (*unread, *held_back))


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


def _prefixes(checkpoint: Checkpoint, vision: VisionEncoder, films: Sequence[Tensor]) -> list[Tensor | None]:
    """(N, D) for each film; None for one that is unlike the training films."""
    device = checkpoint.network.language_model.device
    found: list[Tensor | None] = []
    for start in range(0, len(films), _AT_ONCE):
        features = encode(vision, torch.stack(list(films[start : start + _AT_ONCE])).to(device))
        counts = torch.ones(len(features), dtype=torch.long, device=device)
        with torch.inference_mode():
            known = list(checkpoint.network.prefix(features[:, None], counts)[0])
        unlike = vision.guard.unlike(features.cpu()) if vision.guard else [False] * len(known)
        found += [None if odd else prefix for odd, prefix in zip(unlike, known, strict=True)]
    return found
