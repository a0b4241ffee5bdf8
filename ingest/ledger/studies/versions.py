"""Versions of a report: their order, and which are current. A pure function of all messages.

One report id may cover several exams that were ordered together (formats.exams): each has its own versions. A
withdrawal withdraws what was sent before it; later messages start again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.formats.exams import Exam, are_apart, exam_of
from ingest.ledger.studies.precedence import Precedence, precedence

WITHDRAWN = "X"


@dataclass(frozen=True, slots=True)
class Version:
    """One text under one report id, as one message sent it.

    `message_digest` is that of the raw bytes. `item_key` names the report within the patient. `arrival` rises with
    every message that is received; `exam` is the exam's name, None if the message does not say. `lasting`: its
    report is an instance that never changes (a DICOM document), so that its withdrawal is for good.
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
    arrival: int = 0
    exam: str | None = None
    lasting: bool = False

    @property
    def precedence(self) -> Precedence:
        """Its precedence among the versions of its report."""
        return precedence(self.status, self.issued_at, self.message_time, self.text_digest, self.message_digest)

    def is_after(self, other: "Version") -> bool:
        """Whether its message was sent after the other's; if that is unknown, whether it arrived after it."""
        own, others = (version.message_time or version.issued_at for version in (self, other))
        if own and others and own != others:
            return own > others
        return self.arrival > other.arrival


@dataclass(frozen=True, slots=True)
class Standing:
    """A version with its number within its report, from 1, lowest precedence first.

    `supersedes` is the reportKey of the version before it; addenda supersede nothing.
    """

    version: Version
    number: int
    current: bool
    supersedes: str | None


def standings(said: Iterable[Version]) -> list[Standing]:
    """The versions of reports in order, by report and number.

    The same text under a new status is the same version: its highest precedence counts. The highest version that is not
    an addendum is current, and the addenda, too. A preliminary addendum gives way to any that is not preliminary. A
    withdrawal leaves no current version of those sent before it. Of equal times the message that arrived later counts.
    """
    reports: dict[str, list[Version]] = defaultdict(list)
    for word in said:
        reports[word.item_key].append(word)
    ordered = sorted(reports.values(), key=lambda words: min((word.report_id, word.item_key) for word in words))
    return [standing for words in ordered for standing in _stand(words)]


def _stand(words: Sequence[Version]) -> list[Standing]:
    exams = [_settled(group, withdrawn) for group, withdrawn in _by_exam(words)]
    numbered = sorted((version for versions, _ in exams for version in versions), key=_order)
    numbers = {version.report_key: number for number, version in enumerate(numbered, start=1)}
    found = []
    for versions, current in exams:
        before: str | None = None
        for version in versions:
            supersedes = None if version.addendum else before
            found.append(Standing(version, numbers[version.report_key], version.report_key in current, supersedes))
            before = before if version.addendum else version.report_key
    return sorted(found, key=lambda standing: standing.number)


def _by_exam(words: Sequence[Version]) -> list[tuple[list[Version], list[Version]]]:
    """The versions of each exam, and their withdrawals. Each text belongs to one exam.

    A text without an exam belongs to the last one; a withdrawal without an exam withdraws all.
    """
    withdrawn = [word for word in words if word.status == WITHDRAWN]
    exams = _exams(words)
    if len(exams) < 2:
        return [(list(words), withdrawn)]
    told = {key for keys in exams for key in keys}
    bare = [word for word in words if word.report_key not in told]
    groups = [[word for word in words if word.report_key in keys] for keys in exams]
    groups[-1] += bare
    return [(group, [word for word in withdrawn if word in group or word in bare]) for group in groups]


def _exams(words: Sequence[Version]) -> list[set[str]]:
    """The report keys of each exam that is named, in the order of the versions."""
    names: dict[str, str] = {}
    for word in sorted(words, key=_order):
        names[word.report_key] = word.exam or names.get(word.report_key, "")
    groups: list[tuple[Exam, set[str]]] = []
    for key, name in names.items():
        exam = exam_of(name)
        if not exam.method and not exam.parts:
            continue
        keys = next((keys for other, keys in groups if not are_apart(exam, other)), None)
        if keys is None:
            groups.append((exam, {key}))
        else:
            keys.add(key)
    return [keys for _, keys in groups]


def _settled(words: Sequence[Version], withdrawn: Sequence[Version]) -> tuple[list[Version], set[str]]:
    """The versions of one exam's report in order, and the keys of those that are current."""
    texts: dict[str, list[Version]] = defaultdict(list)
    for word in words:
        texts[word.report_key].append(word)
    valid = {
        key: kept
        for key, said in texts.items()
        if (kept := [word for word in said if word.status != WITHDRAWN and _outlives(word, withdrawn)])
    }
    versions = sorted((max(valid.get(key, said), key=_order) for key, said in texts.items()), key=_order)
    return versions, _current([version for version in versions if version.report_key in valid])


def _outlives(word: Version, withdrawn: Sequence[Version]) -> bool:
    """Whether the version was sent after all withdrawals. A replaced DICOM document is never sent again."""
    return not any(one.lasting for one in withdrawn) and all(word.is_after(one) for one in withdrawn)


def _order(version: Version) -> tuple[tuple[int, datetime, datetime], int, tuple[str, str], bool]:
    rank, issued, sent, content, message = version.precedence
    return (rank, issued, sent), version.arrival, (content, message), not version.addendum


def _current(versions: Sequence[Version]) -> set[str]:
    bodies = [version for version in versions if not version.addendum]
    addenda = [version for version in versions if version.addendum]
    settled = [version for version in addenda if version.status != "P"]
    return {version.report_key for version in bodies[-1:] + list(settled or addenda)}
