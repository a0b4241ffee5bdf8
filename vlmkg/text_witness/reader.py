"""Reads parts of texts with a checkpoint's text witness, which is loaded when it is first asked."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from vlmkg.engine_protocol import WordLabels
from vlmkg.text_witness.reading import read_words
from vlmkg.text_witness.store import TextWitness, load_witness


class WordReader:
    """The text witness of a checkpoint's folder, on a device."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self._folder, self._device = folder, device

    def read(self, texts: Sequence[str]) -> list[tuple[WordLabels, ...]]:
        """The labels of each text's words. Raises RefusedError if the folder holds no text witness."""
        return read_words(self._witness, texts) if texts else []

    @cached_property
    def _witness(self) -> TextWitness:
        return load_witness(self._folder, self._device)
