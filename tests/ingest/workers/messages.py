"""HL7 v2 messages for the tests of the worker: one report of one study each."""

from ingest.formats.origin import Format
from ingest.receiving.submit import ReceivedMessage

EFFUSION = "FINDINGS: Small left pleural effusion. No pneumothorax."
CLEAR = "FINDINGS: The lungs are clear. No pleural effusion or pneumothorax."
NODULE = "FINDINGS: Nodule in the right upper lobe, possibly granuloma. Heart size normal."


def hl7(
    report_id: str,
    text: str = EFFUSION,
    *,
    patient: str = "p1",
    status: str = "F",
    minute: int = 0,
    study_uid: str = "",
    modality: str = "CR",
    procedure: str = "CHEST RADIOGRAPH",
) -> ReceivedMessage:
    """One ORU^R01 of a chest radiograph; `minute` orders the messages of one report."""
    time = f"2026010112{minute:02}00"
    lines = [
        rf"MSH|^~\&|RIS|TESTS|||{time}||ORU^R01|{report_id}-{minute}|P|2.5",
        f"PID|1||{patient}^^^TESTS^MR||DOE^JANE||19500607|F",
        f"OBR|1||{report_id}|71020^{procedure}|||{time}|||||||||||||||{time}||{modality}|{status}",
        *([f"ZDS|{study_uid}"] if study_uid else []),
        f"OBX|1|TX|71020^REPORT||{text}||||||{status}",
    ]
    return ReceivedMessage("\r".join(lines).encode(), Format.HL7)
