from copy import deepcopy

import pytest
import torch
from torch import nn

from training.stages.config import OptimizerName, StageConfig
from training.stages.optimizer import MATRIX_RATE, Muon, optimizers, orthogonal


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 8, 20), (2, 20, 8)])
def test_orthogonal_brings_singular_values_near_to_one_and_keeps_vectors(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonal(matrices)
    left, values, right = torch.linalg.svd(matrices, full_matrices=False)
    found_values = torch.linalg.svdvals(found)
    assert found.shape == matrices.shape
    assert float(found_values.max()) < 1.3
    # The least singular value of a square random matrix may still be on its way up.
    assert float(found_values.median()) > 0.6
    turned = left.mT @ found @ right.mT
    assert float((turned - torch.diag_embed(turned.diagonal(dim1=1, dim2=2))).abs().max()) < 1e-3
    assert values.shape == found_values.shape


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(7, 8), nn.Linear(8, 16), nn.LayerNorm(16), nn.Linear(16, 7, bias=False))


def test_muon_takes_the_matrices_of_layers_and_adamw_what_is_left():
    network = _network()
    network[3].weight = nn.Parameter(torch.randn(7, 16))
    rest, muon = optimizers(network, StageConfig(steps=1, optimizer=OptimizerName.MUON))
    assert isinstance(muon, Muon)
    assert {id(one) for one in muon.param_groups[0]["params"]} == {id(network[1].weight), id(network[3].weight)}
    assert len(rest.param_groups[0]["params"]) == 4
    assert (rest.param_groups[0]["share"], muon.param_groups[0]["share"]) == (1.0, MATRIX_RATE)


def test_a_tied_output_is_an_embedding():
    network = nn.Sequential(nn.Embedding(7, 8), nn.Linear(8, 7, bias=False))
    network[1].weight = network[0].weight
    (rest,) = optimizers(network, StageConfig(steps=1, optimizer=OptimizerName.MUON))
    assert len(rest.param_groups[0]["params"]) == 1


def test_frozen_weights_stay():
    network = _network()
    network[1].weight.requires_grad_(False)
    before = network[1].weight.clone()
    for optimizer in optimizers(network, StageConfig(steps=1, optimizer=OptimizerName.MUON)):
        network(torch.arange(7)).square().sum().backward()
        optimizer.step()
    assert torch.equal(network[1].weight, before)


def test_muon_lowers_a_loss_faster_than_the_weights_shrink():
    network = _network()
    moving = optimizers(network, StageConfig(steps=1, optimizer=OptimizerName.MUON, learning_rate=0.002))
    losses = []
    for _ in range(60):
        loss = nn.functional.cross_entropy(network(torch.arange(7)), torch.arange(7))
        loss.backward()
        losses.append(float(loss.detach()))
        for optimizer in moving:
            optimizer.step()
            optimizer.zero_grad()
    assert losses[-1] < 0.2 * losses[0]


def test_muon_goes_on_from_its_state():
    first, second = _network(), _network()
    moving = optimizers(first, StageConfig(steps=1, optimizer=OptimizerName.MUON))
    for step in range(4):
        if step == 2:
            second.load_state_dict(first.state_dict())
            again = optimizers(second, StageConfig(steps=1, optimizer=OptimizerName.MUON))
            for old, new in zip(moving, again, strict=True):
                new.load_state_dict(deepcopy(old.state_dict()))
        for network, chosen in ((first, moving), *(((second, again),) if step > 1 else ())):
            network.zero_grad()
            network(torch.arange(7)).square().mean().backward()
            for optimizer in chosen:
                optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
