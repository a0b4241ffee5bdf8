"""The patient of an object (PS3.3 C.7.1.1)."""

from collections.abc import Iterator
from typing import NamedTuple

from ingest.formats.cleaning import clean_name, identifier
from ingest.formats.dicom.object import Group
from ingest.formats.settings import FormatSettings
from ingest.formats.times import hl7_date
from ingest.messages import PatientFacts

_PATIENT_ID, _ISSUER, _QUALIFIERS, _UNIVERSAL_ID = 0x00100020, 0x00100021, 0x00100024, 0x00400032
_OTHER_IDS, _SEX, _BIRTH_DATE = 0x00101002, 0x00100040, 0x00100030
PATIENT_TAGS = frozenset({_PATIENT_ID, _ISSUER, _QUALIFIERS, _UNIVERSAL_ID, _OTHER_IDS, _SEX, _BIRTH_DATE})

_SEXES = {"F": "female", "M": "male", "O": "other"}


class _Identifier(NamedTuple):
    value: str
    authority: str


def read_patient(data: Group, source: str, sender: str | None, settings: FormatSettings) -> PatientFacts | None:
    """The patient under one identifier; None if there is none.

    If there are several, the most preferred authority is chosen, then the object's own. The authority of an identifier
    without an issuer is `sender` (that of the connection or import), else the site's, else `source`.
    """
    default = sender or settings.dicom_authority or source
    found = [_identifier(group, default) for group in (data, *data.items(_OTHER_IDS))]
    found = [each for each in found if each.value]
    if not found:
        return None
    ranks = {name: rank for rank, name in enumerate(settings.authorities)}
    best = min(found, key=lambda each: ranks.get(each.authority, len(ranks)))
    return PatientFacts(
        authority=identifier(best.authority, "issuer of the patient identifier"),
        identifier=identifier(best.value, "patient identifier"),
        sex=_SEXES.get(data.word(_SEX).upper()),
        birth_date=hl7_date(data.word(_BIRTH_DATE).replace(".", "")),
    )


def _identifier(group: Group, default: str) -> _Identifier:
    return _Identifier(clean_name(group.word(_PATIENT_ID)), next(_authorities(group), default))


def _authorities(group: Group) -> Iterator[str]:
    """The issuer's name, or its universal id."""
    if issuer := clean_name(group.word(_ISSUER)):
        yield issuer
    yield from (found for each in group.items(_QUALIFIERS) if (found := clean_name(each.word(_UNIVERSAL_ID))))
