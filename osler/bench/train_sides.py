"""The sides of the benchmark of training: Osler's trainer, transformers' Trainer, and TRL's, on one contest."""

from __future__ import annotations

import importlib
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from osler.bench.train_contests import SEED, Contest, collated
from osler.core.block import replace
from osler.tuning.trainer.loop import fit

OURS, OURS_PLAIN = "osler", "osler in float32"
TRL, PLAIN = "trl", "transformers"
WISHES: Mapping[str, float] = {TRL: 2.0, PLAIN: 1.5}
Kind = Literal["osler", "Trainer", "SFTTrainer", "DPOTrainer"]


class Side(NamedTuple):
    """``settings``: of the trainer's arguments. ``own_order``: it orders rows itself, else it is given Osler's batches."""

    name: str
    kind: Kind
    precision: str = "float32"
    settings: Mapping[str, Any] = {}
    own_order: bool = False

    @property
    def needs(self) -> str:
        return TRL if self.kind in ("SFTTrainer", "DPOTrainer") else ""

    @property
    def wish(self) -> float:
        return 0.0 if self.kind == "osler" else WISHES[self.needs or PLAIN]


_OSLER = (Side(OURS, "osler", "bfloat16"), Side(OURS_PLAIN, "osler"))
_TRAINER = (Side("Trainer", "Trainer"), Side("Trainer, bf16", "Trainer", "bfloat16"))
_KEPT = {"gradient_checkpointing": True}
SIDES: Mapping[str, tuple[Side, ...]] = {
    "masked": (*_OSLER, *_TRAINER),
    "next": (*_OSLER, *_TRAINER),
    "sft": (
        *_OSLER,
        Side("SFTTrainer", "SFTTrainer"),
        Side("SFTTrainer, bf16", "SFTTrainer", "bfloat16"),
        Side("SFTTrainer as it comes (bf16, checkpointing)", "SFTTrainer", "bfloat16", _KEPT),
        *_TRAINER,
    ),
    "dpo": (
        *_OSLER,
        Side("DPOTrainer", "DPOTrainer"),
        Side("DPOTrainer as it comes (bf16, checkpointing)", "DPOTrainer", "bfloat16", _KEPT),
        Side("DPOTrainer, bf16, reference precomputed", "DPOTrainer", "bfloat16", {"precompute_ref_log_probs": True}),
    ),
    "classifier": (
        *_OSLER,
        Side("Trainer, random batches", "Trainer", own_order=True),
        Side("Trainer, group_by_length", "Trainer", "float32", {"train_sampling_strategy": "group_by_length"}, True),
        Side("Trainer, group_by_length, bf16", "Trainer", "bfloat16", {"train_sampling_strategy": "group_by_length"}, True),
    ),
}  # fmt: skip
PEERS: Mapping[str, Side] = {  # of the loss curves: float32, the same batches in the same order
    "masked": SIDES["masked"][2],
    "next": SIDES["next"][2],
    "sft": SIDES["sft"][2],
    "dpo": SIDES["dpo"][2],
    "classifier": Side("Trainer, the same batches", "Trainer"),
}


@dataclass(frozen=True)
class Ran:
    """One training: CPU seconds, and the loss of each step."""

    cpu_s: float
    losses: list[float]


def run(contest: Contest, side: Side, steps: int = 0) -> Ran:
    """Train a fresh network for ``steps`` steps (0: all of them). Timed are the steps, and the reference where it is read
    before them; of Osler also its setting up, of the others not."""
    return _osler(contest, side, steps) if side.kind == "osler" else _peer(contest, side, steps)


def _osler(contest: Contest, side: Side, steps: int) -> Ran:
    schedule = replace(contest.schedule, precision=side.precision, steps=steps or contest.schedule.steps)
    network = contest.fresh()
    marks = [time.process_time()]
    learner = contest.learner(network, side.precision)
    record = fit(learner, schedule, seed=SEED, tell=lambda _: marks.append(time.process_time()))
    return Ran(marks[-1] - marks[0], [row["loss"] for row in record.curve])


def _peer(contest: Contest, side: Side, steps: int) -> Ran:
    with _quiet(), tempfile.TemporaryDirectory() as folder:
        network = contest.reader(contest.fresh())
        trainer = _trainer(contest, side, network, steps or contest.schedule.steps, folder)
        trainer.train()
    spent = trainer.marks[-1] - trainer.marks[0] + sum(trainer.before)
    return Ran(spent, [float(one) for one in trainer.losses])


def _trainer(contest: Contest, side: Side, network: Any, steps: int, folder: str) -> Any:
    module = importlib.import_module(side.needs or PLAIN)
    kind = _with_order(getattr(module, side.kind))
    kind.steps = [] if side.own_order else contest.order(steps)
    kind.losses, kind.marks, kind.before = [], [], []
    arguments = {**_arguments(contest, side, steps, folder), **side.settings}
    made: dict[str, Any] = {"model": network, "train_dataset": _rows(contest, side)}
    if side.kind == "Trainer":
        made |= {"args": module.TrainingArguments(**arguments), "data_collator": collated}
    elif side.kind == "SFTTrainer":
        arguments |= {"max_length": None, "dataset_kwargs": {"skip_prepare_dataset": True}}
        made |= {"args": module.SFTConfig(**arguments), "processing_class": contest.tokenizer}
    else:
        arguments |= {"max_length": None, "beta": 0.1}
        made |= {"args": module.DPOConfig(**arguments), "processing_class": contest.tokenizer}
    trainer = kind(**made)
    from transformers.trainer_callback import PrinterCallback, TrainerCallback

    class Ended(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *given: Any, **named: Any) -> None:
            kind.marks.append(time.process_time())

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Ended)
    return trainer


def _arguments(contest: Contest, side: Side, steps: int, folder: str) -> dict[str, Any]:
    held = contest.schedule
    return {
        "output_dir": folder,
        "use_cpu": True,
        "bf16": side.precision == "bfloat16",
        "gradient_checkpointing": False,
        "per_device_train_batch_size": held.batch_rows,
        "max_steps": steps,
        "learning_rate": held.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": 0,
        "weight_decay": held.weight_decay,
        "max_grad_norm": held.clip,
        "adam_beta1": held.betas[0],
        "adam_beta2": held.betas[1],
        "seed": SEED,
        "logging_strategy": "no",
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }


def _rows(contest: Contest, side: Side) -> Any:
    if not side.needs:
        return list(contest.items)
    return importlib.import_module("datasets").Dataset.from_list([dict(one) for one in contest.items])


def _with_order(base: Any) -> Any:
    """The trainer with batches in a given order, the loss of each step kept, and CPU seconds marked where steps begin and
    spent before them on the reference. Its step is untouched."""

    class Ordered(base):  # type: ignore[misc]
        steps: list[list[int]]
        losses: list[Any]
        marks: list[float]
        before: list[float]

        def get_train_dataloader(self) -> Any:
            from torch.utils.data import DataLoader

            if not self.steps:
                return super().get_train_dataloader()
            return DataLoader(self.train_dataset, batch_sampler=self.steps, collate_fn=self.data_collator)

        def training_step(self, *given: Any, **named: Any) -> Any:
            self.marks.append(time.process_time())
            return super().training_step(*given, **named)

        def _precompute_ref_logps(self, *given: Any, **named: Any) -> Any:
            begun = time.process_time()
            found = super()._precompute_ref_logps(*given, **named)
            self.before.append(time.process_time() - begun)
            return found

        def compute_loss(self, *given: Any, **named: Any) -> Any:
            found = super().compute_loss(*given, **named)
            self.losses.append((found[0] if isinstance(found, tuple) else found).detach())
            return found

        def _prepare_dataset(self, dataset: Any, *given: Any, **named: Any) -> Any:
            return dataset  # rows are ids already, the same as Osler's

    return Ordered


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings and bars of other trainers."""
    from osler.models.quiet import quiet

    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        yield


def reinforced(folder: str, wide: bool, steps: int) -> dict[str, float]:
    """CPU seconds of a step of Osler's GRPO and PPO on the decoder in ``folder``: 16 replies of 32 tokens each."""
    from osler.models.local import Local
    from osler.tuning.preference.grpo import GRPO
    from osler.tuning.preference.invented import InventedTalks
    from osler.tuning.preference.lexicographic import Says
    from osler.tuning.preference.ppo import PPO
    from osler.tuning.schedule import Schedule
    from osler.tuning.stage import made

    shared: dict[str, Any] = {
        "base": Local(path=folder), "prompts": InventedTalks(diseases=8), "reward": Says(pattern="a"), "new_tokens": 32 if wide else 4
    }  # fmt: skip
    plain = Schedule(
        steps=steps, learning_rate=1e-5, warm_up=0.0, decay="constant", weight_decay=0.0, precision="float32"
    )
    stages: Mapping[str, Callable[[], Any]] = {
        "GRPO, 4 prompts x 4 replies": lambda: GRPO(**shared, group=4, schedule=replace(plain, batch_rows=4)),
        "PPO, 16 prompts, 4 inner passes": lambda: PPO(**shared, schedule=replace(plain, batch_rows=16)),
    }
    out = {}
    for name, stage in stages.items():
        with tempfile.TemporaryDirectory() as shelf:
            record = made(stage(), shelf=shelf).held.manifest["record"]
            out[name] = record["cpu_seconds"] / steps
    return out
