"""A small stage that really trains, for the tests of the trainer: a masked reader of made-up tokens, with dropout."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from osler.core.block import block
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Record, Stage, Work
from osler.tuning.trainer.learner import Batch, Key, Learner, draws
from osler.tuning.trainer.loop import fit

if TYPE_CHECKING:
    import torch

VOCABULARY, MASK = 60, 3


def rows_of(count: int, seed: int = 1) -> list[list[int]]:
    """Made-up token rows of 4 to 14 tokens with a pattern to learn: every token but the first is the one before + 1."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        start, length = int(draw.integers(4, 40)), int(draw.integers(4, 15))
        found.append([start + at for at in range(length)])
    return found


class ToyLearner(Learner):
    """Predicts masked tokens. ``spoil``: rows whose loss is no number. ``frozen``: whether the embeddings are."""

    def __init__(
        self, *, rows: int = 40, seed: int = 0, dropout: float = 0.1, spoil: frozenset[int] = frozenset()
    ) -> None:
        import torch

        self.rows = rows_of(rows)
        self.spoil = spoil
        shape = EncoderShape(layers=2, hidden=32, heads=2, inner=64, context=32, dropout=dropout)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = torch.nn.ModuleDict(
                {"reader": shape.network(VOCABULARY, 0, seed=seed), "head": torch.nn.Linear(32, VOCABULARY)}
            )
        super().__init__(network, [len(row) for row in self.rows])

    def ids(self, rows: Sequence[int]) -> Sequence[str]:
        return [f"toy-{row}" for row in rows]

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        import torch

        width = max(len(self.rows[row]) for row in rows)
        ids, goal = torch.zeros(len(rows), width, dtype=torch.long), torch.full((len(rows), width), -100)
        for at, row in enumerate(rows):
            own = self.rows[row]
            hidden = draws(key, row).random(len(own)) < 0.3
            hidden[int(draws(key, row).integers(len(own)))] = True
            for place, token in enumerate(own):
                ids[at, place] = MASK if hidden[place] else token
                goal[at, place] = token if hidden[place] else -100
        counts = {"masked": float((goal >= 0).sum())}
        spoilt = torch.tensor(float("nan") if self.spoil & set(rows) else 0.0)
        return Batch({"ids": ids, "goal": goal, "spoilt": spoilt}, counts, int((ids > 0).sum()))

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        import torch

        network: Any = self.network
        ids, goal = batch.inputs["ids"], batch.inputs["goal"]
        hidden = network["reader"](input_ids=ids, attention_mask=(ids > 0).long()).last_hidden_state
        logits = network["head"](hidden[goal >= 0]).float()
        total = torch.nn.functional.cross_entropy(logits, goal[goal >= 0], reduction="sum")
        return {"masked": total + batch.inputs["spoilt"]}

    def evaluate(self) -> Mapping[str, float]:
        found = self.batch(range(8), Key(7, 0))
        return {"loss": float(self.loss(found)["masked"].detach()) / found.counts["masked"]}


@block
class ToyStage(Stage):
    """Trains a ToyLearner. ``kill_rank``: this process kills itself at the first step after ``kill_step``, once, where
    the file ``kill_file`` is not there yet. ``slow_s``: seconds that each step takes at least."""

    base: Any = None
    schedule: Schedule = Schedule(steps=10, batch_tokens=128, micro_tokens=64, precision="float32")
    dropout: float = 0.1
    kill_rank: int = -1
    kill_step: int = 0
    kill_file: str = ""
    slow_s: float = 0.0
    weights: str = ""
    shelf: str = ""

    operational = ("shelf", "kill_rank", "kill_step", "kill_file", "slow_s")

    @property
    def reads_pairs(self) -> bool:
        return False

    def data_hash(self, pairs: Pairs) -> str:
        return "toy"

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        learner = _Trapped(self, work.seed)
        record = fit(learner, self.schedule, seed=work.seed, state=work.state, identity=work.identity, tell=work.tell)
        from safetensors.torch import save_file

        weights = {name: weight.detach().cpu().clone() for name, weight in learner.network.state_dict().items()}
        save_file(weights, work.folder / "model.safetensors")
        (work.folder / "config.json").write_bytes(orjson.dumps({"model_type": "toy"}))
        return record, {"rows": len(learner.rows)}


class _Trapped(ToyLearner):
    """Kills its process, or takes its time, where the stage says so."""

    def __init__(self, stage: ToyStage, seed: int) -> None:
        super().__init__(seed=seed, dropout=stage.dropout)
        self._stage = stage
        self._passes = 0

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        stage = self._stage
        time.sleep(stage.slow_s)
        self._passes += 1
        file = Path(stage.kill_file)
        if int(os.environ.get("RANK", "0")) == stage.kill_rank and self._passes > stage.kill_step and not file.exists():
            file.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().batch(rows, key)
