"""Stages 1 and 2: train the language model on reports only, then on reports after their films.

Each ends in a checkpoint. Shapes: B examples, T token ids, V the vocabulary.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import torch
from accelerate.utils import send_to_device
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from training.data.directions import one_direction
from training.data.jsonl import read_files, write_file
from training.data.rows import Row
from training.gate import gold_evaluation, record, synthetic_evaluation
from training.stages.batches import Batch, Cursor, ReadChunk, collate, plan, stream
from training.stages.chunks import TextChunks, VisualChunks
from training.stages.config import Precision, RunConfig, StageConfig
from training.stages.decoded import reading_scores
from training.stages.devices import main_process
from training.stages.examples import Reading
from training.stages.film_pass import encode_ahead
from training.stages.guarding import PHANTOMS, file_guard, phantom_guard
from training.stages.language_models import codec_of, language_model_of, prepare_kernels
from training.stages.loading import FileRows, Loaded, MixedRows, RowReader, SyntheticRows, rows_of
from training.stages.loop import Task, run_stage
from training.stages.micro_batches import split_batch
from training.stages.records import write_run
from training.stages.resuming import check_resumed
from training.stages.signatures import Signature
from training.synthetic.dataset import grammar_digest
from training.synthetic.seeds import ALONE_SEED, VALIDATION_SEED
from training.synthetic.studies import GENERATOR
from vlmkg.checkpoint.evaluation import GoldEvaluation, SyntheticEvaluation
from vlmkg.checkpoint.manifest import VISION, Manifest, ModifyDirection
from vlmkg.checkpoint.store import Parts, load_checkpoint, save_checkpoint
from vlmkg.engine_protocol import FilmDomain, Modality
from vlmkg.errors import UsageError
from vlmkg.model.codec import PAD, Codec
from vlmkg.model.network import IGNORED, VlmKg
from vlmkg.model.projector import build_projector
from vlmkg.model.vision.encoder import VisionEncoder, feature_size
from vlmkg.model.vision.guard import LEAST_FILMS, Guard
from vlmkg.model.vision.store import load_encoder

GOLD_FILE = "gold.jsonl"
"""In the run's folder: the validation rows of files, for promoting the checkpoint."""


class Trained(nn.Module):
    """The model with its loss as the forward pass, as several devices require."""

    def __init__(self, model: VlmKg) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar."""
        return self.model.loss(*batch)


@dataclass(frozen=True, slots=True)
class _Data:
    """Training chunks, the validation chunk with its rows, and the data's fingerprints by name."""

    training: ReadChunk
    validation: ReadChunk
    held: Sequence[Row]
    fingerprints: Mapping[str, str]
    films: Mapping[str, int] = field(default_factory=dict)
    """The number of films in files, and of unread ones by reason."""


def run_text(config: RunConfig, out: Path) -> list[Signature]:
    """Stage 1: train the language model on reports only. Writes the checkpoint `out`/stage1."""
    torch.manual_seed(config.seed)
    codec = codec_of(config)
    network = VlmKg(language_model_of(config, codec), None)
    training, validation, prints = data_rows(config)
    reading = _reading(config, codec, 0)
    data = _Data(TextChunks(reading, training), TextChunks(reading, validation), rows_of(validation(0)), prints)
    seen = _run(config, config.stage1, "stage1", Trained(network), codec, data, out)
    _write(config, out / "stage1", Parts(network.cpu().eval(), codec), data, None)
    return seen


def run_visual(config: RunConfig, out: Path, *, from_scratch: bool = False) -> list[Signature]:
    """Stage 2: train projector and language model; the encoder is frozen. Writes the checkpoint `out`/stage2.

    Starts from `out`/stage1, from the config's `start`, or with `from_scratch` from random weights. Raises UsageError
    if something that it needs is missing or does not fit the config.
    """
    torch.manual_seed(config.seed + 1)
    encoder_folder = _encoder_folder(config, out)
    _check_encoder(config, encoder_folder)
    training, validation, prints = data_rows(config)
    direction = one_direction(rows_of(validation(0)))
    if config.start:
        codec, network = _further(config, direction)
    else:
        codec, network = _after_stage1(config, out, direction, from_scratch=from_scratch)
    reading = _reading(config, codec, config.projector.prefix_length)
    kept = Path(config.vision.features) if config.vision.features else out / "features"
    films = encode_ahead(_all_files(training, validation), kept, encoder_folder, out / "stage2.run")
    share = config.stage2.text_only_share
    data = _Data(
        VisualChunks(reading, training, encoder_folder, kept, share, config.seed, phantoms_alone(config)),
        VisualChunks(reading, validation, encoder_folder, kept, share, config.seed),
        rows_of(validation(0)),
        prints,
        films,
    )
    seen = _run(config, config.stage2, "stage2", Trained(network), codec, data, out, watched=("projector",))
    vision = load_encoder(encoder_folder)
    if main_process():
        vision = replace(vision, guard=_guard(config, vision, training, kept, encoder_folder))
    parts = Parts(network.cpu().eval(), codec, config.projector, vision)
    _write(config, out / "stage2", parts, data, FilmDomain.REAL if config.data.files else FilmDomain.SYNTHETIC)
    return seen


def _check_encoder(config: RunConfig, folder: Path) -> None:
    if not folder.is_dir():
        raise UsageError(f"there is no image encoder at {folder}", "run stage0 first, or give the folder of an encoder")
    size = feature_size(load_encoder(folder))
    if size != config.projector.feature_size:
        raise UsageError(
            f"the image encoder at {folder} gives {size} numbers, but projector.feature_size is "
            f"{config.projector.feature_size}",
            f"set projector.feature_size to {size}",
        )


def _guard(config: RunConfig, vision: VisionEncoder, training: RowReader, kept: Path, folder: Path) -> Guard | None:
    """The guard of the films that were trained on."""
    if isinstance(training, FileRows):
        return file_guard(training.all(), kept, folder)
    few = config.vision.films < LEAST_FILMS
    return None if few else phantom_guard(vision, config.data.seed, min(PHANTOMS, config.vision.films))


def _all_files(*readers: RowReader) -> Iterator[Loaded]:
    """The rows of the readers of files; generated studies are encoded when they are made."""
    for reader in readers:
        if isinstance(reader, FileRows):
            yield from reader.all()


def _encoder_folder(config: RunConfig, out: Path) -> Path:
    if config.vision.folder:
        return Path(config.vision.folder)
    return Path(config.start) / VISION if config.start else out / "vision"


def _further(config: RunConfig, direction: ModifyDirection) -> tuple[Codec, VlmKg]:
    """The network of the checkpoint that is trained further, in float32."""
    before = load_checkpoint(Path(config.start))
    _check_direction(before.manifest, direction)
    if before.config != config.projector:
        raise UsageError(f"{config.start} has another projector than the config", "copy `projector` from its run")
    return before.codec, before.network.float()


def _check_direction(before: Manifest, own: ModifyDirection) -> None:
    """Raises UsageError if the checkpoint that is trained further has another direction of modify than the data."""
    if before.modify_direction is not own:
        raise UsageError(
            f"{before.name} was trained with modify {before.modify_direction}, the data have {own}",
            "train stage 1 on data of the same direction",
        )


def _after_stage1(
    config: RunConfig, out: Path, direction: ModifyDirection, *, from_scratch: bool
) -> tuple[Codec, VlmKg]:
    codec, language_model = _start(config, out, direction, from_scratch=from_scratch)
    width: Any = language_model.get_input_embeddings()
    return codec, VlmKg(language_model, build_projector(config.projector, width.embedding_dim))


def _start(
    config: RunConfig, out: Path, direction: ModifyDirection, *, from_scratch: bool
) -> tuple[Codec, PreTrainedModel]:
    if from_scratch:
        codec = codec_of(config)
        return codec, language_model_of(config, codec)
    if not (out / "stage1").is_dir():
        raise UsageError(f"{out / 'stage1'} does not exist", "run stage1 first, or give --from-scratch")
    before = load_checkpoint(out / "stage1")
    _check_direction(before.manifest, direction)
    module: nn.Module = before.network.language_model
    return before.codec, cast("PreTrainedModel", module.to(torch.float32))


def _run(
    config: RunConfig,
    stage: StageConfig,
    name: str,
    network: Trained,
    codec: Codec,
    data: _Data,
    out: Path,
    watched: tuple[str, ...] = (),
) -> list[Signature]:
    pad = codec.id(PAD)
    chunk = data.validation(0)
    groups = plan(chunk.examples, stage.batch, 0)
    held = [collate([chunk.examples[at] for at in group], chunk.features, pad) for group in groups]

    def batches(start: Cursor) -> Iterator[tuple[Cursor, Batch]]:
        return stream(data.training, stage.batch, config.seed, start, pad, config.data.workers)

    def figures(module: nn.Module) -> Mapping[str, float]:
        read = data.held[: stage.read]
        whole = config.language_model.whole_report
        model = cast("Trained", module).model
        return {**evaluate(module, held), **(reading_scores(model, codec, read, whole=whole) if read else {})}

    task = Task(
        network,
        frozenset(parameter for parameter, _ in network.named_parameters()),
        batches,
        figures,
        watched,
        # In batches without a film the projector has no gradient.
        uneven=network.model.projector is not None,
        split=split_batch,
        size=lambda batch: int(batch.attention_mask.sum()),
    )
    prepare_kernels(network.model.language_model, config, stage)
    folder = out / f"{name}.run"
    folder.mkdir(parents=True, exist_ok=True)
    check_resumed(folder, config, name, data.fingerprints)
    write_run(folder, config, name, data.fingerprints, data.films)
    return run_stage(task, stage, folder, config.seed, config.precision)


def evaluate(module: nn.Module, held: list[Batch]) -> Mapping[str, float]:
    """Mean loss per target token over the validation batches, and the share of target tokens ranked first."""
    model = cast("Trained", module).model
    device = next(model.parameters()).device
    loss, right, targets = 0.0, 0, 0
    for batch in held:
        ids, labels, mask, features, counts = send_to_device(batch, device)
        sequence = model.sequence(ids, mask, features, counts)
        # The token of a position is predicted at the previous position.
        logits_BTV = model.logits(sequence, last=labels.shape[1])[:, :-1].float()
        wanted = labels[:, 1:]
        loss += float(functional.cross_entropy(logits_BTV.flatten(0, 1), wanted.flatten(), reduction="sum"))
        right += int((logits_BTV.argmax(-1) == wanted).sum())
        targets += int((wanted != IGNORED).sum())
    return {"validation_loss": loss / targets, "token_accuracy": right / targets}


def data_rows(config: RunConfig) -> tuple[RowReader, RowReader, Mapping[str, str]]:
    """The readers of training and validation rows (its chunk 0), and the data's fingerprints by name.

    Raises UsageError if the files have no rows of one of the splits.
    """
    data = config.data
    if not data.files:
        name = f"synthetic-{GENERATOR}-{grammar_digest()[:16]}-{data.seed}-{data.film_share}-{data.chunk}"
        held = data.seed + VALIDATION_SEED
        validation = SyntheticRows(held, data.film_share, data.validation, f"{name}-validation{data.validation}")
        made = SyntheticRows(data.seed, data.film_share, data.chunk, name)
        if not data.beside:
            return made, validation, {"synthetic": name}
        beside, prints = _beside_rows(config)
        return MixedRows(made, beside), validation, {"synthetic": name, **prints}
    folder = Path(data.files[0]).parent
    rows, prints = read_files([Path(name) for name in data.files])
    train = tuple(row for row in rows if row.split in {"", "train"})
    held_rows = tuple(row for row in rows if row.split == "validation")[: data.validation]
    if not train or not held_rows:
        raise UsageError(
            "the files need rows of the splits train and validation", "add a `split` to the rows, see docs/training.md"
        )
    one_direction([*train, *held_rows])
    mark = "-".join(digest[:8] for digest in prints.values())
    return (
        FileRows(train, folder, data.chunk, config.seed, f"{mark}-train-{data.chunk}"),
        FileRows(held_rows, folder, len(held_rows), 0, f"{mark}-validation"),
        prints,
    )


def _beside_rows(config: RunConfig) -> tuple[FileRows, Mapping[str, str]]:
    """The rows to train on beside synthetic studies; those of the splits validation and test are left out."""
    data = config.data
    rows, prints = read_files([Path(name) for name in data.beside])
    train = tuple(row for row in rows if row.split in {"", "train"})
    if not train or any(row.images for row in train):
        raise UsageError(
            "the files of `data.beside` have no rows for training, or rows with films", "give reports without films"
        )
    mark = "-".join(digest[:8] for digest in prints.values())
    return FileRows(train, Path(data.beside[0]).parent, data.beside_rows, config.seed, mark), prints


def phantoms_alone(config: RunConfig) -> RowReader | None:
    """Studies of stage 2 with only the phantom, different from those with reports."""
    count, seed = config.stage2.films_alone, config.data.seed + ALONE_SEED
    return (
        SyntheticRows(seed, 1.0, count, f"alone-{GENERATOR}-{grammar_digest()[:16]}-{seed}-{count}") if count else None
    )


def _reading(config: RunConfig, codec: Codec, prefix_length: int) -> Reading:
    model = config.language_model
    return Reading(codec, model.positions, model.whole_report, prefix_length)


def _write(config: RunConfig, folder: Path, parts: Parts, data: _Data, films: FilmDomain | None) -> None:
    """Write the checkpoint with its validation figures. It appears only when it has been measured."""
    if not main_process():
        return
    part = folder.with_name(f".{folder.name}.unmeasured")
    shutil.rmtree(part, ignore_errors=True)
    if config.stored is Precision.BFLOAT16:
        parts.network.to(torch.bfloat16)
    save_checkpoint(
        part,
        parts,
        name=f"{config.name}-{folder.name}",
        modalities=(Modality.TEXT, Modality.IMAGE) if films else (Modality.TEXT,),
        image_domain=films,
        data=dict(data.fingerprints),
        metrics={},
        licence=config.licence,
        base_models=dict(config.base_models),
        modify_direction=one_direction(data.held),
        whole_report=config.language_model.whole_report,
    )
    gold = folder.with_name(f"{folder.name}.run") / GOLD_FILE if config.data.files else None
    record(part, _evaluation(config, data, gold), gold=gold)
    part.rename(folder)


def _evaluation(config: RunConfig, data: _Data, gold: Path | None) -> SyntheticEvaluation | GoldEvaluation:
    """The evaluation for promotion: the validation studies, or the validation rows as a file."""
    if gold is None:
        return synthetic_evaluation(config.data.seed + VALIDATION_SEED, config.data.validation, config.data.film_share)
    # Paths of films count from the file's folder, which is another one here.
    data_folder = Path(config.data.files[0]).parent
    write_file(
        gold,
        (
            replace(row, images=tuple(os.path.relpath(data_folder / image, gold.parent) for image in row.images))
            for row in data.held
        ),
    )
    return gold_evaluation(gold)
