"""Versions of a report: which are current, in which order they stand. A pure function of all that messages said.

Under one report id several exams may be reported that were asked for together (formats.exams): each has versions of its
own. A withdrawal takes back what was said before it; what is said later is said anew.
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
    """One text under one report id, or the word of one message about it.

    `message_digest` is that of the raw bytes. `item_key` names the report within the patient. `arrival` rises with
    every message that is received; `exam` is the exam's name, None where the message does not say. `lasting`: its
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
        """Where it stands among the versions of its report."""
        return precedence(self.status, self.issued_at, self.message_time, self.text_digest, self.message_digest)

    def is_after(self, other: "Version") -> bool:
        """Whether its message was sent after the other's; where that can't be told, whether it came after it."""
        own, others = (version.message_time or version.issued_at for version in (self, other))
        if own and others and own != others:
            return own > others
        return self.arrival > other.arrival


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
    addendum is current, and beside it the addenda. A preliminary addendum gives way to any that is not. A withdrawal
    leaves nothing current of what was sent before it. Of equal times the message that came later counts.
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
    """The words of each exam, and what withdraws them. Each text is of one exam.

    What names no exam is of the last one; a withdrawal that names none withdraws all.
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
    """Whether the word was sent after all withdrawals. What a DICOM document replaces is never sent anew."""
    return not any(one.lasting for one in withdrawn) and all(word.is_after(one) for one in withdrawn)


def _order(version: Version) -> tuple[tuple[int, datetime, datetime], int, tuple[str, str], bool]:
    rank, issued, sent, content, message = version.precedence
    return (rank, issued, sent), version.arrival, (content, message), not version.addendum


def _current(versions: Sequence[Version]) -> set[str]:
    bodies = [version for version in versions if not version.addendum]
    addenda = [version for version in versions if version.addendum]
    settled = [version for version in addenda if version.status != "P"]
    return {version.report_key for version in bodies[-1:] + list(settled or addenda)}
