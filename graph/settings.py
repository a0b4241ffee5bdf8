"""The connection to Neo4j: from the environment, else of the stack that runs in the data folder."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


class Neo4jSettings(BaseSettings):
    """NEO4J_URI, NEO4J_USERNAME, NEO4J_PASSWORD, NEO4J_DATABASE: the names of Neo4j's own tools."""

    model_config = SettingsConfigDict(env_prefix="NEO4J_", frozen=True)

    uri: str
    """`bolt://host:port`, `neo4j://...` or their `+s` forms for TLS."""

    username: str = "neo4j"
    password: SecretStr = SecretStr("")
    database: str = "neo4j"


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="NEO4J_", frozen=True)

    uri: str | None = None


def find_settings(data: DataDir) -> Neo4jSettings:
    """The settings of the environment if NEO4J_URI is set, else those of the stack running in `data`.

    Raises UsageError if there are neither, or NEO4J_URI is set without a password.
    """
    if _Environment().uri is not None:
        settings = Neo4jSettings()
        if not settings.password.get_secret_value():
            raise UsageError("NEO4J_URI is set, but NEO4J_PASSWORD is not", "set NEO4J_PASSWORD, or unset both")
        return settings
    running = data.require_endpoints()
    if running.bolt is None or running.neo4j_username is None or running.neo4j_password is None:
        raise UsageError(
            f"the stack in {data.root} uses an external Neo4j, whose address is not known here",
            "set NEO4J_URI and NEO4J_PASSWORD",
        )
    return Neo4jSettings(uri=running.bolt, username=running.neo4j_username, password=SecretStr(running.neo4j_password))
