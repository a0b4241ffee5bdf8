"""Batches in parts: the gradient is the whole batch's, and a run that ran out of memory goes on."""

import pytest
import torch

from training.stages.batches import Batch, Cursor, collate
from training.stages.config import Precision, StageConfig
from training.stages.examples import Example
from training.stages.loop import Task, run_stage
from training.stages.micro_batches import MicroBatches, split_batch
from training.stages.optimizer import optimizers
from training.stages.records import read_log
from training.stages.state import load_state
from vlmkg.errors import DeviceMemoryError
from vlmkg.model.network import IGNORED

pytestmark = pytest.mark.usefixtures("one_thread")


class Net(torch.nn.Module):
    """Predicts each target token from the mean of the ids; refuses more rows than the device's memory holds."""

    def __init__(self, most: int = 99) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.out, self.most, self.seen = torch.nn.Linear(1, 11), most, []

    def forward(self, batch: Batch) -> torch.Tensor:
        rows, length = batch.input_ids.shape
        if rows > self.most:
            raise torch.OutOfMemoryError("too many rows")
        self.seen.append(rows)
        mean = (batch.input_ids * batch.attention_mask).sum(1) / batch.attention_mask.sum(1)
        logits = self.out(mean[:, None, None].float()).expand(rows, length, 11)
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED)


def batch(number: int = 0) -> Batch:
    examples = [Example((1 + number, 2), tuple(range(3, 4 + at))) for at in range(6)]
    examples[4] = Example((1,), (2, 3), (0,))
    return collate(examples, torch.ones(1, 4), 0)


@pytest.mark.parametrize("parts", [1, 2, 3, 6, 50])
def test_the_gradient_of_the_parts_is_that_of_the_batch(parts):
    whole, cut = Net(), Net()
    whole(batch()).backward()
    pieces = split_batch(batch(), parts)
    for part in pieces:
        (cut(part.batch) * part.share).backward()
    assert sum(part.share for part in pieces) == pytest.approx(1)
    assert len(pieces) == min(parts, 6)
    torch.testing.assert_close(whole.out.weight.grad, cut.out.weight.grad)
    assert sum(int((one.batch.labels != IGNORED).sum()) for one in pieces) == int((batch().labels != IGNORED).sum())


def test_parts_keep_their_own_films():
    parts = split_batch(batch(), 3)
    assert [None if one.batch.counts is None else one.batch.counts.tolist() for one in parts] == [None, None, [1, 0]]


def train(network: Net, folder, stage: StageConfig) -> list[float]:
    def stream(start: Cursor):
        number = start.batch
        while True:
            yield Cursor(0, number + 1), batch(number)
            number += 1

    names = frozenset(name for name, _ in network.named_parameters())
    task = Task(network, names, stream, lambda _: {"validation_loss": 1.0}, split=split_batch)
    run_stage(task, stage, folder, 0, Precision.FLOAT32)
    return [float(row["loss"]) for row in read_log(folder)]


STAGE = StageConfig(steps=6, batch=6, accumulation=2, warmup=1, evaluate_every=3, learning_rate=0.05)


def test_out_of_memory_means_smaller_parts_and_the_same_training(tmp_path, capsys):
    plain, small = Net(), Net(most=2)
    one, other = train(plain, tmp_path / "plain", STAGE), train(small, tmp_path / "small", STAGE)
    assert other == pytest.approx(one, rel=1e-5)
    torch.testing.assert_close(plain.out.weight, small.out.weight)
    assert max(small.seen) <= 2
    assert "batches are computed in 4 parts from now on" in capsys.readouterr().err


def test_an_example_that_is_too_large_by_itself_is_told():
    micro = MicroBatches(split_batch)
    micro.parts = 8
    with pytest.raises(DeviceMemoryError, match="single example"):
        micro.smaller(batch(), torch.OutOfMemoryError())


def test_the_log_has_the_pace_and_lines_without_a_terminal(tmp_path, capsys):
    train(Net(), tmp_path, STAGE)
    row = read_log(tmp_path)[-1]
    assert float(row["items_per_second"]) > 0
    assert 0 <= float(row["waiting"]) <= 1
    said = capsys.readouterr().err.splitlines()
    assert len([line for line in said if "step 3 of 6: loss" in line or "step 6 of 6: loss" in line]) == 2


def test_a_state_is_saved_by_time_and_the_run_goes_on_from_it(tmp_path):
    """The curve of a run that was killed between evaluations is that of a run that was not."""
    hurried = StageConfig(**{**{f: getattr(STAGE, f) for f in STAGE.__slots__}, "save_minutes": 1e-9})
    whole = train(Net(), tmp_path / "whole", hurried)

    class Killed(Net):
        def forward(self, batch: Batch) -> torch.Tensor:
            if len(self.seen) == 2 * 2:
                raise KeyboardInterrupt
            return super().forward(batch)

    with pytest.raises(KeyboardInterrupt):
        train(Killed(), tmp_path / "killed", hurried)
    state = load_state(tmp_path / "killed")
    assert (state.step, len(state.losses)) == (2, 2), "between evaluations"
    assert train(Net(), tmp_path / "killed", hurried) == pytest.approx(whole)


def test_the_fused_optimizer_moves_weights_as_the_plain_one():
    nets = [Net(), Net()]
    for net, fused in zip(nets, (False, True), strict=True):
        (optimizer,) = optimizers(net, STAGE, fused=fused)
        for number in range(3):
            optimizer.zero_grad()
            net(batch(number)).backward()
            optimizer.step()
    torch.testing.assert_close(nets[0].out.weight, nets[1].out.weight)
