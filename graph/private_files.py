"""Files that the owner alone may read."""

from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600, also where it was there with another."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
