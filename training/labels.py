"""The letters for kind and presence in the project's data files."""

from vlmkg.numbered_tokens import OBSERVATION_LABELS
from vlmkg.schema import Kind, Mention


def mention_label(mention: Mention) -> str:
    """A, P, U or N: anatomy, present, uncertain, absent."""
    return "A" if mention.kind is Kind.ANATOMY else str(OBSERVATION_LABELS[mention.presence])
