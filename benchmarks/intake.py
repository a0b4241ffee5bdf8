"""Messages and films that the gateway acknowledges per second, compared with bare receivers in the same run.

    python -m benchmarks.intake mllp [--messages 4000] [--folder DIR]
    python -m benchmarks.intake dicom [--films 400] [--folder DIR]

`mllp`: real `vlmkg gateway` against a bare MLLP server that does the least that could be called safe: SQLite (WAL,
synchronous=FULL) with group commit, no parsing, no blobs, no identities. Sender and receiver are a process each, one
message outstanding on each socket, TCP_NODELAY at both ends. Then the gateway's delays at half of its top rate.

`dicom`: dcmtk's storescu to real `vlmkg gateway`, to a bare pynetdicom receiver that writes files and fsyncs them, and
to Orthanc where it is installed (which does not wait for the disk): synthetic films of 512 x 512 pixels, after as many
to warm up with.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.intake_dicom import compare_dicom
from benchmarks.intake_mllp import compare_mllp


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["mllp", "dicom"])
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--films", type=int, default=400)
    parser.add_argument("--folder", type=Path, help="below which everything is written: see that it is on a disk")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        if arguments.what == "mllp":
            compare_mllp(Path(folder), arguments.messages)
        else:
            compare_dicom(Path(folder), arguments.films)


if __name__ == "__main__":
    main()
