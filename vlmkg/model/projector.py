"""From an image vector to a prefix in the language model's space.

The transformer is ClipCap's mapper (Mokady et al., arXiv 2111.09734), which VLM-KG uses: no positional embedding,
pre-LN, MLP ratio 2, ReLU, no bias on queries, keys and values. Shapes: B films, F numbers in an image vector, K clip
tokens, N prefix embeddings, D width of the language model, S = K + N, H heads.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vlmkg.errors import RefusedError
from vlmkg.model.config import ModelConfig, Projector

_MLP_RATIO = 2


class Attention(nn.Module):
    """Every token attends to every token. `dim` is D."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.queries = nn.Linear(dim, dim, bias=False)
        self.keys_values = nn.Linear(dim, 2 * dim, bias=False)
        self.output = nn.Linear(dim, dim)

    def forward(self, x_BSD: Tensor) -> Tensor:
        """(B, S, D) -> (B, S, D)."""
        batch, length, dim = x_BSD.shape
        q, k, v = (
            part.view(batch, length, self.heads, dim // self.heads).transpose(1, 2)
            for part in (self.queries(x_BSD), *self.keys_values(x_BSD).chunk(2, dim=-1))
        )
        mixed_BHSE = functional.scaled_dot_product_attention(q, k, v)
        mixed_BSD: Tensor = self.output(mixed_BHSE.transpose(1, 2).reshape(batch, length, dim))
        return mixed_BSD


class Layer(nn.Module):
    """One layer: attention and MLP, each with pre-norm and residual."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attention = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, _MLP_RATIO * dim), nn.ReLU(), nn.Linear(_MLP_RATIO * dim, dim))

    def forward(self, x_BSD: Tensor) -> Tensor:
        """(B, S, D) -> (B, S, D)."""
        x_BSD = x_BSD + self.attention(self.norm1(x_BSD))
        both_BSD: Tensor = x_BSD + self.mlp(self.norm2(x_BSD))
        return both_BSD


class TransformerProjector(nn.Module):
    """K tokens of the image vector and N learned ones through the layers; the last N outputs are the prefix."""

    def __init__(self, config: ModelConfig, hidden_size: int) -> None:
        super().__init__()
        self.clip_length = config.clip_length
        self.clip_tokens = nn.Linear(config.feature_size, config.clip_length * hidden_size)
        self.prefix = nn.Parameter(torch.randn(config.prefix_length, hidden_size))
        self.layers = nn.ModuleList(Layer(hidden_size, config.heads) for _ in range(config.layers))

    def forward(self, features_BF: Tensor) -> Tensor:
        """(B, F) -> (B, N, D)."""
        batch = features_BF.shape[0]
        clip_BKD = self.clip_tokens(features_BF).unflatten(1, (self.clip_length, -1))
        x_BSD = torch.cat((clip_BKD, self.prefix.expand(batch, -1, -1)), dim=1)
        for layer in self.layers:
            x_BSD = layer(x_BSD)
        return x_BSD[:, self.clip_length :]


class MlpProjector(nn.Module):
    """For the ablation: one Linear, or two with Tanh between them as in ClipCap's MLP."""

    def __init__(self, config: ModelConfig, hidden_size: int) -> None:
        super().__init__()
        self.prefix_length = config.prefix_length
        outputs = config.prefix_length * hidden_size
        if config.projector is Projector.LINEAR:
            self.map: nn.Module = nn.Linear(config.feature_size, outputs)
        else:
            inner, outer = nn.Linear(config.feature_size, config.mlp_width), nn.Linear(config.mlp_width, outputs)
            self.map = nn.Sequential(inner, nn.Tanh(), outer)

    def forward(self, features_BF: Tensor) -> Tensor:
        """(B, F) -> (B, N, D)."""
        prefix_BND: Tensor = self.map(features_BF).unflatten(1, (self.prefix_length, -1))
        return prefix_BND


def build_projector(config: ModelConfig, hidden_size: int) -> nn.Module:
    """The projector of this config, (B, F) -> (B, N, D), with fresh weights; `hidden_size` is D.

    Raises RefusedError if the heads do not divide D.
    """
    if config.projector is not Projector.TRANSFORMER:
        return MlpProjector(config, hidden_size)
    if hidden_size % config.heads:
        raise RefusedError(
            f"{config.heads} heads do not divide the language model's width {hidden_size}",
            "change `heads` to a divisor of the width",
        )
    return TransformerProjector(config, hidden_size)
