"""Settings of receiving and the ledger: from the environment, else from the data folder."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.blobs import BlobStore, open_blobs
from ingest.formats.settings import format_settings
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.pseudonyms import load_key
from ingest.receiving.space import space_of
from ingest.receiving.submit import Receiver
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


class IngestSettings(BaseSettings):
    """Where messages are stored. Default: in the data folder."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_", frozen=True)

    ledger_url: SecretStr | None = None
    """VLMKG_LEDGER_URL: sqlite:///FILE or postgresql://..."""
    blob_url: str | None = None
    """VLMKG_BLOB_URL: a folder's file:// URL, or an object store: s3://BUCKET/PREFIX, gs://, az://."""
    min_free: int = Field(default=512, ge=0)
    """VLMKG_MIN_FREE, in MiB: with less free on the disk of ledger or blobs, nothing is received or replayed."""
    pseudonym_key: SecretStr | None = None
    """VLMKG_PSEUDONYM_KEY: at least 32 characters. Default: a key that is created once in the data folder."""


def ledger_of(data: DataDir, *, pool_size: int = 5) -> Ledger:
    """Open the ledger of the settings, and create it if it is missing. Call it after fork.

    Raises UsageError if the data folder is only partly restored.
    """
    data.require_whole()
    url = IngestSettings().ledger_url
    return open_ledger(url.get_secret_value() if url else data.ledger_url, pool_size=pool_size)


def blobs_of(data: DataDir) -> BlobStore:
    """Open the blob store of the settings."""
    return open_blobs(IngestSettings().blob_url or data.blob_url)


def receiver_of(data: DataDir) -> Receiver:
    """Open everything that receiving needs, and create what is missing. Call it after fork."""
    settings = IngestSettings()
    ledger = ledger_of(data)
    configured = settings.pseudonym_key.get_secret_value() if settings.pseudonym_key else None
    key = load_key(ledger, configured, data.secrets)
    blobs = blobs_of(data)
    space = space_of(blobs.folder, ledger.reader.url, settings.min_free)
    return Receiver(ledger, blobs, key, format_settings(), space=space)


def existing_ledger_of(data: DataDir) -> Ledger:
    """Open an existing ledger, for commands that only read. Raises UsageError if there is none."""
    _require_ledger(data)
    return ledger_of(data)


def existing_receiver_of(data: DataDir) -> Receiver:
    """Open everything that receiving needs for an existing ledger. Raises UsageError if there is none."""
    _require_ledger(data)
    return receiver_of(data)


def _require_ledger(data: DataDir) -> None:
    if IngestSettings().ledger_url is None and not data.ledger_file.exists():
        raise UsageError(
            f"there is no ledger in {data.root}",
            f"name another folder with --data, or start a stack: vlmkg up --data {data.root}",
        )
