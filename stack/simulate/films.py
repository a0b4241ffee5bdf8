"""Films of the synthetic hospital, sent by C-STORE: phantoms with the findings of each study's film.

They are drawings, not films of patients. A checkpoint that was trained on drawings reads them (VLMKG_FILMS=synthetic).
"""

import time
from collections.abc import Callable, Sequence

from pydicom import Dataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association

from stack.simulate.sending import ANSWER_S, PAUSE_S, Account, Pace
from stack.simulate.traffic import Message, study_uid
from training.synthetic.dicom import film_dataset
from training.synthetic.film import draw_film

SIDE = 128
"""Rows and columns: the input size of the shipped image encoder."""
STORED = 0x0000


def film(message: Message) -> Dataset:
    """The film of a report's study: CR, 16 bits, `SIDE` pixels a side."""
    report = message.report
    study, patient = study_uid(report), report.patient
    return film_dataset(
        draw_film(report.film, int(report.accession.strip("A")), SIDE),
        StudyInstanceUID=study,
        SeriesInstanceUID=f"{study}.1",
        SOPInstanceUID=f"{study}.1.1",
        AccessionNumber=report.accession,
        StudyDate=report.sent_at.strftime("%Y%m%d"),
        StudyTime=report.sent_at.strftime("%H%M%S"),
        PatientID=patient.mrn,
        IssuerOfPatientID="SYN",
        PatientName=f"SYNTHETIC^PATIENT {patient.number:02d}",
        PatientBirthDate=f"{patient.birth_year}0101",
        PatientSex=patient.sex,
    )


def store(
    address: str, films: Sequence[Message], limit_s: float, pace: Pace, account: Account, done: Callable[[], object]
) -> None:
    """Send films when they are due, over one association, reopened if it breaks, until all are stored or the limit."""
    deadline = time.monotonic() + limit_s
    association: Association | None = None
    waiting = list(films)
    while waiting and time.monotonic() < deadline:
        time.sleep(pace.seconds_until(waiting[0]))
        if association is None or not association.is_established:
            association = _associate(address)
        account.deliveries += 1
        if association is not None and association.is_established and _stored(association, waiting[0]):
            account.accepted.add(waiting.pop(0).control_id)
            done()
        else:
            account.errors += 1
            time.sleep(PAUSE_S)
    if association is not None and association.is_established:
        association.release()


def _associate(address: str) -> Association | None:
    """An association, which may not have come about; None where not even the host's name is known now."""
    host, _, port = address.rpartition(":")
    entity = AE(ae_title="SYNTHETIC")
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = ANSWER_S
    entity.add_requested_context(ComputedRadiographyImageStorage, ExplicitVRLittleEndian)
    try:
        return entity.associate(host, int(port), ae_title="VLMKG")
    except OSError:
        return None


def _stored(association: Association, message: Message) -> bool:
    try:
        answer = association.send_c_store(film(message))
    except (RuntimeError, ValueError):
        # The association ended between the check and the sending.
        return False
    return "Status" in answer and answer.Status == STORED
