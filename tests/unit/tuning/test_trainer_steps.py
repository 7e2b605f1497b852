"""Steps: losses that are no number, frozen weights, accumulation, seeds, looks, and the same losses as transformers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from training_toy import ToyLearner

from osler.core.block import replace
from osler.core.errors import DataError, ModelError
from osler.tuning.schedule import Schedule
from osler.tuning.trainer.learner import Batch, Key
from osler.tuning.trainer.loop import Progress, fit
from osler.tuning.trainer.step import seed_of

SCHEDULE = Schedule(steps=12, batch_tokens=128, micro_tokens=64, learning_rate=3e-3, precision="float32")


def finite(learner: ToyLearner) -> bool:
    return all(bool(weight.isfinite().all()) for weight in learner.network.parameters())


def test_one_loss_that_is_no_number_is_not_applied_and_is_noted_with_its_rows() -> None:
    learner = ToyLearner(spoil=frozenset({11}))
    record = fit(learner, replace(SCHEDULE, steps=4), seed=1)
    (skipped,) = record.skipped
    assert skipped["what"] == "loss"
    assert "toy-11" in skipped["rows"]
    assert [row["step"] for row in record.curve] == [step for step in range(1, 5) if step != skipped["step"]]
    assert all(math.isfinite(loss) and loss > 0 for loss in record.losses)
    assert finite(learner)


def test_the_second_in_a_row_ends_with_an_error_and_the_last_good_weights() -> None:
    learner = ToyLearner(spoil=frozenset(range(40)))
    before = [weight.detach().clone() for weight in learner.network.parameters()]
    with pytest.raises(ModelError, match=r"no number at step 2, for the second time in a row; rows toy-\d+") as caught:
        fit(learner, SCHEDULE, seed=1)
    assert caught.value.kind == "training"
    assert all(bool((a == b).all()) for a, b in zip(before, learner.network.parameters(), strict=True))


class SteepLearner(ToyLearner):
    """A finite loss with a gradient that is no number: the root of 0 times something."""

    def loss(self, batch: Batch) -> Mapping[str, Any]:
        found = dict(super().loss(batch))
        weight = next(self.network.parameters())
        found["masked"] = found["masked"] + (weight.sum() * 0).abs().sqrt()
        return found


def test_a_gradient_that_is_no_number_ends_it_too() -> None:
    learner = SteepLearner()
    with pytest.raises(ModelError, match="the gradient was no number"):
        fit(learner, SCHEDULE, seed=1)
    assert finite(learner)


def test_no_rows_and_rows_without_anything_to_learn_are_errors() -> None:
    class Empty(ToyLearner):
        def batch(self, rows: Sequence[int], key: Key) -> Batch:
            found = super().batch(rows, key)
            found.inputs["goal"].fill_(-100)
            return Batch(found.inputs, {"masked": 0.0}, found.tokens)

    with pytest.raises(DataError, match="no rows"):
        fit(ToyLearner(rows=0), SCHEDULE)
    with pytest.raises(DataError, match=r"nothing can be learnt from the rows of step 1: toy-\d+"):
        fit(Empty(), SCHEDULE)


def test_a_method_that_never_updates_is_no_success() -> None:
    class Idle(ToyLearner):
        def updates(self, passes: Sequence[Sequence[int]], key: Key) -> Iterator[Sequence[Batch]]:
            return iter(())

    with pytest.raises(ModelError, match="none of 12 steps was applied"):
        fit(Idle(), SCHEDULE)


def test_frozen_weights_are_proven_by_hash() -> None:
    learner = ToyLearner()
    network: Any = learner.network
    network["reader"].requires_grad_(False)
    record = fit(learner, SCHEDULE)
    assert len(record.frozen) == 64
    assert record.frozen_weights == sum(weight.numel() for weight in network["reader"].parameters())
    assert record.learning_weights == sum(weight.numel() for weight in network["head"].parameters())
    again = ToyLearner()
    other: Any = again.network
    other["reader"].requires_grad_(False)
    assert fit(again, replace(SCHEDULE, steps=2)).frozen == record.frozen
    assert fit(ToyLearner(), replace(SCHEDULE, steps=2)).frozen == ""


def test_a_frozen_weight_that_changed_is_an_error() -> None:
    class Careless(ToyLearner):
        def loss(self, batch: Batch) -> Mapping[str, Any]:
            import torch

            network: Any = self.network
            with torch.no_grad():
                network["reader"].embeddings.word_embeddings.weight[5, 0] += 1e-6
            return super().loss(batch)

    learner = Careless()
    network: Any = learner.network
    network["reader"].requires_grad_(False)
    with pytest.raises(ModelError, match="frozen weights changed"):
        fit(learner, SCHEDULE)
    network["head"].requires_grad_(False)
    with pytest.raises(ModelError, match="nothing learns"):
        fit(learner, SCHEDULE)


@pytest.mark.parametrize("micro", [20, 48, 100])
def test_accumulated_passes_equal_one_pass(micro: int) -> None:
    whole, parts = ToyLearner(dropout=0.0), ToyLearner(dropout=0.0)
    at_once = fit(whole, replace(SCHEDULE, micro_tokens=0), seed=2)
    added = fit(parts, replace(SCHEDULE, micro_tokens=micro), seed=2)
    largest = max(abs(a - b) for a, b in zip(at_once.losses, added.losses, strict=True))
    apart = max(
        float((a - b).detach().abs().max())
        for a, b in zip(whole.network.parameters(), parts.network.parameters(), strict=True)
    )
    print(f"largest difference of a loss {largest:.1e}, of a weight {apart:.1e}")
    assert largest < 1e-5
    assert apart < 1e-4  # AdamW divides by the root of tiny squares in its first steps


def test_the_seed_decides_and_leaves_the_callers_random_numbers_alone() -> None:
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = fit(ToyLearner(), SCHEDULE, seed=4).losses
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(77)
    assert fit(ToyLearner(), SCHEDULE, seed=4).losses == first
    assert fit(ToyLearner(), SCHEDULE, seed=5).losses != first


def test_seeds_are_the_same_in_every_process() -> None:
    assert seed_of(3, 1, 0, 2) == 5786749671190238544
    assert 0 <= seed_of("a") < 2**63


def test_the_best_weights_are_kept_and_worse_looks_end_it() -> None:
    learner = ToyLearner()
    schedule = replace(SCHEDULE, steps=40, evaluate_every=2, patience=3, keep="best", learning_rate=0.3)
    record = fit(learner, schedule, seed=1)
    held = [look["loss"] for look in record.looks]
    assert record.looks[held.index(min(held))]["step"] == record.best
    assert record.stopped == "no better value in 3 looks"
    assert len(held) == held.index(min(held)) + 4
    assert learner.evaluate()["loss"] == pytest.approx(min(held), abs=1e-6)


def test_a_look_that_is_no_number_is_never_the_best() -> None:
    class Blind(ToyLearner):
        looks = 0

        def evaluate(self) -> Mapping[str, float]:
            self.looks += 1
            return {"loss": math.nan if self.looks != 2 else 9.0}

    record = fit(Blind(), replace(SCHEDULE, evaluate_every=4, keep="best"))
    assert record.best == 8


def test_progress_is_told_with_the_pace() -> None:
    told: list[Progress] = []
    record = fit(ToyLearner(), SCHEDULE, tell=told.append)
    assert [item.step for item in told] == list(range(1, 13))
    assert told[-1].left == 0
    assert all(item.rate > 0 and item.losses["loss"] > 0 for item in told)
    assert record.tokens == sum(row["tokens"] for row in record.curve)
    assert record.memory_mb > 10
    assert record.joules is None
    assert (record.processes, record.device, record.strategy) == (1, "cpu", "")


def test_losses_equal_those_of_transformers_on_the_same_batches(tmp_path: Any) -> None:
    """transformers' own Trainer, no dropout, AdamW without decay of biases and norms, gradient clipped to 1."""
    import torch
    import transformers

    from osler.tuning.trainer.order import Order

    schedule = replace(SCHEDULE, micro_tokens=0, decay="constant", warm_up=0.0, weight_decay=0.05)
    ours, theirs = ToyLearner(dropout=0.0), ToyLearner(dropout=0.0)
    record = fit(ours, schedule, seed=6)
    order = Order(theirs.lengths, seed=6, steps=12, epochs=1, batch_tokens=128, batch_rows=0)
    batches = [theirs.batch(order[step][1], Key(6, order[step][0])) for step in range(12)]

    class Wrapped(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = theirs.network

        def forward(self, at: Any) -> Any:
            found = batches[int(at)]
            return {"loss": theirs.loss(found)["masked"] / found.counts["masked"]}

    class Theirs(transformers.Trainer):  # type: ignore[misc]
        def get_train_dataloader(self) -> Any:
            return [{"at": torch.tensor(at)} for at in range(12)]

        def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
            found = model(**inputs)["loss"]
            exact.append(float(found.detach()))
            return found

    exact: list[float] = []
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path),
        max_steps=12,
        learning_rate=schedule.learning_rate,
        lr_scheduler_type="constant",
        weight_decay=schedule.weight_decay,
        max_grad_norm=schedule.clip,
        optim="adamw_torch",
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
    )
    Theirs(model=Wrapped(), args=arguments, train_dataset=[{"at": 0}] * 12).train()
    largest = max(abs(a - b) for a, b in zip(record.losses, exact, strict=True))
    print(f"largest difference of a loss {largest:.1e}")
    assert largest < 1e-4
