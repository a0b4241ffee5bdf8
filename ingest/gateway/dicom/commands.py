"""Completes storage commands that lack required fields (PS3.7 9.1.1) from the data set, so that they are answered.

pynetdicom drops a request without a class or an instance without an answer, and its sender waits forever.
"""

from pydicom import Dataset
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ

from ingest.errors import MessageRefusedError
from ingest.formats.dicom.elements import DamagedError
from ingest.formats.dicom.object import words_of
from ingest.formats.dicom.parser import SOP_CLASS, SOP_INSTANCE
from ingest.gateway.dicom.part10 import as_file

NO_UID = "0.0"
"""The instance UID of an answer if neither command nor data set gives one."""

_LONGEST_UID = 64
_PRIORITIES = (0, 1, 2)


def complete(message: C_STORE_RQ, association: Association) -> None:
    """Add the missing UIDs, message id and priority to a C-STORE request."""
    command = message.command_set
    if not isinstance(command.get("MessageID"), int):
        command.MessageID = 0
    if command.get("Priority") not in _PRIORITIES:
        command.Priority = 0
    sop_class, instance = _uid(command, "AffectedSOPClassUID"), _uid(command, "AffectedSOPInstanceUID")
    if not (sop_class and instance):
        named_class, named_instance = _named(message, association)
        sop_class, instance = sop_class or named_class, instance or named_instance
    command.AffectedSOPClassUID = sop_class or NO_UID
    command.AffectedSOPInstanceUID = instance or NO_UID


def _uid(command: Dataset, keyword: str) -> str:
    """A UID of the command without its padding; empty if it is absent, or too long to be one."""
    found = str(command.get(keyword) or "").strip(" \0")
    return found if len(found) <= _LONGEST_UID else ""


def _named(message: C_STORE_RQ, association: Association) -> tuple[str, str]:
    """Class and instance of the data set; without a class, that of the presentation context."""
    contexts = {context.context_id: context for context in association.accepted_contexts}
    context = contexts.get(message.context_id)
    if context is None or context.abstract_syntax is None:
        return "", ""
    dataset = message.data_set.getvalue() if message.data_set else b""
    try:
        syntax = str(context.transfer_syntax[0])
        _, instance = words_of(as_file("", "", syntax, dataset), (SOP_CLASS, SOP_INSTANCE))
    except (DamagedError, MessageRefusedError):
        instance = ""
    return str(context.abstract_syntax), instance if 0 < len(instance) <= _LONGEST_UID else ""
