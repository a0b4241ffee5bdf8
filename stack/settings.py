"""Settings of the local stack. If the address of an external part is set, no local part is started for it."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _mebibytes(text: str) -> int:
    found = re.fullmatch(r"(\d+)([mg])", text.lower())
    if found is None:
        message = "write a size as 512m or 2g"
        raise ValueError(message)
    return int(found[1]) * (1024 if found[2] == "g" else 1)


class StackSettings(BaseSettings):
    """What `vlmkg up` reads from the environment."""

    model_config = SettingsConfigDict(frozen=True)

    neo4j_uri: str | None = None
    """NEO4J_URI: an external Neo4j, used with NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE."""
    celery_broker_url: SecretStr | None = None
    """CELERY_BROKER_URL: an external Redis."""
    vlmkg_ledger_url: SecretStr | None = None
    """VLMKG_LEDGER_URL: a PostgreSQL, or an SQLite file elsewhere."""
    vlmkg_blob_url: str | None = None
    """VLMKG_BLOB_URL: a folder elsewhere, or an object store."""
    vlmkg_api_port: Annotated[int, Field(ge=1, le=65535)] = 8000
    """VLMKG_API_PORT: the API's port, if it is free."""
    vlmkg_mllp_port: Annotated[int, Field(ge=1, le=65535)] = 2575
    """VLMKG_MLLP_PORT: the port of HL7 over MLLP, if it is free."""
    vlmkg_dicom_port: Annotated[int, Field(ge=1, le=65535)] = 11112
    """VLMKG_DICOM_PORT: the port of DICOM, if it is free."""
    vlmkg_http_port: Annotated[int, Field(ge=1, le=65535)] = 8090
    """VLMKG_HTTP_PORT: the port of DICOMweb and FHIR, if it is free."""
    vlmkg_neo4j_heap: Annotated[int, BeforeValidator(_mebibytes), Field(ge=256, validate_default=False)] = 512
    """VLMKG_NEO4J_HEAP: the heap of the local Neo4j, as 512m or 2g; in mebibytes here."""
