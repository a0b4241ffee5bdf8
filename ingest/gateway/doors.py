"""The doors by name, as VLMKG_GATEWAY_DOORS chooses them."""

from collections.abc import Mapping

from ingest.gateway.dicom import door as dicom
from ingest.gateway.door import Start
from ingest.gateway.folder import watcher as folder
from ingest.gateway.http import door as http
from ingest.gateway.mllp import listener as mllp

DOORS: Mapping[str, Start] = {
    "mllp": mllp.start,
    "dicom": dicom.start,
    "http": http.start,
    "folder": folder.start,
}
