"""A bidirectional encoder, a tag for each word, and a biaffine score for each pair of mentions.

Similar to DyGIE++ (Wadden et al., 2019), in this size: spans and their labels first, then relations between them,
from one shared encoder. The scorer is Dozat and Manning's (2017).

Shapes: B windows, T pieces, W words, M mentions, D the encoder's width, H the scorer's, L tags, R classes of relations.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from training.tagger.examples import TagBatch
from training.tagger.relations import CLASSES, allowed_table
from training.tagger.tags import LABELS, TAGS
from vlmkg.model.network import IGNORED

SCORER_WIDTH = 128
SCALE = 0.02
"""Standard deviation of the encoder's initial weights, positions included."""


@dataclass(frozen=True, slots=True)
class TaggerConfig:
    """The encoder's sizes, named as for a language model. `mlp_width` is that of a gated MLP with as many weights."""

    vocabulary: int
    positions: int
    hidden_size: int
    layers: int
    heads: int
    mlp_width: int


class Biaffine(nn.Module):
    """Scores of ordered pairs: x U y with a constant joined to both (Dozat and Manning, 2017, eq. 9)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(classes, width + 1, width + 1))

    def forward(self, heads_BMH: Tensor, tails_BMH: Tensor) -> Tensor:
        """(B, M, M, R) scores: of the head in the row and the tail in the column."""
        heads, tails = (functional.pad(one, (0, 1), value=1.0) for one in (heads_BMH, tails_BMH))
        scores: Tensor = torch.einsum("bih,rhk,bjk->bijr", heads, self.weight, tails)
        return scores


class SpanTagger(nn.Module):
    """Encoder, tagger and relation scorer. `forward` returns the loss, as the training loop requires."""

    allowed: Tensor
    """(labels, labels, R): the classes that the schema allows for two mentions."""

    def __init__(self, config: TaggerConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.encoder = BertModel(_encoder_config(config), add_pooling_layer=False)
        positions = self.encoder.embeddings.position_embeddings.weight
        positions.data.copy_(sinusoids(config.positions, width) * SCALE * math.sqrt(2))
        self.tag_head = nn.Linear(width, TAGS)
        self.labels = nn.Embedding(len(LABELS), width)
        self.head_mlp = nn.Linear(3 * width, SCORER_WIDTH)
        self.tail_mlp = nn.Linear(3 * width, SCORER_WIDTH)
        self.scorer = Biaffine(SCORER_WIDTH, CLASSES)
        self.register_buffer("allowed", torch.tensor(allowed_table()), persistent=False)

    def trained(self) -> frozenset[str]:
        """The names of the trained parameters: all except the positions, which are sinusoids."""
        return frozenset(name for name, _ in self.named_parameters() if "position_embeddings" not in name)

    def words(self, pieces_BT: Tensor, word_of_BT: Tensor, own_BT: Tensor, words: int) -> Tensor:
        """(B, W, D): for each word the mean of its pieces' vectors. `word_of_BT` is IGNORED at padding."""
        real_BT = word_of_BT != IGNORED
        hidden = self.encoder(pieces_BT, attention_mask=real_BT.long(), token_type_ids=own_BT).last_hidden_state
        # Each word's row has its pieces' shares: a matrix product is the mean.
        member_BTW = functional.one_hot(word_of_BT.clamp(min=0), words).to(hidden.dtype) * real_BT[..., None]
        share_BTW = member_BTW / member_BTW.sum(1, keepdim=True).clamp(min=1)
        mean_BWD: Tensor = share_BTW.mT @ hidden
        return mean_BWD

    def tag_scores(self, words_BWD: Tensor) -> Tensor:
        """(B, W, L) logarithms of probabilities."""
        return functional.log_softmax(self.tag_head(words_BWD).float(), -1)

    def relation_scores(self, words_BWD: Tensor, spans_BM3: Tensor) -> Tensor:
        """(B, M, M, R) logarithms of probabilities; -inf where the schema forbids the relation.

        `spans_BM3` holds first word, last word and label of each mention.
        """
        firsts, lasts, labels = spans_BM3.unbind(-1)
        ends = [words_BWD.gather(1, at[..., None].expand(-1, -1, words_BWD.shape[-1])) for at in (firsts, lasts)]
        mentions = torch.cat([*ends, self.labels(labels)], -1)
        scores = self.scorer(functional.gelu(self.head_mlp(mentions)), functional.gelu(self.tail_mlp(mentions))).float()
        allowed = self.allowed[labels[:, :, None], labels[:, None, :]]
        return functional.log_softmax(scores.masked_fill(~allowed, -math.inf), -1)

    def forward(self, batch: TagBatch) -> Tensor:
        """The negative log-likelihood per word of the windows' graphs, given the gold mentions' positions."""
        words = self.words(batch.pieces, batch.word_of, batch.own, batch.tags.shape[1])
        tags = _surprise(self.tag_scores(words), batch.tags)
        relations = _surprise(self.relation_scores(words, batch.spans), batch.relations)
        return (tags + relations) / (batch.tags != IGNORED).sum()


def sinusoids(positions: int, width: int) -> Tensor:
    """(positions, width) sines and cosines of wavelengths from 2 pi to 10,000 times that (Vaswani et al., 2017)."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    angles = torch.arange(positions)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)[:, :width]


def _surprise(scores: Tensor, wanted: Tensor) -> Tensor:
    return functional.nll_loss(scores.flatten(0, -2), wanted.flatten(), ignore_index=IGNORED, reduction="sum")


def _encoder_config(config: TaggerConfig) -> BertConfig:
    return BertConfig(
        vocab_size=config.vocabulary,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        # A gated MLP has three matrices, this one two.
        intermediate_size=3 * config.mlp_width // 2,
        max_position_embeddings=config.positions,
        type_vocab_size=2,
        # As in the language model; the data do not repeat.
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=SCALE,
        pad_token_id=None,
    )
