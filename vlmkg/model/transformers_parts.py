"""The uses of private parts of transformers, in one place: its attention is replaced while decoding.

`tests/vlmkg/model/test_transformers_parts.py` tests these parts. pyproject.toml bounds the version: raise the
bound when that test has passed with the newer one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel


def takes_other_attention(language_model: PreTrainedModel) -> bool:
    """Whether the model uses the attention function that its config names."""
    supported: bool = language_model._supports_attention_backend
    return supported


@contextmanager
def attending_by(language_model: PreTrainedModel, name: str) -> Iterator[None]:
    """Let the model use the attention function registered as `name` during the block."""
    config = language_model.config
    before = config._attn_implementation
    config._attn_implementation = name
    try:
        yield
    finally:
        config._attn_implementation = before
