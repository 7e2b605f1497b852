"""The learner of direct preference optimisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from osler.tuning.preference.chat_rows import ChatRows
from osler.tuning.preference.preference import Preference
from osler.tuning.preference.reply_tokens import Padded, padded, read, summed
from osler.tuning.trainer.learner import Batch, Key, Learner
from osler.tuning.trainer.order import passes

if TYPE_CHECKING:
    import torch

    from osler.tuning.preference.dpo import DPO

_TOKENS = 8192  # padded tokens of one forward pass when nothing is learnt


def dpo_loss(
    chosen: torch.Tensor, rejected: torch.Tensor, *, beta: float, loss: str = "sigmoid", smoothing: float = 0.0
) -> torch.Tensor:
    """The loss of each pair ``[n]``. chosen and rejected: log-probabilities of the replies less those by the reference."""
    import torch

    margin = chosen - rejected
    if loss == "ipo":
        return (margin - 1 / (2 * beta)) ** 2
    sigmoid = torch.nn.functional.logsigmoid
    return -(1 - smoothing) * sigmoid(beta * margin) - smoothing * sigmoid(-beta * margin)


class DPOLearner(Learner):
    """Pairs with the reference's log-probabilities, which the network has before it learns."""

    def __init__(
        self,
        network: Any,
        chat: ChatRows,
        rows: Sequence[Preference],
        held: Sequence[Preference],
        stage: DPO,
        *,
        weight: Callable[[str], float] | None = None,
    ) -> None:
        self.chat, self.stage, self.rows = chat, stage, rows
        self._ids = [chat.row(row.prompt, (row.chosen, row.rejected)) for row in (*rows, *held)]
        self._weights = [weight(row.by) if weight is not None else 1.0 for row in (*rows, *held)]
        self._held = range(len(rows), len(rows) + len(held))
        self._sums: dict[str, float] = {}
        self.shares = {"preference": 1.0, "keep": stage.keep}
        sizes = [2 * (len(prompt) + max(map(len, replies))) for prompt, replies in self._ids]
        super().__init__(network, sizes[: len(rows)])
        self._sizes = sizes
        self._reference = self._of_all(network)

    def _of_all(self, network: Any) -> list[tuple[float, float]]:
        """Log-probabilities (chosen, rejected) of every row by ``network``."""
        import torch

        found = [(0.0, 0.0)] * len(self._ids)
        device = next(network.parameters()).device.type
        order = sorted(range(len(self._ids)), key=lambda at: self._sizes[at])
        bf16 = self.stage.schedule.precision == "bfloat16"
        with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16, enabled=bf16):
            for piece in passes(order, self._sizes, _TOKENS):
                batch = self._padded(piece)
                values = summed(read(network, batch).logprobs, batch).tolist()
                for at, row in enumerate(piece):
                    found[row] = (values[at], values[len(piece) + at])
        return found

    def _padded(self, rows: Sequence[int]) -> Padded:
        """Chosen replies first, then the rejected ones of the same rows."""
        prompts = [self._ids[row][0] for row in rows]
        replies = [self._ids[row][1][which] for which in (0, 1) for row in rows]
        return padded([*prompts, *prompts], replies, self.chat.pad, next(self.network.parameters()).device)

    def ids(self, rows: Sequence[int]) -> Sequence[str]:
        return [self.rows[row].id for row in rows]

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        import torch

        made = self._padded(rows)
        device = made.ids.device
        reference = torch.tensor([self._reference[row] for row in rows], device=device)
        weights = torch.tensor([self._weights[row] for row in rows], device=device)
        counts = {"preference": float(weights.sum())}
        if self.stage.keep:
            counts["keep"] = float(made.filled[: len(rows)].sum())
        return Batch({"padded": made, "reference": reference, "weights": weights}, counts, int(made.mask.sum()))

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        held: Padded = batch.inputs["padded"]
        reference, weights = batch.inputs["reference"], batch.inputs["weights"]
        pairs = len(reference)
        logprobs = read(self.network, held).logprobs
        whole = summed(logprobs, held)
        chosen, rejected = whole[:pairs] - reference[:, 0], whole[pairs:] - reference[:, 1]
        stage = self.stage
        lost = dpo_loss(chosen, rejected, beta=stage.beta, loss=stage.loss, smoothing=stage.smoothing) * weights
        found = {"preference": lost.sum()}
        if stage.keep:
            found["keep"] = -logprobs[held.rows < pairs].sum()
        margin = (chosen - rejected).detach()
        self._add("accuracy", float((margin > 0).float().sum() + 0.5 * (margin == 0).float().sum()))
        self._add("margin", stage.beta * float(margin.sum()))
        self._add("chosen", float(chosen.detach().sum()))
        self._add("rejected", float(rejected.detach().sum()))
        self._add("pairs", pairs)
        return found

    def _add(self, name: str, value: float) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + value

    def seen(self) -> Mapping[str, float]:
        """Of the last step: share of pairs in the right order, mean margin (beta times the log-ratio difference), and by
        how much the replies' log-probabilities have moved from the reference."""
        held, self._sums = self._sums, {}
        n = held.pop("pairs", 0.0)
        return {name: value / n for name, value in held.items()} if n else {}

    def evaluate(self) -> Mapping[str, float]:
        return self.figures()

    def figures(self) -> dict[str, float]:
        """Loss, accuracy and margin on the held-out rows; nothing where there are none."""
        import torch

        if not len(self._held):
            return {}
        before = self._sums
        self._sums, lost, weights = {}, 0.0, 0.0
        with torch.inference_mode():
            for piece in passes(list(self._held), self._sizes, _TOKENS):
                batch = self.batch(piece, Key(0, 0))
                lost += float(self.loss(batch)["preference"])
                weights += batch.counts["preference"]
        found = {"loss": lost / max(weights, 1e-9), **self.seen()}
        self._sums = before
        return found
