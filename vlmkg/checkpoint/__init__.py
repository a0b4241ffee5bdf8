"""Checkpoint folders: manifest, verification, promotion, import of the originals. Only `load` and the importers import torch."""
