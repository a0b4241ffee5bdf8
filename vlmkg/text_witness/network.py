"""The network: a pretrained bidirectional encoder, and a tag for each word from its first piece.

Shapes: B blocks, P pieces, W words, D the encoder's width, T tags.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from vlmkg.text_witness.blocks import Block
from vlmkg.text_witness.tags import TAGS


class BlockBatch(NamedTuple):
    """Padded blocks: piece ids and their mask (B, P), and each word's first piece (B, W), -1 at padding."""

    ids: Tensor
    mask: Tensor
    firsts: Tensor


class WordTagger(nn.Module):
    """Encoder and tag head."""

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.tag_head = nn.Linear(int(encoder.config.hidden_size), TAGS)

    def forward(self, batch: BlockBatch) -> Tensor:
        """(B, W, T) logarithms of probabilities; rows of padding have no meaning."""
        hidden_BPD = self.encoder(batch.ids, attention_mask=batch.mask).last_hidden_state
        places = batch.firsts.clamp(min=0)[..., None].expand(-1, -1, hidden_BPD.shape[-1])
        return functional.log_softmax(self.tag_head(hidden_BPD.gather(1, places)).float(), -1)


def collate(blocks: Sequence[Block]) -> BlockBatch:
    """The blocks, padded on the right."""
    pieces = max(block.length for block in blocks)
    words = max(len(block.words) for block in blocks)
    ids, mask = torch.zeros(len(blocks), pieces, dtype=torch.long), torch.zeros(len(blocks), pieces, dtype=torch.long)
    firsts = torch.full((len(blocks), words), -1)
    for at, block in enumerate(blocks):
        ids[at, : block.length] = torch.tensor(block.ids)
        mask[at, : block.length] = 1
        firsts[at, : len(block.words)] = torch.tensor(block.firsts)
    return BlockBatch(ids, mask, firsts)
