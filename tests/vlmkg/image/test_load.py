"""Films from files: every value against the standard's formula, every broken file a typed error."""

import io
import struct
import tracemalloc
import warnings

import gdcm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from tests.ingest.formats import dicom_files
from tests.vlmkg.dicom_films import COLUMNS, RAMP, ROWS, film, transcoded, without_file_meta, written
from vlmkg.image import grey as grey_values
from vlmkg.image import load
from vlmkg.image.codestream import sniff
from vlmkg.image.grey import ImageError
from vlmkg.image.levels import Window
from vlmkg.image.load import read_film

STRETCHED = RAMP / RAMP.max()


def saved(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def refused(content):
    with pytest.raises(ImageError) as caught:
        read_film(content)
    return caught.value.reason


def close(content, expected, atol=1e-6):
    grey = read_film(content).grey
    assert grey.dtype == np.float32
    np.testing.assert_allclose(grey, expected, rtol=0, atol=atol)


def test_a_film_without_a_window_runs_from_its_least_to_its_greatest_value():
    close(written(film()), STRETCHED)


def test_monochrome1_is_turned_round():
    close(written(film(polarity="MONOCHROME1")), 1 - STRETCHED)


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (None, lambda x: (x - (2000 - 0.5)) / (1000 - 1) + 0.5),
        ("LINEAR_EXACT", lambda x: (x - 2000) / 1000 + 0.5),
        ("SIGMOID", lambda x: 1 / (1 + np.exp(-4 * (x - 2000) / 1000))),
    ],
)
def test_the_first_window_is_applied_after_the_rescale(function, formula):
    fields = {"VOILUTFunction": function} if function else {}
    content = written(
        film(WindowCenter=["2000", "1"], WindowWidth=["1000", "5"], RescaleSlope="2", RescaleIntercept="-100", **fields)
    )
    close(content, formula(RAMP * 2.0 - 100).clip(0, 1))


def test_a_voi_lut_comes_before_the_window():
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 12]
    shown = (np.arange(4096) ** 2 // 4095).astype(np.uint16)
    table.LUTData = shown.tobytes()
    content = written(film(VOILUTSequence=Sequence([table]), WindowCenter="1", WindowWidth="2"))
    close(content, shown[RAMP] / 4095)


def test_padding_is_black_in_either_polarity_and_stretches_nothing():
    pixels = np.where(RAMP == 0, 4095, RAMP).astype(np.uint16)
    exposed = pixels[pixels != 4095]
    stretched = (pixels - exposed.min()) / (exposed.max() - exposed.min())
    for polarity, expected in (("MONOCHROME2", stretched), ("MONOCHROME1", 1 - stretched)):
        close(written(film(pixels, polarity=polarity, PixelPaddingValue=4095)), np.where(pixels == 4095, 0, expected))


def test_signed_and_sixteen_bit_values_keep_their_depth():
    signed = RAMP.astype(np.int16) - 2000
    close(written(film(signed, bits=16)), STRETCHED)
    deep = np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(ROWS, COLUMNS) + 30_000
    assert len(np.unique(read_film(written(film(deep, bits=16))).grey)) == deep.size


def test_colour_becomes_luminance():
    colours = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    colours[..., 0] = 255
    close(written(film(colours, bits=8, polarity="RGB")), np.full((ROWS, COLUMNS), 0.299))
    close(saved(Image.fromarray(colours), "PNG"), np.full((ROWS, COLUMNS), 0.299))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_every_plain_syntax_reads_the_same(syntax):
    dataset = film()
    if syntax is ExplicitVRBigEndian:
        dataset.PixelData = RAMP.astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = syntax
    close(written(dataset, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian), STRETCHED)


LOSSLESS = {
    "JPEG lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "JPEG-LS": gdcm.TransferSyntax.JPEGLSLossless,
    "JPEG 2000": gdcm.TransferSyntax.JPEG2000Lossless,
    "RLE": gdcm.TransferSyntax.RLELossless,
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_every_lossless_syntax_reads_the_same(name, tmp_path):
    close(transcoded(written(film()), LOSSLESS[name], tmp_path), STRETCHED)


def test_jpeg_baseline_reads_nearly_the_same():
    grey = np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (64, 1))
    dataset = film(grey, bits=8)
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate([saved(Image.fromarray(grey), "JPEG", quality=98)])
    close(written(dataset), grey / 255, atol=0.02)


@pytest.mark.parametrize("implicit", [True, False])
def test_a_file_without_file_meta_is_read(implicit):
    dataset = film()
    if implicit:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    close(without_file_meta(written(dataset)), STRETCHED)


@pytest.mark.parametrize("name", ["JPEG lossless", "JPEG-LS", "JPEG 2000"])
def test_a_compressed_film_without_file_meta_says_itself_how(name, tmp_path):
    close(without_file_meta(transcoded(written(film()), LOSSLESS[name], tmp_path)), STRETCHED)


def test_a_compressed_film_that_says_nothing_of_its_codec_is_refused(tmp_path):
    assert refused(without_file_meta(transcoded(written(film()), LOSSLESS["RLE"], tmp_path))) == "unsupported_encoding"


def test_frames_say_their_size(tmp_path):
    for name in ("JPEG lossless", "JPEG-LS", "JPEG 2000"):
        content = transcoded(written(film()), LOSSLESS[name], tmp_path)
        at = max(content.find(b"\xff\xd8\xff"), content.find(b"\xff\x4f\xff\x51"))
        assert sniff(content[at:])[1:] == (ROWS, COLUMNS)
    assert sniff(b"") is sniff(b"\xff\xd8\xff") is sniff(b"\xff\x4f\xff\x51") is None


@pytest.mark.parametrize(("mode", "form"), [("L", "PNG"), ("L", "JPEG"), ("LA", "PNG"), ("1", "PNG")])
def test_eight_bits_keep_their_own_white(mode, form):
    picture = Image.new("L", (12, 10), 51 if mode != "1" else 255).convert(mode)
    close(saved(picture, form), np.full((10, 12), 0.2 if mode != "1" else 1.0), atol=0.005)


def test_sixteen_bits_of_png_run_from_the_least_to_the_greatest_value():
    close(saved(Image.fromarray(RAMP), "PNG"), STRETCHED)


def test_a_flat_film_is_black():
    assert not read_film(written(film(np.full((8, 8), 7, np.uint16)))).grey.any()


def test_what_is_no_film_is_refused_by_reason():
    report = film(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")
    del report.PixelData
    moving = film(np.concatenate([RAMP, RAMP]), Rows=ROWS, NumberOfFrames=2)
    palette = film(polarity="PALETTE COLOR")
    short = film()
    short.PixelData = short.PixelData[:100]
    named = {
        "unreadable": [b"", b"x" * 3000, written(short), saved(Image.new("L", (9, 9)), "PNG")[:40]],
        "no_pixels": [written(report), written(film(Rows=0))],
        "many_frames": [written(moving)],
        "unsupported_encoding": [written(palette)],
    }
    for reason, contents in named.items():
        assert [refused(content) for content in contents] == [reason] * len(contents)


def test_a_syntax_that_nobody_decodes_is_refused():
    dataset = film()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG2
    dataset.PixelData = encapsulate([b"\x00" * 64])
    assert refused(written(dataset)) == "unsupported_encoding"


@pytest.mark.parametrize("word", [b"nan ", b"inf "])
@pytest.mark.parametrize("field", ["RescaleSlope", "WindowCenter"])
def test_numbers_that_are_none_never_become_grey(word, field):
    fields = {"WindowCenter": "2000", "WindowWidth": "1000", "RescaleSlope": "1", "RescaleIntercept": "0"}
    content = written(film(**{**fields, field: "7777"})).replace(b"7777", word)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        grey, message = outcome(content)
    assert message or np.isfinite(grey).all()


def test_large_films_are_refused_before_they_are_unpacked(monkeypatch):
    monkeypatch.setattr(grey_values, "MAX_PIXELS", ROWS * COLUMNS)
    read_film(written(film()))  # at the limit
    monkeypatch.setattr(grey_values, "MAX_PIXELS", ROWS * COLUMNS - 1)
    assert refused(written(film())) == "too_large"
    assert refused(saved(Image.new("L", (COLUMNS, ROWS)), "PNG")) == "too_large"
    monkeypatch.setattr(load, "MAX_BYTES", 99)
    assert refused(b"x" * 100) == "too_large"


def test_a_small_file_that_holds_a_huge_picture_is_refused_at_once():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    png = saved(Image.new("L", (1, 1)), "PNG")
    start = png.index(b"IHDR") + 4
    import zlib

    crc = struct.pack(">I", zlib.crc32(b"IHDR" + header))
    assert refused(png[:start] + header + crc + png[start + 17 :]) == "too_large"


def test_a_frame_larger_than_its_data_set_says_is_refused(monkeypatch, tmp_path):
    content = transcoded(written(film()), LOSSLESS["JPEG 2000"], tmp_path)
    at = content.index(b"\xff\x4f\xff\x51") + 8
    huge = content[:at] + struct.pack(">II", 60_000, 60_000) + content[at + 8 :]
    assert refused(huge) == "too_large"


@pytest.mark.parametrize("columns", [1, 3, 5])
def test_pixels_beyond_rows_and_columns_are_no_film(columns):
    """The decoder takes them for frames: 3 columns of several frames would be shown as one film in colours."""
    fields = {"Rows": 4, "Columns": columns, "WindowCenter": "9", "WindowWidth": "5"}
    content = dicom_files.part10(dicom_files.film(pixels=bytes(2 * 4 * columns * 6), **fields))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ImageError, match="more pixels"):
            read_film(content)


SEEDS = [
    written(film(polarity="MONOCHROME1", WindowCenter="9", WindowWidth="8")),
    without_file_meta(written(film())),
    saved(Image.fromarray(RAMP), "PNG"),
    saved(Image.new("L", (30, 30), 9), "JPEG"),
]


@settings(max_examples=80)
@given(st.sampled_from(SEEDS), st.data())
def test_a_damaged_file_is_a_film_or_an_image_error_and_nothing_else(seed, data):
    content = bytearray(seed[: data.draw(st.integers(0, len(seed)))] if data.draw(st.booleans()) else seed)
    for _ in range(data.draw(st.integers(0, 6))):
        if content:
            content[data.draw(st.integers(0, min(len(content) - 1, 700)))] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        grey, message = outcome(bytes(content))
    assert "2.25.77" not in message
    assert grey.ndim == 2
    assert np.isfinite(grey).all()
    assert 0 <= grey.min() <= grey.max() <= 1


def outcome(content):
    """The grey of a film, or a black pixel and the message of the error."""
    try:
        return read_film(content).grey, ""
    except ImageError as error:
        return np.zeros((1, 1)), str(error)


def test_a_large_film_takes_little_more_memory_than_its_pixels() -> None:
    """A sender can pack 50 million pixels into 1.5 MB, and whoever opens the film needs memory for them."""
    side = 3000
    large = dicom_files.film(pixels=bytes(2 * side * side), Rows=side, Columns=side, WindowCenter="9", WindowWidth="5")
    content = dicom_files.part10(large)
    tracemalloc.start()
    read_film(content)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 16 * side * side


def test_a_window_that_is_asked_for_shows_what_the_films_own_one_cuts_off():
    narrow = film()
    narrow.WindowCenter, narrow.WindowWidth = 10, 4
    content = written(narrow)
    own = read_film(content)
    assert (own.levels.least, own.levels.greatest) == (RAMP.min(), RAMP.max())
    assert own.levels.window == Window(10, 4)
    assert len(np.unique(own.grey)) < len(np.unique(RAMP))
    least, greatest = own.levels.least, own.levels.greatest
    whole = read_film(content, Window((least + greatest) / 2, greatest - least))
    np.testing.assert_allclose(whole.grey, (RAMP - least) / (greatest - least), atol=1e-6)
    high = read_film(content, Window(greatest, 2))
    np.testing.assert_allclose(high.grey, ((RAMP - greatest) / 2 + 0.5).clip(0, 1), atol=1e-6)


def test_a_window_is_turned_round_with_the_film():
    content = written(film(polarity="MONOCHROME1"))
    window = Window(float(RAMP.mean()), float(RAMP.max()) / 2)
    plain = read_film(written(film()), window)
    turned = read_film(content, window)
    assert (plain.levels.inverted, turned.levels.inverted) == (False, True)
    np.testing.assert_allclose(turned.grey, 1 - plain.grey, atol=1e-6)


def test_a_film_without_a_window_says_that_it_is_shown_whole():
    least, greatest = float(RAMP.min()), float(RAMP.max())
    assert read_film(written(film())).levels.window == Window((least + greatest) / 2, greatest - least)


def test_a_picture_has_no_levels_and_no_window():
    content = saved(Image.fromarray(RAMP.astype(np.uint8)), "PNG")
    assert read_film(content, Window(1, 1)).levels is None
    np.testing.assert_array_equal(read_film(content, Window(1, 1)).grey, read_film(content).grey)
