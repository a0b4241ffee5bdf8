"""What decoding relies on in transformers beside what it documents. Read this when its version is raised."""

import pytest
import torch
from transformers import AttentionInterface, PreTrainedModel, Qwen2Config, Qwen2ForCausalLM

from vlmkg.model.transformers_parts import attending_by, takes_other_attention


@pytest.fixture
def language_model():
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=20, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1,
    )  # fmt: skip
    return Qwen2ForCausalLM(config).eval()


def test_a_model_says_whether_its_attention_can_be_replaced(language_model):
    assert "_supports_attention_backend" in dir(PreTrainedModel)
    assert takes_other_attention(language_model) is True
    assert takes_other_attention(PreTrainedModel) is False


def test_the_attention_that_the_config_names_is_called_and_the_old_one_comes_back(language_model):
    before, calls = language_model.config._attn_implementation, []

    def counted(module, query, key, value, mask, **named):
        calls.append(type(module).__name__)
        return torch.zeros(query.shape).transpose(1, 2), None

    AttentionInterface.register("counted_for_a_test", counted)
    with attending_by(language_model, "counted_for_a_test"):
        language_model(input_ids=torch.tensor([[1, 2]]))
    assert calls == ["Qwen2Attention"]
    assert language_model.config._attn_implementation == before
    language_model(input_ids=torch.tensor([[1, 2]]))
    assert len(calls) == 1
    with pytest.raises(IndexError), attending_by(language_model, "counted_for_a_test"):
        language_model(input_ids=torch.tensor([[99]]))
    assert language_model.config._attn_implementation == before
