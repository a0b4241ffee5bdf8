"""The Python interface for reading reports, which the command line and the workers use, too.

reader = Reader(engine="rules")
reading = reader.read("FINDINGS: Small left pleural effusion.")
readings = reader.read_many(texts, processes=4)
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple, Self, cast

from rich.console import Console
from rich.progress import track

from vlmkg.data_dir import DataDir
from vlmkg.default_engine import choose_engine
from vlmkg.engine_protocol import Engine, FilmDomain, ImageInput, StudyInput, StudyReadings, UnreadImage
from vlmkg.errors import RefusedError, UsageError
from vlmkg.pipeline import load_engine, read_studies, reading_digest
from vlmkg.reader_processes import Readers, default_processes, read_batches
from vlmkg.reader_result import Reading
from vlmkg.reading_codes import UnreadReason
from vlmkg.settings import EngineSettings

Image = str | Path | bytes
"""A film: the path of a DICOM, PNG or JPEG file, or its bytes."""


BATCH = 64
"""Reports per task of a process."""


class Report(NamedTuple):
    """One input report: its text, its film, and your key for it."""

    text: str
    image: Image | None = None
    key: str = ""


Item = str | Report | tuple[str, Image | None]
"""An input of `read_many`: a text, a text with its film, or a `Report`."""


class Reader:
    """Reads reports and their films.

    One reader is used by one thread at a time. A model is loaded once, when the reader is made.
    """

    def __init__(
        self,
        engine: str | Path | None = None,
        *,
        device: str | None = None,
        data: Path | None = None,
        films: FilmDomain | str = FilmDomain.REAL,
        unpromoted: bool = False,
    ) -> None:
        """Open an engine.

        Args:
            engine: `rules`; `model`, the last promoted checkpoint, else the shipped one; or the
                folder of a checkpoint. None: VLMKG_ENGINE, else `model` if there are torch and a checkpoint, else
                `rules`; `note` then says why.
            device: where a model runs, in torch's notation. None: VLMKG_DEVICE, else a GPU if there is one.
            data: the data folder with the promotions. None: VLMKG_DATA, else ./var.
            films: the kind of films, `real` or `synthetic`. A checkpoint that was trained on the other kind does not
                read them, and the readings say so.
            unpromoted: accept a checkpoint that is not promoted. Do not rely on its readings.

        Raises UsageError for an unknown engine, or a missing torch; CheckpointError for a checkpoint that
        is damaged or not promoted.
        """
        folder = DataDir(data) if data else None
        named = str(engine) if engine is not None else EngineSettings().engine
        choice = choose_engine(named, folder)
        self._open(load_engine(choice.engine, device=device, data=folder, unpromoted=unpromoted), films)
        self.name: str | None = choice.engine
        self.note: str = choice.told
        """Why the rules are used, if no engine was named and there is no model; else empty."""
        self._device = device

    def _open(self, engine: Engine, films: FilmDomain | str) -> None:
        self.engine: Engine = engine
        self.films = FilmDomain(films)

    @classmethod
    def over(cls, engine: Engine, films: FilmDomain | str = FilmDomain.REAL) -> Self:
        """A reader with an open engine. It reads only in this process."""
        reader = cls.__new__(cls)
        reader._open(engine, films)
        reader.name, reader.note, reader._device = None, "", None
        return reader

    def __repr__(self) -> str:
        shown = self.engine.checkpoint or self.engine.name
        return f"<Reader {shown}>"

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the reader (`pipeline.reading_digest`). Equal digests mean equal readings of a text."""
        return reading_digest(self.engine)

    @property
    def sees_films(self) -> bool:
        """Whether films of the reader's domain are read. The engine never gets other films."""
        return self.engine.film_domain is self.films

    def read(self, text: str, image: Image | None = None) -> Reading:
        """The reading of one report, with its film if there is one.

        Raises UsageError if the engine does not read films, RefusedError if the film's file can't be opened.
        """
        (reading,) = self.iterate([Report(text, image, "report")])
        return reading

    def read_many(self, items: Iterable[Item], progress: bool = True, processes: int | None = 1) -> list[Reading]:
        """The reading of each item, in the same order.

        Args:
            items: texts, `(text, image)`, or `Report`s. The default key is the item's number, from 1.
            progress: show a bar on a terminal or in a notebook.
            processes: number of processes; each loads the model. None: as many as are useful.

        Raises as `read` does, and VlmkgError if a process was killed.
        """
        total = len(items) if isinstance(items, Sequence) else None
        console = Console(stderr=True)
        shown = progress and (console.is_terminal or console.is_jupyter)
        readings = self.iterate(items, processes=processes)
        return list(track(readings, "Reading", total, console=console, transient=True, disable=not shown))

    def iterate(self, items: Iterable[Item], processes: int | None = 1) -> Iterator[Reading]:
        """As `read_many`, but as an iterator that reads ahead only as far as needed, so the source may be endless."""
        number = processes or default_processes(self.engine, self._device)
        if number > 1 and self.name is None:
            raise UsageError(
                "the engine was opened in this process, so other processes can't use it",
                "use processes=1, or pass the engine's name",
            )
        readers = Readers(self.engine, self.name or "", number, self._device)
        reports = (_report(item, at) for item, at in zip(items, count(1), strict=False))
        batches = iter(lambda: list(islice(reports, BATCH)), [])
        for batch, found in read_batches(readers, ((batch, self._studies(batch)) for batch in batches)):
            for report, study in zip(batch, found, strict=True):
                yield Reading(report.key, report.text, self._with_unseen(report, study))

    def read_studies(self, studies: Sequence[StudyInput]) -> list[StudyReadings]:
        """The readings of studies with several reports and films, as the service stores them, in the same order."""
        return read_studies(self.engine, studies)

    def _studies(self, reports: Iterable[Report]) -> list[StudyInput]:
        return [StudyInput((report.text,), self._films(report)) for report in reports]

    def _films(self, report: Report) -> tuple[ImageInput, ...]:
        if report.image is None:
            return ()
        if self.engine.film_domain is None:
            raise UsageError(f"the engine {self.engine.name!r} does not read images", "omit the image")
        return (_film(report.image),) if self.sees_films else ()

    def _with_unseen(self, report: Report, study: StudyReadings) -> StudyReadings:
        """The same, with the films that the engine did not get among the unread ones."""
        if report.image is None or self.sees_films:
            return study
        unread = (*study.unread, UnreadImage(_name(report.image), UnreadReason.OTHER_DOMAIN))
        warnings = tuple(sorted({*study.warnings, UnreadReason.OTHER_DOMAIN.warning}))
        return StudyReadings(study.reports, study.films, study.modalities, unread, warnings)


def _report(item: Item, number: int) -> Report:
    given = Report(item) if isinstance(item, str) else Report(*item)
    if not isinstance(cast(object, given.text), str):
        raise UsageError(f"item {number} has no text", "pass a text, (text, image), or a Report")
    return given if given.key else given._replace(key=str(number))


def _name(image: Image) -> str:
    return "image" if isinstance(image, bytes) else Path(image).name


def _film(image: Image) -> ImageInput:
    if isinstance(image, bytes):
        return ImageInput(_name(image), image)
    try:
        return ImageInput(_name(image), Path(image).read_bytes())
    except OSError as error:
        raise RefusedError(
            f"{image} cannot be read: {error.strerror or type(error).__name__}", "check the path and the permissions"
        ) from error
