"""From a report's graph to concepts: each mention's concept, and each finding with its places, side and degree."""

from vlmkg.normalization.normalizer import normalize

__all__ = ["normalize"]
