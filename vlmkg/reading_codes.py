"""Warning codes of readings (docs/codes.md). They are fixed: queries filter by them."""

from enum import StrEnum


class ReadingCode(StrEnum):
    """Warnings of a report's reading, and of a film's findings."""

    PRESENCE_CONFLICT = "presence_conflict"
    KIND_CONFLICT = "kind_conflict"
    ROLE_CONFLICT = "role_conflict"
    CONCEPT_CONFLICT = "concept_conflict"
    MENTION_CONFLICT = "mention_conflict"
    UNSURE = "unsure"
    MODEL_ALONE = "model_alone"
    SET_ASIDE = "set_aside"
    LATERALITY_CLASH = "laterality_clash"
    PRESENCE_CLASH = "presence_clash"
    TRUNCATED = "truncated"
    TEXT_SET_ASIDE = "text_set_aside"
    NOTHING_READ = "nothing_read"
    LANGUAGE = "language"


class UnreadReason(StrEnum):
    """Why a film was not read. The warning is `image_` and the reason."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    NO_PIXELS = "no_pixels"
    MANY_FRAMES = "many_frames"
    UNSUPPORTED_ENCODING = "unsupported_encoding"
    TOO_MANY = "too_many"
    LOST = "lost"
    OTHER_DOMAIN = "other_domain"
    UNLIKE_TRAINING = "unlike_training"

    @property
    def warning(self) -> str:
        """The warning code."""
        return f"image_{self}"
