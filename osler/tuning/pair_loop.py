"""The loop that trains a cross-encoder, in torch. Imported only when something is trained."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.core.errors import ModelError, SpecError
from osler.models.cross_encoder_engine import padded, pair_ids
from osler.models.local_engine import read_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osler.tuning.pair_training import Judged, Listed, PairTraining, Progress

_POOL = 16  # batches whose cases are sorted by length together: little padding, and still another order each epoch
# Share by which a length may count as longer or shorter there: sorted strictly, a batch could hold one label alone.
_JITTER = 0.25
_CLIP = 1.0  # largest norm of a gradient
_RECENT = 20  # steps that the told loss is the mean of


def fit(
    cases: Sequence[Listed] | Sequence[Judged],
    base: Path,
    folder: Path,
    settings: PairTraining,
    labels: tuple[str, ...],
    tell: Callable[[Progress], None] | None = None,
) -> list[float]:
    """Train from the weights in ``base``, save weights, configuration and tokenizer in ``folder``; the loss of each step."""
    from osler.tuning.pair_training import Judged, Progress

    tokenizer = read_tokenizer(str(base), True, "")
    import torch

    rows = [_rows(tokenizer, case, settings.max_length) for case in cases]
    targets = [labels.index(case.label) if isinstance(case, Judged) else 0 for case in cases]
    order = list(_batches([max(len(row["input_ids"]) for row in case) for case in rows], settings))
    losses: list[float] = []
    started = time.monotonic()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = _network(base, labels)
        _freeze(network, settings.frozen_layers)
        optimizer, schedule = _optimizer(network, settings, len(order))
        network.train()
        for step, batch in enumerate(order, 1):
            loss = _loss(network, tokenizer, [rows[row] for row in batch], [targets[row] for row in batch], settings)
            losses.append(float(loss.detach()))
            if not math.isfinite(losses[-1]):
                raise ModelError(
                    f"the loss was no number at step {step} of {len(order)}",
                    hint="lower learning_rate, or set bfloat16 = false",
                    kind="training",
                )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP)
            optimizer.step()
            schedule.step()
            if tell is not None:
                gone, recent = time.monotonic() - started, losses[-_RECENT:]
                left = gone / step * (len(order) - step)
                tell(Progress(step, len(order), sum(recent) / len(recent), gone, left))
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return losses


def _rows(tokenizer: Any, case: Listed | Judged, length: int) -> list[dict[str, list[int]]]:
    texts = (case[1],) if isinstance(case[1], str) else case[1]
    return pair_ids(tokenizer, [(case[0], text) for text in texts], length)


def _batches(lengths: Sequence[int], settings: PairTraining) -> Iterator[list[int]]:
    """Cases of each step, ``batch`` at a time: in every epoch another order, cases of like length together."""
    draw = random.Random(settings.seed)
    for _ in range(settings.epochs):
        order = list(range(len(lengths)))
        draw.shuffle(order)
        made = []
        for start in range(0, len(order), _POOL * settings.batch):
            counted = {
                row: lengths[row] * draw.uniform(1 - _JITTER, 1 + _JITTER)
                for row in order[start : start + _POOL * settings.batch]
            }
            pool = sorted(counted, key=counted.__getitem__)
            made += [pool[place : place + settings.batch] for place in range(0, len(pool), settings.batch)]
        draw.shuffle(made)
        yield from made


def _loss(network: Any, tokenizer: Any, cases: Sequence[Any], targets: Sequence[int], settings: PairTraining) -> Any:
    """Mean cross-entropy: over the texts of each list (listwise softmax), or over the labels of each pair."""
    import torch

    inputs = padded([row for case in cases for row in case], tokenizer.pad_token_id or 0, network.device)
    with torch.autocast(network.device.type, dtype=torch.bfloat16, enabled=settings.bfloat16):
        logits = network(**inputs).logits.float()
    if logits.shape[1] > 1:
        return torch.nn.functional.cross_entropy(logits, torch.tensor(targets, device=logits.device))
    parts = logits[:, 0].split([len(case) for case in cases])
    return torch.stack([torch.logsumexp(part, 0) - part[0] for part in parts]).mean()


def _network(base: Path, labels: tuple[str, ...]) -> Any:
    """The base with a new head: one output for each label."""
    import transformers

    names = dict(enumerate(labels))
    with _quiet():
        return transformers.AutoModelForSequenceClassification.from_pretrained(
            base,
            num_labels=len(labels),
            id2label=names,
            label2id={name: place for place, name in names.items()},
            local_files_only=True,
            dtype="float32",
        )


def _freeze(network: Any, layers: int) -> None:
    if not layers:
        return
    body = network.base_model
    held = getattr(getattr(body, "encoder", None), "layer", None)
    if held is None or not hasattr(body, "embeddings") or layers > len(held):
        raise SpecError(
            f"the base has not {layers} layers that could be frozen", hint="set frozen_layers = 0, or fewer layers"
        )
    for part in (body.embeddings, *held[:layers]):
        part.requires_grad_(requires_grad=False)


def _optimizer(network: Any, settings: PairTraining, steps: int) -> tuple[Any, Any]:
    """AdamW without decay of biases and norms, and the learning rate's way up and down."""
    import torch

    learning = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    decayed = [weight for _, weight in learning if weight.ndim > 1]
    others = [weight for _, weight in learning if weight.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=settings.learning_rate,
    )
    rising = max(1, round(settings.warm_up * steps))

    def share(step: int) -> float:
        return (step + 1) / rising if step < rising else max(0.0, (steps - step) / max(1, steps - rising))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, share)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warning that the head is new: it is meant to be."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)
