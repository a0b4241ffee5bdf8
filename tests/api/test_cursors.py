import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import cursors
from api.cursors import Listed
from api.errors import ApiError


@given(st.sampled_from(Listed), st.text(min_size=1))
def test_a_cursor_gives_its_key_back(listed: Listed, key: str) -> None:
    key = key.encode("utf-8", "replace").decode()
    cursor = cursors.encode(listed, key)
    assert cursors.decode(listed, cursor) == key
    assert cursor.isascii()


def test_no_cursor_is_the_beginning() -> None:
    assert cursors.decode(Listed.FINDINGS, None) == ""


@given(st.data())
def test_a_changed_cursor_is_refused(data: st.DataObject) -> None:
    raw = bytearray(
        base64.urlsafe_b64decode(cursors.encode(Listed.FINDINGS, "2024-01-01T08:00:00.000000Z/abcdef") + "==")
    )
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ApiError, match="not a cursor"):
        cursors.decode(Listed.FINDINGS, base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="))


@pytest.mark.parametrize("cursor", ["", "x", "=", "a b", "ä", "MQ", "%", "A" * 10_000])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ApiError) as caught:
        cursors.decode(Listed.FINDINGS, cursor)
    assert caught.value.code == "BAD_CURSOR"


def test_a_cursor_fits_its_own_list_alone() -> None:
    cursor = cursors.encode(Listed.FINDINGS, "key")
    for other in set(Listed) - {Listed.FINDINGS}:
        with pytest.raises(ApiError):
            cursors.decode(other, cursor)
