"""Assigns each report and image to a study: a pure function of all messages, in any order.

The rules:
- A StudyInstanceUID is a study. Two UIDs are never joined. A UID of two patients is a study of each.
- A report (all its versions) or image belongs to one study. If its messages differ, the later one counts.
- An accession stands for the one UID it was seen with. Seen with none or several, it is a separate study, because the
  UID can't be known.
- An item with neither UID nor accession is a separate study.
- Accessions, reports and images are named within a patient. Nothing is ever joined across two patients.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ingest.ledger.studies.precedence import Precedence
from vlmkg.identity import digest


@dataclass(frozen=True, slots=True)
class StudyReference:
    """What one message states about the study of one report or image.

    `item_key` names the report or image, `accession_key` the accession, both within the patient.
    """

    patient_id: str
    item_key: str
    study_uid: str | None
    accession_key: str | None
    precedence: Precedence


def item_key(kind: str, patient_id: str, *names: str) -> str:
    """The name of a report (source, report id), image (UID) or bare study (source, external id) within a patient."""
    return digest(kind, patient_id, *names)


def accession_key(patient_id: str, accession: str) -> str:
    """The name of an accession within a patient. `accession` is its pseudonym."""
    return digest("accession", patient_id, accession)


def assign(places: Iterable[StudyReference], contested: Collection[str]) -> dict[str, str]:
    """The study key of each item.

    `places` must be closed: all references of each item and of each accession in them. `contested` are the UIDs
    of more than one patient.
    """
    items: dict[str, list[StudyReference]] = defaultdict(list)
    for place in places:
        items[place.item_key].append(place)
    uids = {key: _latest_uid(said) for key, said in items.items()}
    meant = _uid_of_accession(items, uids)
    return {key: _study_key(said, uids[key], meant, contested) for key, said in items.items()}


def _latest_uid(said: list[StudyReference]) -> str | None:
    return max(((place.precedence, place.study_uid) for place in said if place.study_uid), default=(None, None))[1]


def _uid_of_accession(items: Mapping[str, list[StudyReference]], uids: Mapping[str, str | None]) -> dict[str, str]:
    seen: dict[str, set[str]] = defaultdict(set)
    for key, said in items.items():
        uid = uids[key]
        for place in said:
            # A UID that was corrected later does not count, nor does its accession.
            if uid and place.accession_key and place.study_uid in {None, uid}:
                seen[place.accession_key].add(uid)
    return {accession: next(iter(found)) for accession, found in seen.items() if len(found) == 1}


def _study_key(
    said: list[StudyReference], uid: str | None, meant: Mapping[str, str], contested: Collection[str]
) -> str:
    accession = max(
        ((place.precedence, place.accession_key) for place in said if place.accession_key), default=(None, None)
    )[1]
    if uid is None and accession is not None:
        uid = meant.get(accession)
        if uid is None:
            return accession
    if uid is None:
        return said[0].item_key
    return digest("uid", uid, said[0].patient_id) if uid in contested else digest("uid", uid)
