"""The training loop of every stage, on accelerate: one CPU, one GPU or several, float32 or bfloat16.

A killed run continues from its last state with the same results: batches are numbered, the learning rate depends on the
step, and rows of the log after the state are written again.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, send_to_device, set_seed
from rich.progress import Progress
from torch import Tensor, nn

from training.stages.batches import Cursor
from training.stages.config import Precision, StageConfig
from training.stages.devices import processes
from training.stages.micro_batches import MicroBatches, Part, Split, whole_batch
from training.stages.optimizer import learning_rate, optimizers
from training.stages.pace import Pace
from training.stages.records import Records
from training.stages.signatures import Signature, Watch
from training.stages.state import State, load_state, save_state


def rows_of_batch(batch: Any) -> int:
    """The number of examples: the rows of the batch's first tensor."""
    return len(batch[0])


@dataclass(frozen=True, slots=True)
class Task:
    """The training task of a stage.

    `network(batch)` returns the loss; of its parameters those named in `trained` are updated, the others are frozen.
    `stream` yields batches from a position on. `evaluate(network)` returns the figures of a row, with
    `validation_loss`. `watched` are names of parts whose gradients are watched. `uneven`: in some batches trained
    parameters have no gradient. `split` cuts a batch that does not fit the device's memory. `size` is what throughput
    counts: tokens, or films.
    """

    network: nn.Module
    trained: frozenset[str]
    stream: Callable[[Cursor], Iterator[tuple[Cursor, Any]]]
    evaluate: Callable[[nn.Module], Mapping[str, float]]
    watched: tuple[str, ...] = ()
    uneven: bool = False
    split: Split = whole_batch
    size: Callable[[Any], int] = rows_of_batch


@dataclass(slots=True)
class _Progress:
    """The state of the loop."""

    step: int
    cursor: Cursor
    best: float
    stale: int
    losses: list[Tensor] = field(default_factory=list)
    """Since the last evaluation."""
    saved: float = field(default_factory=time.monotonic)
    """When the last state was written."""


def run_stage(task: Task, stage: StageConfig, folder: Path, seed: int, precision: Precision) -> list[Signature]:
    """Train until the steps are done or the loss stops improving; returns the observed failure signatures.

    `folder` has state and records; if there is a state, the run continues from it. With `patience`, the network ends
    with its best weights, else with its last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    set_seed(seed)
    uneven = DistributedDataParallelKwargs(find_unused_parameters=task.uneven)
    processes()
    accelerator = Accelerator(mixed_precision=precision.value, kwargs_handlers=[uneven])
    freeze(task.network, task.trained)
    on_gpu = accelerator.device.type == "cuda"
    network, *prepared = accelerator.prepare(task.network, *optimizers(task.network, stage, fused=on_gpu))
    progress = _resumed(folder, accelerator, network, prepared)
    watch = Watch(task.watched, stage.warmup, tells=accelerator.is_main_process)
    records = Records(folder, progress.step) if accelerator.is_main_process else None
    micro, pace = MicroBatches(task.split), Pace()
    loop = _Loop(task, stage, folder, accelerator, network, prepared, records, watch, micro, pace)
    loop.run(progress)
    if records:
        records.close()
    best = folder / "best.pt"
    if stage.patience and best.exists():
        accelerator.unwrap_model(network).load_state_dict(torch.load(best, map_location="cpu", weights_only=True))
    return watch.seen


def freeze(network: nn.Module, trained: frozenset[str]) -> None:
    """Freeze all parameters except the named ones. Raises ValueError for an unknown name."""
    names = {name for name, _ in network.named_parameters()}
    if not trained <= names:
        raise ValueError(f"no parameters: {sorted(trained - names)[:3]}")
    for name, weight in network.named_parameters():
        weight.requires_grad_(name in trained)


def _resumed(folder: Path, accelerator: Accelerator, network: nn.Module, moving: Sequence[Any]) -> _Progress:
    state = load_state(folder)
    if state is None:
        return _Progress(0, Cursor(), float("inf"), 0)
    accelerator.unwrap_model(network).load_state_dict(state.network)
    for optimizer, kept in zip(moving, state.optimizers, strict=True):
        optimizer.load_state_dict(kept)
    losses = [torch.tensor(loss, device=accelerator.device) for loss in state.losses]
    return _Progress(state.step, state.cursor, state.best, state.stale, losses)


@dataclass(frozen=True, slots=True)
class _Loop:
    task: Task
    stage: StageConfig
    folder: Path
    accelerator: Accelerator
    network: nn.Module
    optimizers: Sequence[Any]
    records: Records | None
    watch: Watch
    micro: MicroBatches
    pace: Pace

    def run(self, progress: _Progress) -> None:
        """Run all steps."""
        batches = self.task.stream(progress.cursor)
        with Progress(disable=not self._shown()) as bar:
            shown = bar.add_task(self.folder.name, total=self.stage.steps, completed=progress.step)
            started = time.monotonic()
            while progress.step < self.stage.steps and not self._stopped(progress):
                self._step(progress, batches)
                bar.update(shown, completed=progress.step)
                if progress.step % self.stage.evaluate_every == 0 or progress.step == self.stage.steps:
                    self._evaluate(progress, time.monotonic() - started)
                elif time.monotonic() - progress.saved > 60 * self.stage.save_minutes:
                    self._save(progress)

    def _shown(self) -> bool:
        return self.accelerator.is_main_process and Progress().console.is_terminal

    def _stopped(self, progress: _Progress) -> bool:
        return bool(self.stage.patience) and progress.stale >= self.stage.patience

    def _step(self, progress: _Progress, batches: Iterator[tuple[Cursor, Any]]) -> None:
        """One optimizer step over `accumulation` batches per device; each device uses its own batches of the stream."""
        rate = learning_rate(self.stage, progress.step)
        for group in (group for optimizer in self.optimizers for group in optimizer.param_groups):
            group["lr"] = rate * group["share"]
        batches_of_step = []
        for _ in range(self.stage.accumulation):
            with self.pace.waiting():
                batch, progress.cursor = self._own_batch(batches)
            batches_of_step.append(batch)
        losses = self._gradients(batches_of_step)
        norms = self.watch.gradients(self.network, progress.step)
        norm = self.accelerator.clip_grad_norm_(self.network.parameters(), self.stage.clip)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        progress.step += 1
        progress.losses.append(torch.stack(losses).sum())
        self.pace.count(sum(self.task.size(batch) for batch in batches_of_step))
        if self.records:
            values = {"loss": float(progress.losses[-1]), "learning_rate": rate, "gradient": float(norm or 0), **norms}
            self.records.step(progress.step, values)

    def _gradients(self, batches: Sequence[Any]) -> list[Tensor]:
        """The losses of the batches; their gradients are added up. Too little memory: again, in smaller parts."""
        while True:
            try:
                return [
                    self._backward(part, last=at + 1 == len(batches) and rest == 0)
                    for at, batch in enumerate(batches)
                    for rest, part in _counted_down(list(self.micro.of(batch)))
                ]
            except torch.OutOfMemoryError as error:
                # Of several processes, some have summed their gradients already.
                if self.accelerator.num_processes > 1:
                    raise
                self.micro.smaller(max(batches, key=self.task.size), error)
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            if self.accelerator.device.type == "cuda":
                torch.cuda.empty_cache()

    def _backward(self, part: Part, *, last: bool) -> Tensor:
        # Gradients of several devices are summed only with the last part of a step.
        with self.accelerator.autocast(), nullcontext() if last else self.accelerator.no_sync(self.network):
            loss = self.network(part.batch) * (part.share / self.stage.accumulation)
            self.accelerator.backward(loss)
        detached: Tensor = loss.detach()
        return detached

    def _own_batch(self, batches: Iterator[tuple[Cursor, Any]]) -> tuple[Any, Cursor]:
        world = self.accelerator.num_processes
        drawn = [next(batches) for _ in range(world)]
        _, batch = drawn[self.accelerator.process_index]
        if self.accelerator.device.type == "cuda":
            batch = type(batch)(*(one.pin_memory() if isinstance(one, Tensor) else one for one in batch))
        return send_to_device(batch, self.accelerator.device, non_blocking=True), drawn[-1][0]

    def _evaluate(self, progress: _Progress, seconds: float) -> None:
        """Write a row of the log, and the state to continue from."""
        # Every device had its own batches.
        loss = self.accelerator.reduce(torch.stack(progress.losses).mean(), "mean")
        figures = {"loss": float(loss), **self._figures()}
        progress.losses.clear()
        self.watch.figures(figures, progress.step)
        better = figures["validation_loss"] < progress.best
        progress.best = min(progress.best, figures["validation_loss"])
        progress.stale = 0 if better else progress.stale + 1
        if self.records:
            rate = learning_rate(self.stage, progress.step - 1)
            row = {**figures, "learning_rate": rate, "seconds": round(seconds, 1), **self.pace.figures()}
            self.records.evaluation(progress.step, row)
            if not self._shown():
                self._tell(progress.step, row)
            if better and self.stage.patience:
                torch.save(self.accelerator.unwrap_model(self.network).state_dict(), self.folder / "best.pt")
        self._save(progress)
        self.pace.begin()
        self.accelerator.wait_for_everyone()

    def _save(self, progress: _Progress) -> None:
        """Write the state to continue from. Of several processes the first one's losses are kept."""
        progress.saved = time.monotonic()
        if not self.records:
            return
        state = State(
            progress.step,
            progress.cursor,
            self.accelerator.unwrap_model(self.network).state_dict(),
            [one.state_dict() for one in self.optimizers],
            progress.best,
            progress.stale,
            [float(loss) for loss in progress.losses],
        )
        save_state(self.folder, state)

    def _tell(self, step: int, row: Mapping[str, float]) -> None:
        """Print one line per evaluation if no progress bar is shown."""
        told = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
        print(f"{self.folder.name}: step {step} of {self.stage.steps}: {told}", file=sys.stderr, flush=True)

    def _figures(self) -> Mapping[str, float]:
        network = self.accelerator.unwrap_model(self.network)
        network.eval()
        with torch.inference_mode(), self.accelerator.autocast():
            figures = self.task.evaluate(network)
        network.train()
        return figures


def _counted_down(parts: list[Part]) -> Iterator[tuple[int, Part]]:
    """Each part with the number of parts after it."""
    return ((len(parts) - at - 1, part) for at, part in enumerate(parts))
