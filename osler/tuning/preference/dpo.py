"""Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290): preferences learnt without a reward model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.preference.ranked import preferences_of, rows_hash
from osler.tuning.preference.reward_model import refuse_seen, split_by_prompt
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Stage, Work
from osler.tuning.trainer.loop import Record, fit


@block
class DPO(Stage):
    """``base`` moved towards the chosen and away from the rejected replies of ``data``; the base itself is the reference.

    beta: how dearly distance from the base is paid. loss: "sigmoid" (equation 7), or "ipo" (Azar et al. 2023,
    arXiv:2310.12036, equation 17), which does not push further once the margin is 1 / (2 beta). smoothing: the share of
    preferences taken to be wrong (conservative DPO). keep: weight of the chosen reply's own log-loss, against the fall of
    both replies' chances. length: most tokens of prompt and reply. held_out: share of prompts, by hash, that is not
    learnt from. test: a block of rows whose prompts must not be among those learnt from.

    The reference's log-probabilities are computed once before the first step, so the loss begins at 0.6931.
    """

    base: Any
    data: Any
    beta: float = 0.1
    loss: Literal["sigmoid", "ipo"] = "sigmoid"
    smoothing: float = 0.0
    keep: float = 0.0
    length: int = 512
    held_out: float = 0.1
    test: Any = None
    adapter: Any = None
    schedule: Schedule = Schedule(batch_rows=16, learning_rate=5e-5, weight_decay=0.0)
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if self.beta <= 0:
            raise SpecError(f"dpo.beta must be above 0, got {self.beta}", hint="beta = 0.1")
        if not 0 <= self.smoothing < 0.5 or not 0 <= self.held_out < 1 or self.keep < 0:
            raise SpecError("dpo.smoothing must be below 0.5, held_out below 1 and keep not below 0")

    @property
    def reads_pairs(self) -> bool:
        return False

    def data_hash(self, pairs: Pairs) -> str:
        return rows_hash(preferences_of(self.data))

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        from osler.tuning.preference.causal import adapted_network, causal_of, write
        from osler.tuning.preference.chat_rows import ChatRows
        from osler.tuning.preference.dpo_learning import DPOLearner
        from osler.tuning.trainer.processes import device_of

        rows, held = split_by_prompt(preferences_of(self.data), self.held_out)
        test = preferences_of(self.test) if self.test is not None else []
        refuse_seen(rows, [row.prompt for row in test])
        network, tokenizer = causal_of(work.base)
        chat = ChatRows(tokenizer, self.length)
        learner = DPOLearner(network.to(device_of()), chat, rows, held, self, weight=getattr(self.data, "weight", None))
        learner.network = adapted_network(network, self.adapter, seed=work.seed)
        record = fit(learner, self.schedule, seed=work.seed, state=work.state, identity=work.identity, tell=work.tell)
        about: dict[str, Any] = {"pairs": len(rows), "held_out_pairs": len(held), "cut": chat.cut}
        about |= {f"held_out_{name}": value for name, value in learner.figures().items()}
        write(network, tokenizer, work.folder, adapter=self.adapter, base=work.base)
        return record, about
