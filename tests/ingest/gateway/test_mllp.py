"""The MLLP door over real sockets: what senders do, right and wrong, and what they are told."""

import asyncio
import base64
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.gateway.door import Reception
from ingest.gateway.mllp.listener import tune
from ingest.ledger.events.raw_messages import SMALL
from ingest.ledger.states import State
from ingest.ledger.storage.database import open_ledger
from ingest.receiving.raw import raw_of
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obx
from tests.ingest.gateway.mllp_peer import END, START, OpenDoor, Peer, code_of, error_of, open_door


def oru(number: int, text: str = "FINDINGS: Clear.", header: str = MSH) -> bytes:
    """A report of a study of its own, under this control id."""
    return message(header.replace("|42|", f"|{number}|"), PID, OBR.replace("A1", f"A{number}"), obx(text))


async def test_three_messages_on_one_socket_are_answered_before_it_closes(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    for number in (1, 2, 3):
        assert code_of(await peer.ask(oru(number))) == ("AA", str(number))
        # Acknowledged means stored.
        assert len(mllp.events()) == number
    receiver = mllp.reception.receiver
    stored = [raw_of(receiver.ledger, receiver.blobs, event) for event in mllp.events()]
    assert stored == [oru(number).strip() for number in (1, 2, 3)]
    assert {event.state for event in mllp.events()} == {State.RECEIVED}


async def test_messages_that_come_together_are_answered_in_their_order(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    await peer.send(b"".join(START + oru(number) + END for number in range(40)))
    assert [code_of(await peer.answer()) for _ in range(40)] == [("AA", str(number)) for number in range(40)]


async def test_a_message_byte_by_byte(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    for byte in START + oru(7) + END:
        await peer.send(bytes([byte]))
    assert code_of(await peer.answer()) == ("AA", "7")


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", ""])
async def test_the_last_field_is_stored_whole_in_every_encoding(mllp: OpenDoor, charset: str, end: str) -> None:
    mark = "\ufeff" if charset in {"utf-16-be", "utf-16-le"} else ""
    sent = f"{mark}{oru(7).decode().rstrip()}{end}".encode(charset)
    peer = await mllp.connect()
    await peer.ask(sent)
    receiver = mllp.reception.receiver
    (stored,) = [raw_of(receiver.ledger, receiver.blobs, event) for event in mllp.events()]
    assert stored.decode("utf-8" if charset == "utf-8-sig" else "utf-16" if mark else charset).rstrip() == (
        oru(7).decode().rstrip()
    )


async def test_garbage_before_a_message_is_passed_over(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    await peer.send(b"\r\nPROXY UNKNOWN\r\n\r\n")
    assert code_of(await peer.ask(oru(7))) == ("AA", "7")
    assert len(mllp.events()) == 1


async def test_without_fs_nothing_is_stored_and_the_sender_is_told(
    reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_door(reception, monkeypatch, VLMKG_MLLP_STALL="0.2") as mllp:
        peer = await mllp.connect()
        await peer.send(START + oru(7))
        answer = await peer.answer()
        assert (code_of(answer), error_of(answer)) == (("AE", "7"), "100")
        assert await peer.ended()
        assert mllp.events() == []


async def test_without_cr_after_fs_it_is_answered_all_the_same(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    await peer.send(START + oru(7) + b"\x1c")
    assert code_of(await peer.answer()) == ("AA", "7")
    assert code_of(await peer.ask(oru(8))) == ("AA", "8")


async def test_five_megabytes_of_base64(mllp: OpenDoor) -> None:
    pdf = base64.b64encode(bytes(range(256)) * 16_000).decode()
    raw = message(MSH, PID, OBR, obx("FINDINGS: Clear."), f"OBX|2|ED|PDF^Report||^application^pdf^Base64^{pdf}||||||F")
    assert len(raw) > 5_000_000
    peer = await mllp.connect()
    assert code_of(await peer.ask(raw)) == ("AA", "42")
    (event,) = mllp.events()
    assert (event.state, event.size) == (State.RECEIVED, len(raw.strip()))


async def test_a_message_past_the_limit_is_refused_and_the_socket_goes_on(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    answer = await peer.ask(oru(7, "x" * 21 * 1024 * 1024))
    assert (code_of(answer), error_of(answer)) == (("AR", "7"), "207")
    assert code_of(await peer.ask(oru(8))) == ("AA", "8")
    refused, stored = mllp.events()
    assert (refused.state, refused.reason, refused.blob_key) == (State.REFUSED, "too_large", None)
    assert stored.state is State.RECEIVED


@pytest.mark.parametrize(
    "raw", [b"nonsense", b"MSH", b"MSH|", b"MSHa^~", b"MSH|^~\\&", b"PID|1\rMSH|^~\\&|", b"\xff\xfe\x00M", b"MSH|\x00"]
)
async def test_a_broken_header_is_answered_and_kept(mllp: OpenDoor, raw: bytes) -> None:
    peer = await mllp.connect()
    answer = await peer.ask(raw)
    assert code_of(answer)[0] == "AR"
    assert code_of(await peer.ask(oru(8))) == ("AA", "8")
    refused, _ = mllp.events()
    assert refused.state is State.REFUSED


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("ORU^R01^ORU_R01", "SIU^S12", "200"), ("ORU^R01^ORU_R01", "ADT^A24", "200"), ("|P|2.5.1", "|T|2.5.1", "202")],
)
async def test_what_is_not_taken_is_rejected_with_its_code(mllp: OpenDoor, old: str, new: str, code: str) -> None:
    peer = await mllp.connect()
    answer = await peer.ask(oru(7, header=MSH.replace(old, new)))
    assert (code_of(answer), error_of(answer)) == (("AR", "7"), code)
    (event,) = mllp.events()
    assert event.state is State.REFUSED


async def test_what_can_not_be_used_is_accepted_and_seen_by_the_operator(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    assert code_of(await peer.ask(message(MSH, PID, OBR)))[0] == "AA"
    (event,) = mllp.events()
    assert (event.state, event.reason) == (State.REFUSED, "no_report_text")


async def test_a_resend_is_accepted_again_and_does_nothing(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    for _ in range(3):
        assert code_of(await peer.ask(oru(7))) == ("AA", "7")
    (event,) = mllp.events()
    assert event.deliveries == 3


async def test_umlauts_of_latin_1(mllp: OpenDoor) -> None:
    header = MSH + "||||||8859/1"
    peer = await mllp.connect()
    raw = oru(7, "BEFUND: Erguß, Gefäße übersichtlich.", header).decode().encode("latin-1")
    answer = await peer.ask(raw)
    assert code_of(answer) == ("AA", "7")
    assert str(answer.segment("MSH")[18]) == "8859/1"
    with mllp.reception.receiver.ledger.read() as connection:
        (text,) = connection.exec_driver_sql("SELECT text FROM report_texts").scalars()
    assert text == "BEFUND: Erguß, Gefäße übersichtlich."


async def test_a_batch_is_answered_by_a_batch(mllp: OpenDoor) -> None:
    bad = message(MSH.replace("ORU^R01^ORU_R01", "SIU^S12"), PID)
    batch = b"FHS|^~\\&|A\rBHS|^~\\&|RIS|NORTH|||||||B9\r" + oru(1) + bad + oru(2) + b"BTS|3\rFTS|1\r"
    peer = await mllp.connect()
    await peer.send(START + batch + END)
    framed = (await peer.reader.readuntil(END)).decode()
    lines = framed[1:-2].split("\r")
    messages = ["MSH", "MSA", "MSH", "MSA", "ERR", "MSH", "MSA"]
    assert [line[:3] for line in lines if line] == ["FHS", "BHS", *messages, "BTS", "FTS"]
    assert [line[:6] for line in lines if line.startswith("MSA")] == ["MSA|AA", "MSA|AR", "MSA|AA"]
    assert "|B9" in lines[1]
    assert "BTS|3" in lines
    assert len(mllp.events()) == 3


@pytest.mark.parametrize(
    ("conditions", "good", "bad"),
    [("AL|NE", "CA", "CR"), ("ER|NE", None, "CR"), ("NE|NE", None, None), ("|AL", "AA", "AR"), ("NE|ER", None, "AR")],
)
async def test_enhanced_mode(mllp: OpenDoor, conditions: str, good: str | None, bad: str | None) -> None:
    header = f"{MSH}|||{conditions}"
    peer = await mllp.connect()
    await peer.send(START + oru(1, header=header) + END)
    await peer.send(START + oru(2, header=header.replace("ORU^R01", "SIU^S12")) + END)
    expected = [(code, number) for code, number in ((good, "1"), (bad, "2")) if code]
    assert [code_of(await peer.answer()) for _ in expected] == expected
    # Nothing stands between them and the next answer.
    assert code_of(await peer.ask(oru(3))) == ("AA", "3")
    assert len(mllp.events()) == 3


async def test_version_2_3_is_answered_in_its_own_form(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    answer = await peer.ask(oru(7, header=MSH.replace("ORU^R01^ORU_R01", "SIU^S12").replace("2.5.1", "2.3")))
    assert str(answer.segment("MSH")[9]) == "ACK^S12"
    assert str(answer.segment("ERR")[1]) == "MSH^1^9^200&Unsupported message type&HL70357"


async def test_a_short_disk_sends_senders_away_and_lets_them_in_again(
    mllp: OpenDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = mllp.reception.space
    monkeypatch.setattr("ingest.receiving.space.INTERVAL_S", 0.0)
    peer = await mllp.connect()
    space.reserve = shutil.disk_usage(tmp_path).total * 2
    answer = await peer.ask(oru(7))
    assert (code_of(answer), error_of(answer)) == (("AE", "7"), "207")
    assert mllp.events() == []
    space.reserve = 0
    assert code_of(await peer.ask(oru(7))) == ("AA", "7")


async def test_a_store_that_can_not_be_written_is_an_error_not_a_loss(mllp: OpenDoor) -> None:
    folder = mllp.reception.receiver.blobs.folder
    assert folder is not None
    shutil.rmtree(folder)
    folder.write_text("a file where the blobs' folder should be")
    peer = await mllp.connect()
    large = oru(7, "FINDINGS: Clear. " + "Clear. " * SMALL)
    answer = await peer.ask(large)
    assert (code_of(answer), error_of(answer)) == (("AE", "7"), "207")
    folder.unlink()
    folder.mkdir()
    assert code_of(await peer.ask(large)) == ("AA", "7")


async def test_a_store_that_can_not_be_written_holds_up_no_small_message(mllp: OpenDoor) -> None:
    folder = mllp.reception.receiver.blobs.folder
    assert folder is not None
    shutil.rmtree(folder)
    folder.write_text("a file where the blobs' folder should be")
    peer = await mllp.connect()
    frames = (oru(1), oru(2, "FINDINGS: Clear. " + "Clear. " * SMALL), oru(3))
    await peer.send(b"".join(START + frame + END for frame in frames))
    assert [code_of(await peer.answer()) for _ in frames] == [("AA", "1"), ("AE", "2"), ("AA", "3")]


async def test_a_ledger_that_can_not_be_written_is_an_error_not_a_loss(mllp: OpenDoor, ledger_url: str) -> None:
    with mllp.reception.receiver.ledger.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    other = open_ledger(ledger_url)
    peer = await mllp.connect()
    with other.write():
        answer = await peer.ask(oru(7))
    assert (code_of(answer), error_of(answer)) == (("AE", "7"), "207")
    assert code_of(await peer.ask(oru(7))) == ("AA", "7")
    other.close()


async def test_one_connection_too_many_is_closed(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have begun a message stay; one that rests gives way to a new one."""
    async with open_door(reception, monkeypatch, VLMKG_MLLP_CONNECTIONS="2") as mllp:
        peers = [await mllp.connect() for _ in range(2)]
        for peer in peers:
            await peer.send(START + b"MSH|^~")
        await asyncio.sleep(0.1)
        assert await (await mllp.connect()).ended()
        for number, peer in enumerate(peers):
            await peer.send(oru(number)[6:] + END)
            assert code_of(await peer.answer())[0] == "AA"
        third = await mllp.connect()
        assert code_of(await third.ask(oru(7)))[0] == "AA"
        assert await peers[0].ended()
        assert code_of(await peers[1].ask(oru(8)))[0] == "AA"


async def test_an_address_has_its_share_of_the_connections(
    reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many one address opens, and however much it begins, another is served."""
    async with open_door(reception, monkeypatch, VLMKG_MLLP_CONNECTIONS="4", VLMKG_MLLP_PEER_CONNECTIONS="2") as mllp:
        opened = [await mllp.connect() for _ in range(2)]
        for peer in opened:
            await peer.send(START + b"MSH|")
        await asyncio.sleep(0.1)
        assert [await (await mllp.connect()).ended() for _ in range(5)] == [True] * 5
        reader, writer = await asyncio.open_connection(*mllp.address, local_addr=("127.0.0.2", 0))
        other = Peer(reader, writer)
        mllp.peers.append(other)
        assert code_of(await other.ask(oru(1)))[0] == "AA"


async def test_a_blank_frame_is_answered(mllp: OpenDoor) -> None:
    peer = await mllp.connect()
    for blank in (b"", b"\r", b" \r\n\t"):
        assert code_of(await peer.ask(blank))[0] == "AR"
    assert mllp.events() == []
    assert code_of(await peer.ask(oru(1)))[0] == "AA"


async def test_a_batch_has_so_many_messages(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_door(reception, monkeypatch, VLMKG_MLLP_BATCH="3") as mllp:
        peer = await mllp.connect()
        whole = b"BHS|^~\\&|RIS\r" + b"".join(map(oru, range(3))) + b"BTS|3\r"
        assert (await peer.ask(whole)).segments("MSA") is not None
        assert len(mllp.events()) == 3
        answer = await peer.ask(b"BHS|^~\\&|RIS\r" + b"".join(map(oru, range(4, 8))) + b"BTS|4\r")
        assert code_of(answer)[0] == "AR"
        assert [event.reason for event in mllp.events()[3:]] == ["too_large"]


async def test_messages_of_a_batch_count_each_against_the_rate(
    reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_door(reception, monkeypatch, VLMKG_MLLP_RATE="10") as mllp:
        peer = await mllp.connect()
        started = time.monotonic()
        for first in (0, 20, 40):
            await peer.ask(b"BHS|^~\\&|RIS\r" + b"".join(map(oru, range(first, first + 10))) + b"BTS|10\r")
        # A second's worth goes at once.
        assert time.monotonic() - started > 0.7


async def test_other_addresses_are_turned_away(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_door(reception, monkeypatch, VLMKG_GATEWAY_ALLOW="10.0.0.0/8, 192.168.1.7") as mllp:
        assert await (await mllp.connect()).ended()
    async with open_door(reception, monkeypatch, VLMKG_GATEWAY_ALLOW="127.0.0.0/8") as mllp:
        assert code_of(await (await mllp.connect()).ask(oru(7)))[0] == "AA"


async def test_an_idle_connection_is_closed(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_door(reception, monkeypatch, VLMKG_MLLP_IDLE="0.2") as mllp:
        peer = await mllp.connect()
        assert code_of(await peer.ask(oru(7)))[0] == "AA"
        assert await peer.ended()


async def test_a_fast_sender_is_slowed_down(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_door(reception, monkeypatch, VLMKG_MLLP_RATE="20") as mllp:
        peer = await mllp.connect()
        started = asyncio.get_running_loop().time()
        for number in range(30):
            assert code_of(await peer.ask(oru(number)))[0] == "AA"
        # A second's worth goes at once, the other ten wait.
        assert asyncio.get_running_loop().time() - started >= 0.45


async def test_closing_finishes_what_is_in_hand_and_lets_go_of_the_rest(
    reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_door(reception, monkeypatch) as mllp:
        waiting, busy = await mllp.connect(), await mllp.connect()
        assert code_of(await waiting.ask(oru(1)))[0] == "AA"
        await busy.send(b"".join(START + oru(number) + END for number in range(2, 30)))
        assert code_of(await busy.answer()) == ("AA", "2")
        await asyncio.wait_for(mllp.door.close(), 10)
        assert await waiting.ended()
        answered = [code_of(await busy.answer()) for _ in range(27)]
        assert answered == [("AA", str(number)) for number in range(3, 30)]
        assert len(mllp.events()) == 29
        with pytest.raises(OSError, match=r"refused|Connect"):
            await mllp.connect()


async def test_many_sockets_share_commits_and_none_waits_for_nagle(mllp: OpenDoor) -> None:
    async def sender(first: int) -> list[tuple[str, str]]:
        peer = await mllp.connect()
        return [code_of(await peer.ask(oru(number))) for number in range(first, first + 10)]

    answers = await asyncio.gather(*(sender(100 * number) for number in range(16)))
    assert {code for sent in answers for code, _ in sent} == {"AA"}
    assert len(mllp.events()) == 160


def test_nagle_is_off() -> None:
    with socket.socket() as connection:
        tune(connection)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_the_hl7_package_sends(mllp: OpenDoor, tmp_path: Path) -> None:
    """mllp_send of the hl7 package, a peer that is not of our making."""
    file = tmp_path / "reports.hl7"
    file.write_bytes(b"".join(START + oru(number) + END for number in range(3)))
    host, port = mllp.address
    command = [str(Path(sys.executable).parent / "mllp_send"), "--file", str(file), "--port", str(port), host]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.count("MSA|AA") == 3, done.stderr
    assert len(mllp.events()) == 3


@pytest.mark.parametrize("verb", ["POST /", "PUT /x", "GET http://evil.example/"])
async def test_what_a_page_in_a_browser_posts_is_no_message(mllp: OpenDoor, verb: str) -> None:
    """Any page that somebody opens can post a text to this port, with a whole frame in it."""
    peer = await mllp.connect()
    head = f"{verb} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nOrigin: https://evil.example\r\n\r\n"
    with capture_logs() as logs:
        await peer.send(head.encode() + START + oru(1) + END)
        with pytest.raises((asyncio.IncompleteReadError, OSError)):
            await peer.answer()
    assert mllp.events() == []
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == ["mllp.http"]
    assert code_of(await (await mllp.connect()).ask(oru(2))) == ("AA", "2")
