"""Messages for the tests, built segment by segment."""

from ingest.formats.hl7 import parser as hl7
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from ingest.messages import ParsedMessage, ReportFacts, StudyFacts

MSH = r"MSH|^~\&|RIS|NORTH|VLMKG|VLMKG|20260301101500||ORU^R01^ORU_R01|42|P|2.5.1"
PID = "PID|1||771^^^NORTH^MR||DOE^JANE||19600402|F"
OBR = "OBR|1|P1|A1|71046^XR CHEST 2 VIEWS^L||20260301080000|20260301090000" + "|" * 15 + "20260301100000||CR|F"


def obx(text: str, *, kind: str = "TX", code: str = "71046", status: str = "F", units: str = "") -> str:
    return f"OBX|1|{kind}|{code}||{text}|{units}|||||{status}"


def obr(report_id: str, *, status: str = "F", section: str = "CR", procedure: str = "71046^XR CHEST 2 VIEWS^L") -> str:
    return f"OBR|1|P{report_id}|{report_id}|{procedure}" + "|" * 20 + f"{section}|{status}"


def message(*segments: str) -> bytes:
    return "\r".join(segments).encode() + b"\r"


def parse(raw: bytes, **settings: str) -> ParsedMessage:
    return hl7.parse(raw, Origin(), FormatSettings(**settings))


def only_study(raw: bytes, **settings: str) -> StudyFacts:
    (study,) = parse(raw, **settings).studies
    return study


def only_report(raw: bytes, **settings: str) -> ReportFacts:
    (report,) = only_study(raw, **settings).reports
    return report
