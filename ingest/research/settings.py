"""The login of the Neo4j of a research copy, and the user's list files."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.settings import Neo4jSettings, find_settings
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


class ResearchSettings(BaseSettings):
    """VLMKG_RESEARCH_NEO4J_USERNAME, ..._PASSWORD and ..._DATABASE; the address is on the command line."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_RESEARCH_NEO4J_", frozen=True)

    username: str = "neo4j"
    password: SecretStr = SecretStr("")
    database: str = "neo4j"


def target_of(uri: str) -> Neo4jSettings:
    """The Neo4j at `uri`. Raises UsageError without a password."""
    settings = ResearchSettings()
    if not settings.password.get_secret_value():
        raise UsageError("there is no password for the research copy's Neo4j", "set VLMKG_RESEARCH_NEO4J_PASSWORD")
    return Neo4jSettings(uri=uri, username=settings.username, password=settings.password, database=settings.database)


def live_of(data: DataDir) -> Neo4jSettings | None:
    """The connection of the live graph; None if no stack is running and no setting names one."""
    try:
        return find_settings(data)
    except UsageError:
        return None


def lines_of(file: Path) -> list[str]:
    """The first column of a file's lines, without empty lines and lines that begin with #."""
    lines = (line.partition("\t")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
