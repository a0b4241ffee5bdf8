"""What is used of transformers that it calls private, all of it here: its own attention is replaced while decoding.

`tests/vlmkg/model/test_transformers_parts.py` names what is relied on. pyproject.toml bounds the version: raise the
bound when that test has passed with the newer one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel


def takes_other_attention(language_model: PreTrainedModel) -> bool:
    """Whether the model attends by the function that its config names."""
    supported: bool = language_model._supports_attention_backend
    return supported


@contextmanager
def attending_by(language_model: PreTrainedModel, name: str) -> Iterator[None]:
    """Let the model attend by the function that is registered as `name`, as long as the block runs."""
    config = language_model.config
    before = config._attn_implementation
    config._attn_implementation = name
    try:
        yield
    finally:
        config._attn_implementation = before
