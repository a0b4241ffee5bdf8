"""Checkpoint folders: manifest, promotion, loading, import of the originals. The first two need no torch."""
