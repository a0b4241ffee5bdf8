"""The check that the config.json of a model names nothing that would be fetched or run.

The library follows such names while it loads a model: code beside the weights, kernels of a hub, quantisers of other
packages. A checkpoint is weights and numbers only.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vlmkg.checkpoint.errors import CheckpointError

_LEAD_ELSEWHERE = frozenset({"auto_map", "custom_pipelines", "quantization_config"})


def require_plain_config(folder: Path) -> None:
    """Raise CheckpointError (`bad_weights`) unless the folder's config.json is a JSON object that names no code."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError("bad_weights", folder, f"config.json cannot be read: {type(error).__name__}") from error
    if not isinstance(config, dict):
        raise CheckpointError("bad_weights", folder, "config.json is not a JSON object")
    for name, value in _entries(config):
        # An implementation of attention with a slash is a repository of kernels.
        repository = "implementation" in name and "/" in str(value)
        if (name in _LEAD_ELSEWHERE and value) or repository:
            raise CheckpointError("bad_weights", folder, f"config.json has {name}, which names code outside of it")


def _entries(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        yield name, value
        if isinstance(value, dict):
            yield from _entries(value)
