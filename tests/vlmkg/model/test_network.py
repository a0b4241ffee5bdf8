"""The network against a brute-force twin: one study at a time, unpadded, position by position, through plain calls."""

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, Qwen2Config, Qwen2ForCausalLM

from vlmkg.model.config import ModelConfig
from vlmkg.model.network import IGNORED, VlmKg
from vlmkg.model.projector import build_projector
from vlmkg.model.vision.encoder import encode
from vlmkg.model.vision.store import build_encoder

N, D, VOCABULARY = 3, 16, 41
FILMS = (0, 2, 1)
PROMPTS = ([5, 6, 7], [8, 9], [10, 11, 12, 13])
TARGETS = ([20, 21, 22, 1], [23, 1], [24, 25, 1])


def qwen():
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=D,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
    )
    return Qwen2ForCausalLM(config)


def gpt2():
    return GPT2LMHeadModel(GPT2Config(vocab_size=VOCABULARY, n_embd=D, n_layer=2, n_head=4, n_positions=64))


@pytest.fixture(scope="module", params=[qwen, gpt2])
def network(request):
    torch.manual_seed(3)
    projector = build_projector(ModelConfig(feature_size=6, prefix_length=N, clip_length=2, layers=2, heads=4), D)
    return VlmKg(request.param(), projector).double().eval()


@pytest.fixture(scope="module")
def features():
    return torch.randn(3, 2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


def batch(left):
    """The studies padded on one side: ids, labels, mask."""
    width = max(len(p) + len(t) for p, t in zip(PROMPTS, TARGETS, strict=True))
    rows = []
    for prompt, target in zip(PROMPTS, TARGETS, strict=True):
        padding = [0] * (width - len(prompt) - len(target))
        ids, labels = [*prompt, *target], [IGNORED] * len(prompt) + target
        ignored, mask = [IGNORED] * len(padding), [1] * len(ids)
        parts = (padding, ids), (ignored, labels), (padding, mask)
        rows.append([[*a, *b] if left else [*b, *a] for a, b in parts])
    return [torch.tensor(column) for column in zip(*rows, strict=True)]


def alone(network, features, study):
    """Logits (S, V) of one study without padding: its films' prefixes, then its prompt, then its target."""
    table = network.language_model.get_input_embeddings().weight
    prefixes = [network.projector(features[study, film][None])[0] for film in range(FILMS[study])]
    embeddings = torch.cat([*prefixes, table[PROMPTS[study] + TARGETS[study]]])
    return network.language_model(inputs_embeds=embeddings[None]).logits[0]


def brute_force_loss(network, features):
    """The mean over all targets of -log of the softmax, taken at the position before each."""
    terms = []
    for study, (prompt, target) in enumerate(zip(PROMPTS, TARGETS, strict=True)):
        logits = alone(network, features, study)
        start = FILMS[study] * N + len(prompt)
        for offset, token in enumerate(target):
            scores = logits[start + offset - 1]
            terms.append(torch.log(torch.exp(scores).sum()) - scores[token])
    return sum(terms) / len(terms)


@pytest.mark.parametrize("left", [True, False])
def test_the_loss_of_a_padded_batch_is_that_of_its_studies_alone(network, features, left):
    ids, labels, mask = batch(left)
    loss = network.loss(ids, labels, mask, features, torch.tensor(FILMS))
    expected = brute_force_loss(network, features)
    torch.testing.assert_close(loss.double(), expected, rtol=0, atol=1e-6)  # the loss is in single precision


def test_the_order_is_films_then_prompt_then_target_and_padding_moves_no_position(network, features):
    ids, _, mask = batch(left=True)
    read = network.sequence(ids, mask, features, torch.tensor(FILMS))
    table = network.language_model.get_input_embeddings().weight
    assert read.embeddings.shape == (3, 2 * N + ids.shape[1], D)
    for study, (prompt, target) in enumerate(zip(PROMPTS, TARGETS, strict=True)):
        standing = read.mask[study].bool()
        prefixes = [network.projector(features[study, film][None])[0] for film in range(FILMS[study])]
        expected = torch.cat([*prefixes, table[prompt + target]])
        torch.testing.assert_close(read.embeddings[study][standing], expected, rtol=0, atol=1e-12)
        assert read.positions[study][standing].tolist() == list(range(len(expected)))


def test_every_logit_of_the_batch_is_that_of_the_study_alone(network, features):
    ids, _, mask = batch(left=True)
    read = network.sequence(ids, mask, features, torch.tensor(FILMS))
    logits = network.logits(read)
    for study in range(3):
        mine = logits[study][read.mask[study].bool()]
        torch.testing.assert_close(mine, alone(network, features, study), rtol=0, atol=1e-10)


def test_what_stands_behind_the_last_film_is_not_read(network, features):
    ids, labels, mask = batch(left=True)
    changed = features.clone()
    changed[0], changed[2, 1] = 1e6, float("nan")
    losses = [network.loss(ids, labels, mask, one, torch.tensor(FILMS)) for one in (features, changed)]
    assert torch.equal(*losses)


def test_the_order_of_films_is_kept_and_each_has_its_own_prefix(network, features):
    prefix, mask = network.prefix(features, torch.tensor(FILMS))
    assert mask.tolist() == [[0] * 6, [1] * 6, [1, 1, 1, 0, 0, 0]]
    swapped, _ = network.prefix(features.flip(1), torch.tensor(FILMS))
    torch.testing.assert_close(prefix[1], swapped[1].roll(N, 0), rtol=0, atol=1e-12)


def test_without_films_the_report_alone_is_read(network, features):
    ids, labels, mask = batch(left=True)
    nothing = network.loss(ids, labels, mask)
    assert torch.equal(nothing, network.loss(ids, labels, mask, features[:, :0], torch.tensor([0, 0, 0])))
    torch.testing.assert_close(
        nothing, network.loss(ids, labels, mask, features, torch.tensor([0, 0, 0])), rtol=0, atol=1e-6
    )
    assert VlmKg(network.language_model, None).loss(ids, labels, mask) == nothing
    with pytest.raises(ValueError, match="reads no films"):
        VlmKg(network.language_model, None).loss(ids, labels, mask, features, torch.tensor(FILMS))


def test_gradients_reach_the_projector_and_the_language_model_and_never_the_encoder(network):
    encoder = build_encoder("small", {"feature_size": 6})
    seen = encode(encoder, torch.randn(6, 1, 128, 128)).view(3, 2, 6)
    ids, labels, mask = batch(left=True)
    network.zero_grad()
    network.loss(ids, labels, mask, seen, torch.tensor(FILMS)).backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.projector.parameters())
    assert network.language_model.get_input_embeddings().weight.grad.abs().sum() > 0
    weights = list(encoder.module.parameters())
    assert weights
    assert all(weight.grad is None for weight in weights)


def test_labels_of_the_prompt_and_of_padding_do_not_count(network, features):
    ids, labels, mask = batch(left=True)
    with_prompt = torch.where(mask.bool(), ids, IGNORED)
    with_prompt[:, 0] = IGNORED
    counts = torch.tensor(FILMS)
    assert network.loss(ids, with_prompt, mask, features, counts) != network.loss(ids, labels, mask, features, counts)
