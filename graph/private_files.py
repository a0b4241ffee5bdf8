"""Files that only their owner may read."""

from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600, even if it exists with another mode."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
