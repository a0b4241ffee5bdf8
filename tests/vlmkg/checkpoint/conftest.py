"""One tiny random checkpoint a module, and copies of it to damage."""

import shutil

import pytest

from vlmkg.checkpoint import tiny


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A tiny random checkpoint that reads films, not promoted. Not to be changed."""
    return tiny.make(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture
def copy(whole, tmp_path):
    """A copy of its folder."""
    return shutil.copytree(whole.folder, tmp_path / "copy")
