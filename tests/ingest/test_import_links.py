"""Files that an import reads: regular ones alone, never what a link leads to."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from ingest.importing.expand import ImportOptions, RefusedMessage, expand_files
from ingest.importing.files import Meter, find_files
from ingest.importing.safe_open import open_regular
from ingest.receiving.submit import ReceivedMessage

SECRET = b"MSH|^~\\&|the key of the pseudonyms"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.hl7"
    path.write_bytes(SECRET)
    return path


def found(*paths: Path) -> list[bytes]:
    """The messages that were taken, and b"" for each that was refused."""
    items = expand_files(find_files(paths), ImportOptions(), Meter())
    return [item.raw if isinstance(item, ReceivedMessage) else b"" for item in items]


def test_a_link_below_a_folder_is_refused(tmp_path: Path, secret: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.hl7").symlink_to(secret)
    (folder / "b.hl7").symlink_to(tmp_path / "nothing")
    (folder / "c.tar").symlink_to(secret)
    items = list(expand_files(find_files([folder]), ImportOptions(), Meter()))
    assert [type(item) for item in items] == [RefusedMessage] * 3
    assert all(SECRET not in item.message.raw for item in items if isinstance(item, RefusedMessage))


def test_a_link_to_a_folder_is_not_entered(tmp_path: Path, secret: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    secret.rename(outside / "secret.hl7")
    (folder / "more").symlink_to(outside)
    assert found(folder) == []


def test_a_link_that_is_given_itself_is_followed(tmp_path: Path, secret: Path) -> None:
    (tmp_path / "given.hl7").symlink_to(secret)
    assert found(tmp_path / "given.hl7") == [SECRET]


def test_members_of_archives_that_are_links_are_passed_over(tmp_path: Path, secret: Path) -> None:
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        for kind, name in ((tarfile.SYMTYPE, "a.hl7"), (tarfile.LNKTYPE, "b.hl7")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, str(secret)
            archive.addfile(member)
        fifo = tarfile.TarInfo("c.hl7")
        fifo.type = tarfile.FIFOTYPE
        archive.addfile(fifo)
    assert found(tmp_path / "links.tar") == [b""]
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as packed:
        link = zipfile.ZipInfo("d.txt")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, str(secret))
    assert not {SECRET, str(secret).encode()} & set(found(tmp_path / "links.zip"))


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path, secret: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(secret)
    for name in ("pipe", "link", "nothing"):
        with pytest.raises(OSError):  # noqa: PT011 - whatever the system says
            open_regular(tmp_path / name)
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system says
        open_regular(tmp_path)
    with open_regular(secret) as stream:
        assert isinstance(stream, io.BufferedReader)
        assert stream.read() == SECRET
