"""`vlmkg graph verify`. It needs the texts of the ledger, so it is not in the package `graph`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import click

from graph.cli import json_option, verify_graph
from graph.verify import TextLookup
from ingest.ledger.studies.reports import texts
from ingest.settings import existing_ledger_of
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.options import data_option


@click.command()
@click.option("--digest", "with_digest", is_flag=True, help="Also print a digest of the graph's content.")
@json_option
@data_option
@click.pass_context
def verify(context: click.Context, data: DataDir, with_digest: bool, as_json: bool) -> None:
    """Count violations of the graph's invariants. Exit code 1: there are some.

    Mentions are compared with the report texts in the graph or, if it has none, in the ledger.
    """
    with _ledger_texts(data) as lookup:
        holds = verify_graph(data, lookup, with_digest=with_digest, as_json=as_json)
    context.exit(0 if holds else 1)


@contextmanager
def _ledger_texts(data: DataDir) -> Iterator[TextLookup | None]:
    """A look-up of texts by reportKey, valid while the ledger is open; None if the folder has no ledger."""
    try:
        opened = existing_ledger_of(data)
    except UsageError:
        yield None
        return
    with closing(opened) as ledger:

        def lookup(report_keys: Sequence[str]) -> Mapping[str, str]:
            with ledger.read() as connection:
                return texts(connection, report_keys)

        yield lookup
