"""From a report's graph to concepts: each mention's concept, and each finding with its locations, laterality and
severity.
"""

from vlmkg.normalization.normalizer import normalize
from vlmkg.normalization.tables import all_tables

__all__ = ["all_tables", "normalize"]
