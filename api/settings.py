"""Settings of the API from the environment, with safe defaults."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from vlmkg.errors import UsageError
from vlmkg.plaintext_settings import is_loopback

GRAPHIQL = Path(__file__).parents[1] / "vendor" / "graphiql"


class ApiSettings(BaseSettings):
    """VLMKG_API_HOST and the others; docs/graphql.md explains the limits."""

    model_config = SettingsConfigDict(frozen=True)

    host: str = Field(default="127.0.0.1", validation_alias="VLMKG_API_HOST")
    """VLMKG_API_HOST: the address to listen at."""

    port: int = Field(default=8000, ge=0, le=65535, validation_alias="VLMKG_API_PORT")
    """VLMKG_API_PORT"""

    connections: int = Field(default=200, ge=1, validation_alias="VLMKG_API_CONNECTIONS")
    """VLMKG_API_CONNECTIONS: the maximum number of connections.

    One more closes an idle one; if there is none, it is rejected.
    """

    peer_connections: int = Field(default=100, ge=1, validation_alias="VLMKG_API_PEER_CONNECTIONS")
    """VLMKG_API_PEER_CONNECTIONS: how many at once of one address. Behind a proxy all callers have its address."""

    auth: bool = Field(default=True, validation_alias="VLMKG_AUTH")
    """VLMKG_AUTH: `off` gives everybody the role admin; accepted only on loopback."""

    max_depth: int = Field(default=15, ge=1, validation_alias="VLMKG_API_MAX_DEPTH")
    """VLMKG_API_MAX_DEPTH: fields inside fields. A patient's studies' findings' concept takes 11."""

    max_aliases: int = Field(default=30, ge=0, validation_alias="VLMKG_API_MAX_ALIASES")
    """VLMKG_API_MAX_ALIASES: aliased fields in one document."""

    max_tokens: int = Field(default=2_000, ge=1, validation_alias="VLMKG_API_MAX_TOKENS")
    """VLMKG_API_MAX_TOKENS: tokens of one document. GraphiQL's introspection has 350."""

    max_cost: int = Field(default=10_000, ge=1, validation_alias="VLMKG_API_MAX_COST")
    """VLMKG_API_MAX_COST: rows that one operation may request; a page of 200 under a page of 200 counts 40,000."""

    timeout_s: float = Field(default=20.0, gt=0, validation_alias="VLMKG_API_TIMEOUT")
    """VLMKG_API_TIMEOUT, in seconds: for one operation, and for each query of it in Neo4j."""

    min_cell: int = Field(default=5, ge=1, validation_alias="VLMKG_MIN_CELL")
    """VLMKG_MIN_CELL: smaller counts of a cohort are suppressed."""

    broker_url: SecretStr | None = Field(default=None, validation_alias="CELERY_BROKER_URL")
    """CELERY_BROKER_URL: used only by /readyz."""

    graphiql: Path = Field(default=GRAPHIQL, validation_alias="VLMKG_GRAPHIQL")
    """VLMKG_GRAPHIQL: the folder of GraphiQL's files, from `make setup`."""


def require_safe(settings: ApiSettings) -> None:
    """Raise UsageError if other machines would have access without a key."""
    if not settings.auth and not is_loopback(settings.host):
        raise UsageError("VLMKG_AUTH=off is allowed only on loopback", "set VLMKG_API_HOST=127.0.0.1, or VLMKG_AUTH=on")
