"""What starts without torch: the command line, and every command that does not read by the model."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from click.testing import CliRunner
from vlmkg.cli import vlmkg
result = CliRunner().invoke(vlmkg, {arguments!r})
assert result.exit_code == 0, result.output
heavy = {{"torch", "transformers", "open_clip", "timm"}} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize("arguments", [["--help"], ["extract", "--help"], ["worker", "--help"], ["api", "--help"]])
def test_no_torch_is_imported_by(arguments):
    script = SCRIPT.format(arguments=arguments)
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=60)
