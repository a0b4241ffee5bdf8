"""The engine `model`: studies in, graphs with scores out."""

from collections.abc import Sequence

import torch

from vlmkg.checkpoint.store import Checkpoint
from vlmkg.engine.films import StudyFilms, read_films
from vlmkg.engine.text_witness_queries import label_words
from vlmkg.engine_protocol import FilmDomain, ImageEntity, Lead, Modality, ReportOutput, StudyInput, StudyOutput
from vlmkg.errors import DeviceMemoryError
from vlmkg.identity import digest
from vlmkg.linearization import film_names
from vlmkg.model.decoded import Decoded
from vlmkg.model.decoding import reports
from vlmkg.model.decoding.window_cache import KnownWindows
from vlmkg.numbered_tokens import OBSERVATION_LABELS
from vlmkg.reading_version import READING_VERSION, data_digest
from vlmkg.schema import Kind
from vlmkg.text_witness.reader import WordReader

_PRESENCES = {str(label): presence for presence, label in OBSERVATION_LABELS.items()}


class ModelEngine:
    """Reads reports and films with a checkpoint, on the device on which it was loaded."""

    name = "model"

    def __init__(self, checkpoint: Checkpoint, known_windows: int = 0, word_reader: WordReader | None = None) -> None:
        """`known_windows`: the number of windows in its cache. `word_reader`: its text witness, if it has one."""
        self._checkpoint = checkpoint
        self._words = word_reader
        self._known = KnownWindows(known_windows) if known_windows else None
        self.checkpoint: str | None = checkpoint.manifest.name
        self.checkpoint_digest: str | None = checkpoint.verified.digest
        self.film_domain: FilmDomain | None = checkpoint.manifest.image_domain
        self.lead: Lead = checkpoint.manifest.lead
        names = data_digest({"film names": film_names()})
        self.digest = digest(checkpoint.verified.digest, READING_VERSION, self.lead, names)

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        """One output for each study, in the same order.

        Films come before the reports of their study, in the order given; each is also read by itself. Raises
        DeviceMemoryError if the device has too little memory for the studies.
        """
        try:
            films = read_films(self._checkpoint, studies, self._most_films())
            found = iter(self._read_reports(studies, films))
            shown = iter(self._read_films(films))
        except torch.OutOfMemoryError as error:
            message = f"the device has too little memory for {len(studies)} studies at once"
            raise DeviceMemoryError(message, "give the engine fewer studies, or use another device") from error
        return [
            StudyOutput(
                tuple(next(found) for _ in study.texts),
                _modalities(study, seen),
                tuple(entity for key in seen.keys for entity in _entities(key, next(shown))),
                seen.unread,
            )
            for study, seen in zip(studies, films, strict=True)
        ]

    def _most_films(self) -> int:
        """Most films of a study: their prefixes take at most half the language model's positions."""
        if self._checkpoint.config is None:
            return 0
        positions: int = self._checkpoint.network.language_model.config.max_position_embeddings
        return positions // 2 // self._checkpoint.config.prefix_length

    def _read_reports(self, studies: Sequence[StudyInput], films: Sequence[StudyFilms]) -> list[ReportOutput]:
        texts = [text for study in studies for text in study.texts]
        joined = [seen.joined() for seen in films]
        place = {at: rank for rank, at in enumerate(at for at, prefix in enumerate(joined) if prefix is not None)}
        readings = reports.read_reports(
            self._checkpoint.network.language_model,
            self._checkpoint.codec,
            texts,
            [prefix for prefix in joined if prefix is not None],
            [place.get(at) for at, study in enumerate(studies) for _ in study.texts],
            whole=self._checkpoint.manifest.whole_report,
            known=self._known,
        )
        words = label_words(self._words, texts, [reading.graph for reading in readings], self.lead)
        return [
            ReportOutput(reading.graph, reading.truncated, words=heard)
            for reading, heard in zip(readings, words, strict=True)
        ]

    def _read_films(self, films: Sequence[StudyFilms]) -> list[Decoded]:
        prefixes = [prefix for seen in films for prefix in seen.prefixes]
        return reports.read_films(self._checkpoint.network.language_model, self._checkpoint.codec, prefixes)


def _modalities(study: StudyInput, films: StudyFilms) -> tuple[Modality, ...]:
    read = ((Modality.TEXT, study.texts), (Modality.IMAGE, films.keys))
    return tuple(modality for modality, parts in read if parts)


def _entities(film: str, decoded: Decoded) -> list[ImageEntity]:
    return [
        ImageEntity(film, name, Kind.OBSERVATION, _PRESENCES[str(label)], score) for name, label, score in decoded.film
    ]
