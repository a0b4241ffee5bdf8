"""Versions of a report: which are current, in which order they stand. A pure function of all that messages said."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ingest.ledger.studies.precedence import Precedence, precedence


@dataclass(frozen=True, slots=True)
class Version:
    """One text under one report id, or the word of one message about it.

    `message_digest` is that of the raw bytes. `item_key` names the report within the patient.
    """

    item_key: str
    report_key: str
    report_id: str
    status: str
    addendum: bool
    issued_at: datetime | None
    message_time: datetime | None
    text_digest: str
    message_digest: str

    @property
    def precedence(self) -> Precedence:
        """Where it stands among the versions of its report."""
        return precedence(self.status, self.issued_at, self.message_time, self.text_digest, self.message_digest)


@dataclass(frozen=True, slots=True)
class Standing:
    """A version in its place: numbered from 1 within its report, the least first.

    `supersedes` is the reportKey of the version before it; addenda supersede nothing.
    """

    version: Version
    number: int
    current: bool
    supersedes: str | None


def standings(said: Iterable[Version]) -> list[Standing]:
    """The versions of reports in order, by report and number.

    The same text under a new status is the same version: its greatest word counts. The greatest version that is no
    addendum is current, and beside it the addenda. A preliminary addendum gives way to any that is not. One withdrawal
    leaves nothing of the report current.
    """
    reports: dict[str, dict[str, Version]] = defaultdict(dict)
    for word in said:
        versions = reports[word.item_key]
        known = versions.get(word.report_key)
        if known is None or _order(word) > _order(known):
            versions[word.report_key] = word
    ordered = sorted(reports.values(), key=lambda versions: min((v.report_id, v.item_key) for v in versions.values()))
    return [standing for versions in ordered for standing in _stand(sorted(versions.values(), key=_order))]


def _order(version: Version) -> tuple[Precedence, bool]:
    return version.precedence, not version.addendum


def _stand(versions: list[Version]) -> list[Standing]:
    current = _current(versions)
    found = []
    before: str | None = None
    for number, version in enumerate(versions, start=1):
        supersedes = None if version.addendum else before
        found.append(Standing(version, number, version.report_key in current, supersedes))
        before = before if version.addendum else version.report_key
    return found


def _current(versions: list[Version]) -> set[str]:
    if any(version.status == "X" for version in versions):
        return set()
    bodies = [version for version in versions if not version.addendum]
    addenda = [version for version in versions if version.addendum]
    settled = [version for version in addenda if version.status != "P"]
    return {version.report_key for version in bodies[-1:] + (settled or addenda)}
