"""Our own answers to C-STORE requests are those of the library, byte for byte."""

import itertools

import pytest
from pynetdicom import AE
from pynetdicom.association import MODE_ACCEPTOR, Association
from pynetdicom.dimse_messages import C_STORE_RSP
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.dsutils import encode

from ingest.gateway.dicom import connections
from ingest.gateway.dicom.answers import fragment_of

UIDS = ["1.2", "1.2.3", "1." + "2" * 62]
COMMENTS = [None, "x", "no space on the disk", "c" * 64]
STATUSES = [0x0000, 0xA700, 0xB006, 0x0110]


def answer_of(sop_class, instance, comment=None, status=0x0000, message=7):
    found = C_STORE()
    found.MessageID = found.MessageIDBeingRespondedTo = message
    found.AffectedSOPClassUID, found.AffectedSOPInstanceUID = sop_class, instance
    found.Status, found.ErrorComment = status, comment
    return found


@pytest.mark.parametrize("message", [0, 1, 65535])
def test_the_bytes_are_the_library_s(message):
    for sop_class, instance, comment, status in itertools.product(UIDS, UIDS, COMMENTS, STATUSES):
        answer = answer_of(sop_class, instance, comment, status, message)
        theirs = C_STORE_RSP()
        theirs.primitive_to_message(answer)
        assert fragment_of(answer) == b"\x03" + encode(theirs.command_set, True, True)


class Sent(list):
    """What an association's library part was given to send."""

    @property
    def fragments(self):
        return [data.presentation_data_value_list for data in self]


@pytest.fixture
def association(monkeypatch):
    found = Association(AE(), MODE_ACCEPTOR)
    found.sent = Sent()
    monkeypatch.setattr(found.dul, "send_pdu", found.sent.append)
    connections.answer_at_once(found)
    return found


@pytest.mark.parametrize("longest", [0, 4096, 262144])
def test_an_answer_is_one_fragment(association, longest):
    association.requestor.maximum_length = longest
    answer = answer_of(UIDS[2], UIDS[2], "c" * 64)
    association.dimse.send_msg(answer, 5)
    assert association.sent.fragments == [[[5, fragment_of(answer)]]]


def test_a_peer_that_takes_little_gets_several(association):
    association.requestor.maximum_length = 64
    answer = answer_of(UIDS[2], UIDS[2], "c" * 64)
    association.dimse.send_msg(answer, 5)
    pieces = [piece for fragments in association.sent.fragments for _, piece in fragments]
    assert len(pieces) > 1
    assert b"".join(piece[1:] for piece in pieces) == fragment_of(answer)[1:]


def test_other_answers_are_the_library_s(association):
    echo = C_ECHO()
    echo.MessageIDBeingRespondedTo, echo.Status = 1, 0x0000
    association.dimse.send_msg(echo, 3)
    ((context, data),) = association.sent.fragments[0]
    assert (context, data[0]) == (3, 0x03)
