import gzip
import hashlib
import io
import os
import tarfile
import time
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.errors import Reason
from ingest.formats.cleaning import RAW_LIMIT
from ingest.formats.origin import Format
from ingest.importing import archives
from ingest.importing.expand import ImportOptions, Item, OversizedMessage, RefusedMessage, expand_files
from ingest.importing.files import Meter, find_files
from ingest.receiving.submit import ReceivedMessage
from tests.ingest.import_files import write_tar, write_zip

AUTO = ImportOptions()
MESSAGE = b"MSH|^~\\&|A|B\rPID|1"
MODIFIED = datetime.fromtimestamp(1_700_000_000, UTC)


def expand(*paths: Path, choice: ImportOptions = AUTO) -> list[Item]:
    return list(expand_files(find_files(paths), choice, Meter()))


def seen(items: list[Item]) -> list[tuple[str, str]]:
    """(name, format) of messages, (name, reason) of refusals."""
    found = []
    for item in items:
        if isinstance(item, ReceivedMessage):
            found.append((item.origin.name, item.format.value))
        else:
            origin = item.origin if isinstance(item, OversizedMessage) else item.message.origin
            found.append((origin.name, item.error.reason.value))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "feed"
    (root / "ward").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git/config").write_bytes(b"x")
    (root / ".DS_Store").write_bytes(b"x")
    (root / "a.xml").write_bytes(b"<eCitation/>")
    (root / "b.txt").write_bytes(b"Clear.")
    (root / "ward/b.txt").write_bytes(b"Effusion.")
    (root / "ward/c.hl7").write_bytes(MESSAGE + b"\r" + MESSAGE)
    return root


def test_a_folder_is_walked_and_names_are_paths_below_it(folder):
    os.mkfifo(folder / "pipe")
    assert seen(expand(folder)) == [
        ("a", "openi"),
        ("b", "text"),
        ("ward/b", "text"),
        ("ward/c:1", "hl7"),
        ("ward/c:2", "hl7"),
    ]


def test_a_file_is_named_by_its_name_and_dated_by_its_time(folder):
    os.utime(folder / "ward/b.txt", (1_700_000_000, 1_700_000_000))
    (item,) = expand(folder / "ward/b.txt", choice=ImportOptions(source="east"))
    assert isinstance(item, ReceivedMessage)
    assert (item.raw, item.origin.name, item.origin.source) == (b"Effusion.", "b", "east")
    assert item.origin.modified_at == MODIFIED


def test_a_format_that_is_said_is_not_guessed(folder):
    assert seen(expand(folder / "a.xml", choice=ImportOptions(Format.TEXT))) == [("a", "text")]
    assert seen(expand(folder / "b.txt", choice=ImportOptions(Format.DICOM))) == [("b", "dicom")]


def test_a_link_that_leads_nowhere_is_a_refusal(folder):
    (folder / "gone.txt").symlink_to(folder / "nothing")
    assert ("gone", "unreadable") in seen(expand(folder))


def test_a_link_to_the_folder_itself_does_not_lead_in_circles(folder):
    (folder / "ward/up").symlink_to(folder)
    assert len(expand(folder)) == 5


@pytest.mark.parametrize("name", ["feed.jsonl", "feed.hl7"])
def test_lines_of_json_are_hl7_messages(tmp_path, name):
    lines = b'{"raw": "MSH|^~\\\\&|A"}\n\n{"raw": 7}\nno json\n'
    (tmp_path / name).write_bytes(lines)
    assert seen(expand(tmp_path / name, choice=ImportOptions(Format.HL7))) == [
        ("feed:1", "hl7"),
        ("feed:2", "unreadable"),
        ("feed:3", "unreadable"),
    ]
    (refused,) = [
        item
        for item in expand(tmp_path / name)
        if isinstance(item, RefusedMessage) and item.message.raw == b"no json\n"
    ]
    assert refused.error.external_id == "feed:3"


@pytest.mark.parametrize("name", ["a.hl7", "a.jsonl"])
def test_a_batch_without_a_message_is_a_refusal(tmp_path, name):
    (tmp_path / name).write_bytes(b"\n")
    assert seen(expand(tmp_path / name)) == [("a", "unreadable")]


def test_a_file_past_the_limit_is_hashed_and_refused(tmp_path):
    raw = b"a" * (RAW_LIMIT + 1)
    (tmp_path / "a.txt").write_bytes(raw)
    (item,) = expand(tmp_path / "a.txt")
    assert isinstance(item, OversizedMessage)
    assert (item.error.reason, item.size) == (Reason.TOO_LARGE, RAW_LIMIT + 1)
    assert item.digest == hashlib.sha256(raw).hexdigest()


MEMBERS = {"ward/": b"", "ward/a.xml": b"<eCitation/>", "b.txt": b"Clear.", "__MACOSX/._b.txt": b"x", ".hidden": b"x"}


@pytest.mark.parametrize(("name", "mode"), [("a.tgz", "w:gz"), ("a.tar.gz", "w:gz"), ("a.tar", "w"), ("a.dat", "w:gz")])
def test_the_members_of_a_tar(tmp_path, name, mode):
    members = {member: content for member, content in MEMBERS.items() if not member.endswith("/")}
    items = expand(write_tar(tmp_path / name, members, mode))
    assert seen(items) == [("ward/a", "openi"), ("b", "text")]
    assert all(isinstance(item, ReceivedMessage) and item.origin.modified_at == MODIFIED for item in items)


def test_the_members_of_a_zip(tmp_path):
    items = expand(write_zip(tmp_path / "a.zip", MEMBERS))
    assert seen(items) == [("ward/a", "openi"), ("b", "text")]
    assert all(isinstance(item, ReceivedMessage) and item.origin.modified_at == MODIFIED for item in items)


def test_batches_within_archives_are_taken_apart(tmp_path):
    members = {"a.hl7": MESSAGE + b"\r" + MESSAGE, "b.jsonl": b'{"raw": "MSH|^~\\\\&|A"}'}
    expected = [("a:1", "hl7"), ("a:2", "hl7"), ("b:1", "hl7")]
    assert seen(expand(write_tar(tmp_path / "a.tgz", members))) == expected
    assert seen(expand(write_zip(tmp_path / "a.zip", members))) == expected


def test_archives_of_a_folder_keep_their_members_apart(tmp_path):
    (tmp_path / "in/jan").mkdir(parents=True)
    write_tar(tmp_path / "in/jan/one.tgz", {"r.txt": b"One."})
    write_zip(tmp_path / "in/jan/two.zip", {"/r.txt": b"Two."})
    assert seen(expand(tmp_path / "in")) == [("jan/one/r", "text"), ("jan/two/r", "text")]


@pytest.mark.parametrize("name", ["a.tgz", "a.tar", "a.zip", "b.tgz", "b.tar", "b.zip", "c.tgz"])
def test_an_empty_archive_is_a_refusal(tmp_path, name):
    path = tmp_path / name
    if name.startswith("a"):
        path.touch()
    elif name == "b.zip":
        write_zip(path, {"folder/": b""})
    else:
        write_tar(path, {".hidden": b"x"} if name == "c.tgz" else {}, "w:gz" if name.endswith("gz") else "w")
    (item,) = expand(path)
    assert isinstance(item, RefusedMessage)
    assert (item.error.reason, item.message.format) == (Reason.EMPTY_ARCHIVE, Format.ARCHIVE)
    assert item.message.raw == path.read_bytes()


@pytest.mark.parametrize("name", ["a.tgz", "a.tar", "a.zip"])
def test_an_archive_of_garbage_is_a_refusal(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x1f\x8b no archive" * 100)
    assert seen(expand(tmp_path / name)) == [("a", "unreadable")]


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_what_a_broken_tar_still_held_is_kept(tmp_path, mode):
    path = write_tar(tmp_path / "a.tgz", {f"{n}.txt": os.urandom(40_000) for n in range(9)}, mode)
    path.write_bytes(path.read_bytes()[:200_000])
    names = seen(expand(path))
    assert names[:4] == [(f"{n}", "text") for n in range(4)]
    assert names[-1] == ("a", "unreadable")


def test_a_broken_member_of_a_zip_does_not_hide_the_others(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a.txt": b"Clear." * 99, "b.txt": b"Effusion.", "c.txt": b"Mass."})
    raw = bytearray(path.read_bytes())
    place = raw.index(b"a.txt") + 8
    raw[place : place + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(raw)
    assert seen(expand(path)) == [("a", "unreadable"), ("b", "text"), ("c", "text")]


def test_an_archive_within_an_archive_is_not_unpacked(tmp_path):
    inner = write_zip(tmp_path / "inner.zip", {"a.txt": b"Clear."}).read_bytes()
    assert seen(expand(write_tar(tmp_path / "a.tgz", {"inner.zip": inner, "b.txt": b"x"}))) == [
        ("inner", "unsupported_format"),
        ("b", "text"),
    ]


def test_links_devices_and_holes_in_a_tar_are_not_followed(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("evil.txt")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert seen(expand(path)) == [("a", "empty_archive")]


def test_names_that_lead_out_of_the_archive_write_nothing(tmp_path):
    inside = tmp_path / "in"
    inside.mkdir()
    path = write_tar(inside / "a.tgz", {"../../evil.txt": b"Clear.", "/etc/evil.txt": b"Mass."})
    before = sorted(tmp_path.rglob("*"))
    assert [name for name, _ in seen(expand(path))] == ["../../evil", "etc/evil"]
    assert sorted(tmp_path.rglob("*")) == before


def described(kind: bytes, body: bytes, **headers: str) -> bytes:
    """A member of a tar that describes the next one, or whose own content does."""
    info = tarfile.TarInfo("d")
    info.type, info.size, info.pax_headers = kind, len(body), headers
    return info.tobuf(tarfile.PAX_FORMAT) + body + b"\0" * (-len(body) % 512)


SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s.txt", "GNU.sparse.realsize": "0"}


@pytest.mark.parametrize(
    "evil",
    [
        described(tarfile.GNUTYPE_LONGNAME, b"x" * 9_000_000),
        described(tarfile.XHDTYPE, b"0" * 9_000_000),
        described(tarfile.REGTYPE, b"3000000\n" + b"0\n" * 6_000_000, **SPARSE),
    ],
    ids=["name", "pax", "sparse map"],
)
def test_a_description_of_a_member_has_a_limit(tmp_path, evil):
    """Python reads it into memory as a whole, or number by number: 60 s for an archive of 500 KB."""
    good = described(tarfile.REGTYPE, b"Clear.")
    (tmp_path / "a.tgz").write_bytes(gzip.compress(good + evil + good + bytes(1024), 1))
    started = time.monotonic()
    items = expand(tmp_path / "a.tgz")
    assert [reason for _, reason in seen(items)] == ["unknown", "unreadable"]
    assert time.monotonic() - started < 3


def test_facts_for_all_members_do_not_add_up(tmp_path):
    """Each member would get a copy of all that came before."""
    parts = []
    for number in range(300):
        facts = b"".join(b"15 k%04d%04d=v\n" % (number, one) for one in range(1000))
        parts += [described(tarfile.XGLTYPE, facts), described(tarfile.REGTYPE, b"Clear.")]
    (tmp_path / "a.tar").write_bytes(b"".join(parts) + bytes(1024))
    tracemalloc.start()
    assert len(expand(tmp_path / "a.tar")) == 300
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20 * 1024 * 1024


@pytest.mark.parametrize("name", ["\udcff.gz", "q" * 5000 + ".gz", "a\nb.gz"])
def test_a_name_of_any_bytes_and_length_is_told_as_an_identifier(tmp_path, name):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive:
        info = tarfile.TarInfo(name)
        info.size = 20
        archive.addfile(info, io.BytesIO(gzip.compress(b"")))
    (item,) = expand(path)
    assert isinstance(item, RefusedMessage)
    assert len(item.error.external_id.encode()) <= 256
    assert item.error.external_id.isprintable()


@pytest.mark.parametrize("suffix", [".tgz", ".zip"])
def test_a_bomb_ends_at_the_limit_and_what_came_before_stays(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(archives, "UNPACKED_FLOOR", 1024 * 1024)
    members = {"a.txt": b"Clear."} | {f"{n}.txt": b"\0" * 900_000 for n in range(9)}
    path = tmp_path / f"a{suffix}"
    items = expand(write_zip(path, members) if suffix == ".zip" else write_tar(path, members))
    assert seen(items)[0] == ("a", "text")
    assert seen(items)[-1] == ("a", "too_large")
    assert sum(len(item.raw) for item in items if isinstance(item, ReceivedMessage)) < 3 * 1024 * 1024


def test_an_encrypted_member_is_a_refusal(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a.txt": b"Clear.", "b.txt": b"Mass."})
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        local = archive.getinfo("a.txt").header_offset
    raw[local + 6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert seen(expand(path)) == [("a", "unreadable"), ("b", "text")]


def test_the_meter_counts_every_file(folder):
    meter = Meter()
    list(expand_files(find_files([folder]), ImportOptions(), meter))
    assert meter.position == sum(path.stat().st_size for path in folder.rglob("*") if path.suffix)


def test_the_real_archive_holds_3080_reports(shared_data):
    items = expand(shared_data / "openi/ecgen-radiology-dev.tgz")
    assert len(items) == 3080
    assert all(isinstance(item, ReceivedMessage) and item.format is Format.OPENI for item in items)


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be"])
def test_messages_in_utf_16_are_found_and_taken_as_utf_8(tmp_path, charset):
    words = (MESSAGE + b"\r" + MESSAGE + b"\r").decode() + "OBX|1|TX|||Größe\r"
    (tmp_path / "a.dat").write_bytes(words.encode(charset))
    found = expand(tmp_path / "a.dat")
    assert seen(found) == [("a:1", "hl7"), ("a:2", "hl7")]
    assert [item.raw for item in found if isinstance(item, ReceivedMessage)][1].endswith("Größe".encode())


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.hl7.gz", MESSAGE + b"\r" + MESSAGE, [("a:1", "hl7"), ("a:2", "hl7")]),
        ("a.txt.GZ", b"Clear.", [("a", "text")]),
        ("a.gz", b'{"raw": "MSH|^~\\\\&|A"}', [("a:1", "hl7")]),
        ("a.dat.gz", b"Clear.", [("a", "unknown")]),
        ("a.gz", b"PK\x03\x04", [("a", "unsupported_format")]),
        ("a.tgz", b"Clear.", [("a", "unreadable")]),
        ("a.hl7.gz", b"", [("a.hl7", "unreadable")]),
    ],
)
def test_a_gzip_file_that_is_no_archive_is_the_file_in_it(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(gzip.compress(content))
    assert seen(expand(tmp_path / name)) == expected


def test_a_gzip_file_that_unpacks_to_far_more_than_it_may_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "UNPACKED_FLOOR", 100_000)
    (tmp_path / "a.hl7.gz").write_bytes(gzip.compress(MESSAGE + b"\r" + b" " * 1_000_000))
    assert [reason for _, reason in seen(expand(tmp_path / "a.hl7.gz"))][-1] == "too_large"


@pytest.mark.parametrize("name", ["a.rtf", "a.html", "a.htm", "a.xhtml", "a.RTF"])
def test_files_with_markup_are_texts_by_their_names(tmp_path, name):
    (tmp_path / name).write_bytes(b"{\\rtf1 Clear.}" if "rtf" in name.lower() else b"<html>Clear.</html>")
    assert seen(expand(tmp_path / name)) == [("a", "text")]
