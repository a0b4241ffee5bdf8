"""`vlmkg train tagger`: as stage 1, on the same windows in the same order, by the same loop."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import torch
from torch import nn

from training.stages.batches import Cursor, plan
from training.stages.config import LanguageModelConfig, RunConfig
from training.stages.devices import main_process
from training.stages.examples import Reading
from training.stages.language_models import codec_of
from training.stages.language_stage import data_rows
from training.stages.loading import rows_of
from training.stages.loop import Task, run_stage
from training.stages.records import commit, write_run
from training.stages.signatures import Signature
from training.tagger.examples import TagBatch, TagChunks, collate_tags, tag_stream
from training.tagger.network import SpanTagger, TaggerConfig
from training.tagger.prediction import Tagger
from training.tagger.scores import held_figures, reading_scores
from training.tagger.store import save_tagger
from vlmkg.errors import UsageError
from vlmkg.model.codec import Codec

NAME = "tagger"


def run(config: RunConfig, out: Path) -> list[Signature]:
    """Train the tagger by the config's `language_model` and `stage1`; writes `out`/tagger.

    Raises UsageError if the language model is a folder: the tagger starts from random weights with its sizes.
    """
    if config.language_model.folder:
        raise UsageError(
            "the tagger needs the sizes of a language model, not a model's folder", "leave language_model.folder empty"
        )
    torch.manual_seed(config.seed)
    codec = codec_of(config)
    sizes = tagger_config(config.language_model, codec)
    network = SpanTagger(sizes)
    model = config.language_model
    tagger = Tagger(network, codec, model.positions, model.whole_report)
    training, validation, prints = data_rows(config)
    reading = Reading(codec, model.positions, model.whole_report)
    seen = _train(config, tagger, TagChunks(reading, training), TagChunks(reading, validation), prints, out)
    if main_process():
        network.cpu().eval()
        parameters = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
        about = {"name": f"{config.name}-{NAME}", "parameters": parameters, "commit": commit(), "data": dict(prints)}
        figures = reading_scores(tagger, rows_of(validation(0)))
        save_tagger(out / NAME, tagger, sizes, {**about, "metrics": dict(figures)})
    return seen


def tagger_config(model: LanguageModelConfig, codec: Codec) -> TaggerConfig:
    """The encoder config with a language model's sizes."""
    return TaggerConfig(
        codec.vocabulary_size, model.positions, model.hidden_size, model.layers, model.heads, model.mlp_width
    )


def _train(
    config: RunConfig,
    tagger: Tagger,
    training: TagChunks,
    validation: TagChunks,
    prints: Mapping[str, str],
    out: Path,
) -> list[Signature]:
    stage, examples = config.stage1, validation(0)
    held = [collate_tags([examples[at] for at in group]) for group in plan(examples, stage.batch, 0)]
    read = rows_of(validation.rows(0))[: stage.read]

    def batches(start: Cursor) -> Iterator[tuple[Cursor, TagBatch]]:
        return tag_stream(training, stage.batch, config.seed, start, config.data.workers)

    def figures(module: nn.Module) -> Mapping[str, float]:
        network = cast("SpanTagger", module)
        return {**held_figures(network, held), **(reading_scores(tagger, read) if read else {})}

    folder = out / f"{NAME}.run"
    folder.mkdir(parents=True, exist_ok=True)
    write_run(folder, config, NAME, prints)
    return run_stage(
        Task(tagger.network, tagger.network.trained(), batches, figures), stage, folder, config.seed, config.precision
    )
