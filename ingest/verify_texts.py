"""The ledger's report texts for `vlmkg graph verify`: found by its entry point, as graph imports nothing of ingest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from ingest.ledger.studies.reports import texts
from ingest.settings import existing_ledger_of
from vlmkg.data_dir import DataDir


@contextmanager
def ledger_texts(data: DataDir) -> Iterator[Callable[[Sequence[str]], Mapping[str, str]]]:
    """A function from reportKeys to texts, good while the ledger is open. Raises UsageError where there is none."""
    with closing(existing_ledger_of(data)) as ledger:

        def lookup(report_keys: Sequence[str]) -> Mapping[str, str]:
            with ledger.read() as connection:
                return texts(connection, report_keys)

        yield lookup
