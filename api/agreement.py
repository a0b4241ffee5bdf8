"""The agreement of reviewers, from all verdicts that count."""

from collections.abc import Iterator

from sqlalchemy import Connection

from api.resolvers import Info, LedgerAnswer, ask_ledger, shaped
from api.response_plans import Row
from api.strawberry_parts import Shaped
from ingest.ledger.reviews import reviews
from ingest.ledger.reviews.agreement import agreement_of
from ingest.ledger.reviews.verdicts import Review, standing
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.database import Ledger


async def answer_agreement(info: Info) -> Shaped | None:
    """Reviewers and pairs of reviewers, by name."""
    row = await ask_ledger(info, _row)
    return shaped(info, "ReviewAgreement", row)


def _row(ledger: Ledger) -> LedgerAnswer[Row]:
    with ledger.read() as connection:
        found = agreement_of(_counting(connection))
    row = {
        "statements": found.statements,
        "twice": found.twice,
        "reviewers": [{"name": name, "statements": number} for name, number in found.reviewers],
        "pairs": [
            {"one": one.one, "other": one.other, "both": one.both, "agreed": one.agreed, "kappa": one.kappa}
            for one in found.pairs
        ],
    }
    return LedgerAnswer(row, ())


def _counting(connection: Connection) -> Iterator[Review]:
    for sources in chunks(reviews.sources(connection)):
        yield from standing(reviews.of_sources(connection, sources))
