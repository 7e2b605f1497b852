"""The benchmark of training: every side trains on the same rows, losses agree, and what is lacking is named."""

from __future__ import annotations

from typing import Any

import pytest

from osler.bench import train
from osler.bench.train_contests import CONTESTS, NOTHING, Contest, Sizes, collated
from osler.bench.train_process import able, lacking
from osler.bench.train_sides import OURS, OURS_PLAIN, PEERS, SIDES, Side, run

MISSING = lacking()
ROWS, STEPS = 3, 2
SMALL = Sizes(rows=(2,) * 5, steps=(0, 2, 0, 0, 2), rounds=1, curve_steps=2, memory=False, wide=False)


@pytest.fixture(scope="module")
def contests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Contest]:
    folder = tmp_path_factory.mktemp("bench")
    return {made.key: made for made in (make(folder, ROWS, STEPS, False) for make in CONTESTS)}


def _plain(contest: Contest) -> Side:
    return next(side for side in SIDES[contest.key] if side.name == OURS_PLAIN)


@pytest.mark.parametrize("key", list(SIDES))
def test_rows_and_orders_are_those_of_the_learner(contests: dict[str, Contest], key: str) -> None:
    contest = contests[key]
    learner = contest.learner(contest.fresh(), "float32")
    assert list(learner.lengths) == list(contest.lengths)
    assert len(contest.items) == ROWS * STEPS == len(contest.tokens)
    order = contest.order()
    assert sorted(row for rows in order for row in rows) == list(range(ROWS * STEPS))
    from osler.tuning.trainer.learner import Key

    assert sum(learner.batch(rows, Key(0, 0)).tokens for rows in order) == sum(contest.tokens)


@pytest.mark.parametrize("key", list(SIDES))
def test_the_same_weights_and_steps_come_every_time(contests: dict[str, Contest], key: str) -> None:
    first, second = (run(contests[key], _plain(contests[key])) for _ in range(2))
    assert first.losses == second.losses
    assert len(first.losses) == STEPS
    assert first.cpu_s > 0


@pytest.mark.parametrize("key", ["masked", "next", "sft", "classifier"])
def test_a_loop_by_hand_has_the_same_losses(contests: dict[str, Contest], key: str) -> None:
    """Adam, the schedule, clipping and the loss of the library's own model, on the rows as other trainers read them."""
    import torch

    contest = contests[key]
    network = contest.reader(contest.fresh()).train()
    decayed = [{"params": [one], "weight_decay": 0.01 if one.ndim > 1 else 0.0} for one in network.parameters()]
    optimizer = torch.optim.AdamW(decayed, lr=contest.schedule.learning_rate)
    losses = []
    for step, rows in enumerate(contest.order()):
        for group in optimizer.param_groups:
            group["lr"] = contest.schedule.learning_rate * (1 - step / STEPS)
        found = network(**collated([contest.items[row] for row in rows]))
        optimizer.zero_grad()
        found["loss"].backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(float(found["loss"].detach()))
    assert run(contest, _plain(contest)).losses == pytest.approx(losses, abs=1e-4)


@pytest.mark.parametrize("key", list(SIDES))
def test_other_trainers_have_the_same_losses(contests: dict[str, Contest], key: str) -> None:
    if not able(PEERS[key], MISSING):
        pytest.skip(f"not installed: {', '.join(MISSING)}")
    contest = contests[key]
    found = run(contest, PEERS[key])
    assert found.losses == pytest.approx(run(contest, _plain(contest)).losses, abs=1e-4)
    assert found.cpu_s > 0
    for side in SIDES[key]:
        if able(side, MISSING):
            assert len(run(contest, side, 1).losses) == 1


def test_a_side_needs_what_it_measures() -> None:
    osler, sft, _, _, trainer, *_ = SIDES["sft"][1:]
    assert able(osler, ["accelerate", "trl", "datasets"])
    assert able(trainer, ["trl", "datasets"])
    assert not able(trainer, ["accelerate"])
    assert not able(sft, ["trl"])
    assert not able(sft, ["datasets"])
    assert able(sft, [])


def test_rows_are_padded_and_no_padding_is_learnt() -> None:
    made = collated([{"input_ids": [5, 6, 7], "labels": [NOTHING, 6, 7]}, {"input_ids": [8], "labels": [8]}])
    assert made["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0]]
    assert made["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert made["labels"].tolist() == [[NOTHING, 6, 7], [8, NOTHING, NOTHING]]
    assert collated([{"input_ids": [1], "labels": 2}])["labels"].tolist() == [2]


def test_the_benchmark_runs_and_names_what_is_lacking() -> None:
    found = train.train(sizes=SMALL)
    names = {row["name"] for row in found["measures"]}
    assert {f"next, {name}: tokens per CPU second" for name in (OURS, OURS_PLAIN)} <= names
    assert any("import of what osler needs" in name for name in names)
    said = " ".join(found["notes"])
    gaps = [row["value"] for row in found["measures"] if "largest difference" in row["name"]]
    assert len(gaps) == 2 * able(PEERS["next"], MISSING)
    assert all(gap < 1e-4 for gap in gaps)
    assert ("osler[bench]" in said) == bool(MISSING)
    assert all(name in said for name in MISSING)
    assert "peak memory is measured without --quick only" in said


def test_rates_are_real_tokens_and_ratios_go_round_by_round() -> None:
    spent = {OURS: [1.0, 2.0], OURS_PLAIN: [2.0, 4.0], "Trainer": [4.0, 4.0], "Trainer, bf16": [1.0, 1.0]}
    contest: dict[str, Any] = {
        "key": "next", "title": "a title", "tokens": 100, "cpu_s": spent, "memory": {"osler": 3.0},
        "losses": {"osler": [2.0, 1.0]}, "curve": {"osler": [1.0]}, "gap": 0.5,
    }  # fmt: skip
    assert train.rates(contest)[OURS] == [100.0, 50.0]
    ratios = {row["name"]: row for row in train._ratios(contest)}
    assert ratios["next: osler / Trainer, tokens per CPU second"] == {
        "name": "next: osler / Trainer, tokens per CPU second",
        "value": 3.0,
        "wish": 1.5,
    }
    assert ratios["next: osler / Trainer, bf16, tokens per CPU second"]["value"] == 0.75
    assert any("bfloat16 2.00" in note for note in train._notes(contest))
    rows = {row["name"]: row["value"] for row in train._measures(contest)}
    assert rows["next, osler: mean loss of the last round"] == 1.5
    assert rows["next, osler: peak memory above the start"] == 3.0


def test_wishes_are_twice_trl_and_half_as_much_again_as_the_trainer() -> None:
    wishes = {side.kind: side.wish for sides in SIDES.values() for side in sides}
    assert wishes == {"osler": 0.0, "Trainer": 1.5, "SFTTrainer": 2.0, "DPOTrainer": 2.0}
