"""Stores objects by dicomweb-client: ADDRESS KEY FILE... One line a step: a tab, stored and failed."""

import sys

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient

session = requests.Session()
session.trust_env = False
session.headers["Authorization"] = f"Bearer {sys.argv[2]}"
client = DICOMwebClient(url=sys.argv[1], session=session)
datasets = [pydicom.dcmread(path) for path in sys.argv[3:]]


def say(step: str, answer: pydicom.Dataset) -> None:
    """Print a step: how many were stored, and why others were not."""
    stored = len(answer.get("ReferencedSOPSequence", []))
    failed = [f"{item.FailureReason:04X}" for item in answer.get("FailedSOPSequence", [])]
    print(step, f"{stored} {','.join(failed)}".strip(), sep="\t")


say("store", client.store_instances(datasets))
say("resend", client.store_instances(datasets))
bad = pydicom.dcmread(sys.argv[3])
bad.SOPClassUID = bad.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66"
bad.SOPInstanceUID = bad.file_meta.MediaStorageSOPInstanceUID = f"{bad.SOPInstanceUID}.9"
try:
    say("raw data", client.store_instances([bad]))
except requests.HTTPError as error:
    print("raw data", error.response.status_code, sep="\t")
