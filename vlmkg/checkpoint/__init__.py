"""Checkpoint folders: manifest, promotion, loading, and import of published models. The first two need no torch."""
