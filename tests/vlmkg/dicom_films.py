"""Synthetic DICOM films: a small ramp of known values, in any syntax and polarity."""

import io

import gdcm
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

ROWS, COLUMNS = 24, 20
RAMP = (np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(ROWS, COLUMNS) * 8) % 4096


def film(pixels=RAMP, bits=12, polarity="MONOCHROME2", **fields):
    """An uncompressed data set in Explicit VR Little Endian."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.77"
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = polarity
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    for name, value in fields.items():
        setattr(dataset, name, value)
    return dataset


def written(dataset, **options):
    """The file's bytes."""
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True, **options)
    return file.getvalue()


def without_file_meta(content):
    """The data set alone, as it lies in a C-STORE message: neither preamble nor group 2."""
    length = int.from_bytes(content[140:144], "little")
    return content[144 + length :]


def transcoded(content, syntax, folder):
    """The same film compressed by GDCM."""
    source, target = folder / "plain.dcm", folder / "packed.dcm"
    source.write_bytes(content)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return target.read_bytes()
