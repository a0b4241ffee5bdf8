"""Read texts with a text witness: the labels of every word, blocks of like length together."""

from collections.abc import Sequence

import torch

from vlmkg.engine_protocol import WordLabels
from vlmkg.text_witness.blocks import Block
from vlmkg.text_witness.network import collate
from vlmkg.text_witness.store import TextWitness
from vlmkg.text_witness.tags import labels_of

PIECES = 4096
"""Most pieces of one forward pass, padding included."""


def read_words(witness: TextWitness, texts: Sequence[str]) -> list[tuple[WordLabels, ...]]:
    """The labels of each text's words, in text order."""
    blocks = [(at, block) for at, text in enumerate(texts) for block in witness.pieces.blocks(text)]
    order = sorted(range(len(blocks)), key=lambda one: blocks[one][1].length)
    labels = {
        place: found
        for group in _groups(order, [block for _, block in blocks])
        for place, found in zip(group, _read(witness, [blocks[one][1] for one in group]), strict=True)
    }
    read: list[list[WordLabels]] = [[] for _ in texts]
    for place, (at, _) in enumerate(blocks):
        read[at] += labels[place]
    return [tuple(one) for one in read]


def _groups(order: Sequence[int], blocks: Sequence[Block]) -> list[list[int]]:
    groups: list[list[int]] = []
    for one in order:
        # In order of length: the block at hand is the longest of its group.
        if groups and (len(groups[-1]) + 1) * blocks[one].length <= PIECES:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


@torch.inference_mode()
def _read(witness: TextWitness, blocks: Sequence[Block]) -> list[list[WordLabels]]:
    batch = collate(blocks)
    device = witness.network.tag_head.weight.device
    scores = witness.network(type(batch)(*(one.to(device) for one in batch))).cpu().numpy()
    return [labels_of(block.words, scores[at, : len(block.words)]) for at, block in enumerate(blocks)]
