"""A small hospital whose messages have identifiers at every place, and an engine that takes them for findings.

Everything is invented. Each planted word must not come out anywhere.
"""

from collections.abc import Sequence
from dataclasses import replace

from ingest.formats.origin import Format
from ingest.receiving.submit import ReceivedMessage
from tests.ingest.formats.dicom_files import film, part10
from tests.ingest.workers.engines import rules
from tests.ingest.workers.messages import CLEAR, EFFUSION, NODULE
from vlmkg.engine_protocol import Lead, StudyInput, StudyOutput
from vlmkg.schema import Kind, Mention, Presence

MISREAD = ("Quackenbush", "Zebulon", "5551234", "03/14/2019", "Featherstonehaugh")
"""What the engine takes for observations."""

PLANTED = (
    *(word.lower() for word in MISREAD), "zq47110815", "mrn88", "acc99", "19310607", "2.999.4711", "saintelsewhere",
    "dr. who", "20240229", "2024-", "2025-", "1931-",
)  # fmt: skip
"""In lower case: names, numbers, dates and UIDs as the messages have them. The copy's dates are of another century."""

TEXTS = (
    EFFUSION + " Opacity as told to Dr. Who by Zebulon Quackenbush, 5551234, on 03/14/2019.",
    NODULE + " Featherstonehaugh nodule, right base. No pneumonia.",
    CLEAR + " Findings discussed with Quackenbush. No Featherstonehaugh effusion.",
)


class Misreading:
    """The rules, and every planted word beside them as a finding; of the third text as a denied one."""

    name = "misreading"
    checkpoint = None
    checkpoint_digest = film_domain = None
    lead = Lead.ALWAYS
    digest = "1"

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        return [_misread(study, output) for study, output in zip(studies, rules().read(studies), strict=True)]


def _misread(study: StudyInput, output: StudyOutput) -> StudyOutput:
    reports = []
    for text, report in zip(study.texts, output.reports, strict=True):
        taken = {at for mention in report.graph.mentions for at in range(mention.start, mention.end)}
        presence = Presence.ABSENT if text.startswith(CLEAR) else Presence.PRESENT
        wrong = [
            Mention(start, start + len(word), word, Kind.OBSERVATION, presence, "findings")
            for word in MISREAD
            if (start := text.find(word)) >= 0 and taken.isdisjoint(range(start, start + len(word)))
        ]
        # Without relations, so that no position changes; in text order, as the graph has it.
        mentions = tuple(sorted((*report.graph.mentions, *wrong), key=lambda one: one.start))
        moved = {before: mentions.index(mention) for before, mention in enumerate(report.graph.mentions)}
        relations = tuple(
            replace(each, head=moved[each.head], tail=moved[each.tail]) for each in report.graph.relations
        )
        reports.append(replace(report, graph=replace(report.graph, mentions=mentions, relations=relations)))
    return replace(output, reports=tuple(reports))


def messages() -> list[ReceivedMessage]:
    """Twelve patients, three studies each on different days, a corrected report, a withdrawn one; films of two more."""
    sent = [_hl7(patient, visit) for patient in range(12) for visit in range(3)]
    sent += [_hl7(0, 1, status="C", hour=20), _hl7(1, 2, status="X", hour=21)]
    for patient in range(2):
        uid = f"2.999.4711.{patient}.7"
        dataset = film(PatientID=f"MRN88{patient}", SOPInstanceUID=uid, PatientName="QUACKENBUSH^ZEBULON")
        sent.append(ReceivedMessage(part10(dataset), Format.DICOM))
    return sent


def _hl7(patient: int, visit: int, *, status: str = "F", hour: int = 8) -> ReceivedMessage:
    time = ("20240229", "20240315", "20250101")[visit] + f"{hour:02}{patient:02}17"
    born = "19310607" if patient % 4 == 0 else f"19{60 + patient}0203"
    text = "" if status == "X" else TEXTS[(patient + visit) % 3]
    lines = [
        rf"MSH|^~\&|RIS|SAINTELSEWHERE|||{time}||ORU^R01|ZQ47110815-{patient}-{visit}-{hour}|P|2.5",
        f"PID|1||MRN88{patient}^^^SAINTELSEWHERE^MR||QUACKENBUSH^ZEBULON||{born}|M|||1 FEATHERSTONEHAUGH RD",
        f"OBR|1||ACC99{patient}{visit}|71020^CHEST RADIOGRAPH|||{time}||||||||QUACKENBUSH|||||||{time}||CR|{status}",
        f"ZDS|2.999.4711.{patient}.{visit}^QUACKENBUSH^Application^DICOM",
        f"OBX|1|TX|71020^REPORT||{text}||||||{status}",
    ]
    return ReceivedMessage("\r".join(lines).encode(), Format.HL7)
