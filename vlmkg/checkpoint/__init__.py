"""Checkpoint folders: manifest, verification, promotion, import of the originals. Only loading and import need torch."""
