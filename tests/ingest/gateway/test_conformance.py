"""docs/conformance says what the code does: settings, reasons and codes."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from ingest.errors import Reason
from ingest.formats import hl7
from ingest.gateway.folder.settings import FolderSettings
from ingest.gateway.mllp.acknowledgement import Code
from ingest.gateway.mllp.replies import NOT_NOW, REJECTED, TOO_LARGE, UNENDED
from ingest.gateway.mllp.settings import MllpSettings
from ingest.gateway.settings import GatewaySettings

DOCS = Path(__file__).parents[3] / "docs" / "conformance"
HL7, GATEWAY = (DOCS / "hl7.md").read_text(), (DOCS / "gateway.md").read_text()


@pytest.mark.parametrize(
    ("settings", "page"), [(GatewaySettings, GATEWAY), (FolderSettings, GATEWAY), (MllpSettings, HL7)]
)
def test_every_setting_is_told_with_its_default(settings: type[BaseSettings], page: str) -> None:
    rows = {name: row for row in page.splitlines() for name in re.findall(r"`(VLMKG_\w+)`", row.partition(" | ")[0])}
    for name, field in settings.model_fields.items():
        row = rows[f"{settings.model_config['env_prefix']}{name}".upper()]
        if isinstance(field.default, int | float) and field.default:
            assert re.search(rf"\b{field.default:g}\b", row), row


def test_every_answer_is_told() -> None:
    table = HL7[HL7.index("## Answers") : HL7.index("Enhanced mode")]
    for outcome in (UNENDED, TOO_LARGE, NOT_NOW, *REJECTED.values()):
        code = {Code.ERROR: "AE", Code.REJECT: "AR"}[outcome.code]
        assert f"| {code} | {outcome.condition.value[0].decode()} |" in table
    for reason in REJECTED:
        assert f"`{Reason(reason).value}`" in table


def test_every_message_type_is_told() -> None:
    table = HL7[HL7.index("## Messages") : HL7.index("## MLLP")]
    taken = {f"{kind}^{event}" for kind, events in hl7.EVENTS.items() for event in events if event}
    assert set(re.findall(r"`([A-Z]{3}\^[A-Z][0-9]{2})`", table)) == taken
    assert set(re.search(r"ORC-1 ([A-Z, ]+)\)", table)[1].split(", ")) == hl7.CANCELLED
