"""What the DICOM door relies on in pynetdicom beside what it documents. Read this when its version is raised."""

import copy
import inspect
import queue
import socket
import threading

import pytest
from pynetdicom import AE, _config
from pynetdicom.association import MODE_ACCEPTOR, Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.presentation import build_context, negotiate_as_acceptor
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from ingest.gateway.dicom import connections
from ingest.gateway.dicom.waking import Alarm, Arrivals, WakingQueue


@pytest.fixture
def association():
    return Association(AE(), MODE_ACCEPTOR)


def test_an_association_has_the_parts_that_are_replaced(association):
    assert isinstance(association._reactor_checkpoint, threading.Event)
    assert isinstance(association.dimse.msg_queue, queue.Queue)
    assert isinstance(association.dul.to_user_queue, queue.Queue)
    assert isinstance(association.dul.to_provider_queue, queue.Queue)
    assert isinstance(association.dul.event_queue, queue.Queue)
    assert isinstance(association.dul._run_loop_delay, float)


def test_they_are_replaced(association):
    alarm = Alarm()
    connections.wake(association, alarm)
    assert isinstance(association._reactor_checkpoint, Arrivals)
    assert {type(one) for one in (association.dimse.msg_queue, association.dul.to_provider_queue)} == {WakingQueue}
    assert association.dul._run_loop_delay == 0
    alarm.close()


def test_the_library_waits_where_it_is_woken():
    """At the checkpoint of the association's thread, and at the pause of the other's loop."""
    assert "_reactor_checkpoint.wait" in inspect.getsource(Association)
    assert "_run_loop_delay" in inspect.getsource(DULServiceProvider.run_reactor)


@pytest.mark.parametrize("name", ["ready", "recv", "_shutdown_socket"])
def test_the_socket_s_methods_are_those_of_the_library(name):
    assert name in vars(AssociationSocket)
    assert name in vars(connections.BoundedSocket)


def test_the_socket_s_attributes(association):
    ours, theirs = socket.socketpair()
    found = AssociationSocket(association, client_socket=ours)
    assert found.socket is ours
    assert found._is_connected is True
    assert found.event_queue is association.dul.event_queue
    assert association.dul.event_queue.get_nowait() == "Evt5"
    found.close()
    theirs.close()


def test_the_server_makes_associations_by_its_handler():
    assert "_create_association" in vars(RequestHandler)
    assert "verify_request" in vars(connections.BoundedServer)
    assert hasattr(ThreadedAssociationServer, "get_request")


def test_the_contexts_are_shared_and_nobody_changes_them():
    """The library copies them deeply for each connection, before anything was asked."""
    assert "deepcopy(self.server.contexts)" in inspect.getsource(RequestHandler)
    offered = [build_context("1.2.840.10008.1.1", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])]
    ours = connections.SharedContexts([build_context("1.2.840.10008.1.1", ["1.2.840.10008.1.2.1"])])
    assert copy.deepcopy(ours) is ours
    before = copy.deepcopy(ours[0])
    for number, one in enumerate(offered):
        one.context_id = 2 * number + 1
    assert [one.result for one in negotiate_as_acceptor(offered, ours)[0]] == [0]
    assert ours[0] == before


def test_what_keeps_data_sets_out_of_the_logs(monkeypatch):
    for name in ("LOG_HANDLER_LEVEL", "LOG_REQUEST_IDENTIFIERS", "LOG_RESPONSE_IDENTIFIERS"):
        monkeypatch.setattr(_config, name, getattr(_config, name))
    connections.silence()
    assert (_config.LOG_REQUEST_IDENTIFIERS, _config.LOG_RESPONSE_IDENTIFIERS) == (False, False)
    assert _config.LOG_HANDLER_LEVEL == "none"
