"""The DICOM part of benchmarks.intake."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from ingest.formats.dicom.sop_classes import IMAGES

ASSOCIATIONS = (1, 4)
SIDE = 512
"""Pixels; 16 bits each: half a megabyte a film."""
ROUNDS = 3


def compare_dicom(folder: Path, number: int) -> None:
    """Print the rates of all receivers, the best of ROUNDS, alternately so that other load affects all."""
    if shutil.which("storescu") is None:
        sys.exit("storescu is missing: apt-get install dcmtk")
    receivers = {"bare pynetdicom with fsync": bare, "gateway": gateway}
    if shutil.which("Orthanc"):
        receivers["Orthanc, as installed"] = orthanc
    for associations in ASSOCIATIONS:
        rates = dict.fromkeys(receivers, 0.0)
        for turn in range(ROUNDS):
            for name, receiver in receivers.items():
                warm, films = (write_films(folder / part, number, associations) for part in ("warm", "films"))
                with receiver(folder / f"{name[:4]}-{associations}-{turn}") as port:
                    send(warm, port, number)
                    rates[name] = max(rates[name], send(films, port, number))
                shutil.rmtree(warm)
                shutil.rmtree(films)
        limit = rates["bare pynetdicom with fsync"]
        for name, rate in rates.items():
            print(f"{name:28} {associations} associations {rate:7.0f} images/s {rate / limit:6.2f} of bare")


def write_films(folder: Path, number: int, folders: int) -> Path:
    """Synthetic films of noise, all different, in this number of folders."""
    noise = np.random.default_rng(number)
    for index in range(number):
        place = folder / str(index % folders)
        place.mkdir(parents=True, exist_ok=True)
        film = _film(f"1.2.{time.time_ns()}.{index}", noise.integers(0, 4096, (SIDE, SIDE), np.uint16).tobytes())
        dcmwrite(place / f"{index}.dcm", film, enforce_file_format=True)
    return folder


def _film(uid: str, pixels: bytes) -> Dataset:
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID, film.SOPInstanceUID = next(iter(IMAGES)), uid
    film.StudyInstanceUID, film.SeriesInstanceUID = f"{uid}.1", f"{uid}.2"
    film.PatientID, film.PatientName, film.Modality = f"synthetic {uid}", "Synthetic^Film", "CR"
    film.Rows = film.Columns = SIDE
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
    film.PixelData = pixels
    return film


def send(folder: Path, port: int, number: int) -> float:
    """Images a second, by one storescu a folder, each over one association. It sends with TCP_NODELAY."""
    commands = [
        ["storescu", "-aet", "BENCH", "-aec", "ANY", "-R", "-pdu", "131072", "127.0.0.1", str(port), "+sd", str(place)]
        for place in sorted(folder.iterdir())
    ]
    started = time.perf_counter()
    senders = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for command in commands]
    for sender in senders:
        said, _ = sender.communicate()
        if sender.returncode:
            sys.exit(said.decode(errors="replace"))
    return number / (time.perf_counter() - started)


@contextmanager
def bare(folder: Path) -> Iterator[int]:
    """benchmarks.bare_dicom in a process of its own."""
    folder.mkdir()
    with _running([sys.executable, "-m", "benchmarks.bare_dicom", "{port}", str(folder)], {}) as port:
        yield port


@contextmanager
def gateway(folder: Path) -> Iterator[int]:
    """Real `vlmkg gateway` with its DICOM door, on an empty data folder."""
    command = [str(Path(sys.executable).with_name("vlmkg")), "gateway", "--data", str(folder)]
    with _running(command, {"VLMKG_GATEWAY_DOORS": "dicom", "VLMKG_DICOM_PORT": "{port}"}) as port:
        yield port


@contextmanager
def orthanc(folder: Path) -> Iterator[int]:
    """Orthanc with its defaults, which do not wait for the disk."""
    folder.mkdir()
    settings = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "HttpServerEnabled": False,
        "DicomCheckCalledAet": False,
        "Plugins": [],
    }
    port = _free_port()
    file = folder / "orthanc.json"
    file.write_text(json.dumps(settings | {"DicomPort": port}))
    with _running(["Orthanc", str(file)], {}, port) as taken:
        yield taken


@contextmanager
def _running(command: list[str], variables: dict[str, str], port: int | None = None) -> Iterator[int]:
    """A server that listens at a free port, until the block ends."""
    port = port or _free_port()
    filled = [part.format(port=port) for part in command]
    environment = os.environ | {name: value.format(port=port) for name, value in variables.items()}
    process = subprocess.Popen(filled, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
