"""Text from a local model, token by token: every row keeps its own temperature, seed and length."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from osler.core.errors import ModelError
from osler.models.batching import batches

if TYPE_CHECKING:
    from osler.models.local_engine import Engine, GenerateJob


@dataclass(slots=True)
class _Row:
    """A text being written."""

    number: int
    prompt: list[int]
    limit: int
    temperature: float
    random: np.random.Generator
    written: list[int] = field(default_factory=list)
    finish: str = ""

    def take(self, logits: Any, ends: frozenset[int]) -> int:
        """The next token from ``logits [vocabulary]``: the likeliest, or drawn with this row's own numbers."""
        if self.finish:
            return self.prompt[-1]  # the row waits for the others; what it reads no longer matters
        if self.temperature == 0:
            token = int(np.argmax(logits))
        else:
            scaled = (logits - logits.max()).astype(np.float64) / self.temperature
            shares = np.cumsum(np.exp(scaled))
            token = int(np.searchsorted(shares, self.random.random() * shares[-1], side="right"))
            token = min(token, len(shares) - 1)
        if token in ends:
            self.finish = "stop"
        else:
            self.written.append(token)
            if len(self.written) >= self.limit:
                self.finish = "length"
        return token


def generate(engine: Engine, jobs: Sequence[GenerateJob]) -> list[Any]:
    """A ``Written`` for each job, or the error of that job."""
    from osler.models.local_engine import Written

    out: list[Any] = [None] * len(jobs)
    rows: list[_Row] = []
    for number, job in enumerate(jobs):
        try:
            rows.append(_begin(engine, number, job))
        except ModelError as error:
            out[number] = error
    sizes = [(len(row.prompt) + row.limit, None) for row in rows]
    for batch in batches(sizes, engine.local.max_batch_tokens):
        held = [rows[at] for at in batch]
        if engine.kind == "seq2seq":
            _write_seq2seq(engine, held)
        else:
            _write_causal(engine, held)
        for row in held:
            text = engine.tokenizer.decode(row.written, skip_special_tokens=True)
            out[row.number] = Written(text.strip(), len(row.prompt), len(row.written), row.finish)
    return out


def _begin(engine: Engine, number: int, job: GenerateJob) -> _Row:
    prompt = engine.tokens(engine.prompt_text(job.messages))
    if not prompt:
        raise ModelError("a local model was given an empty prompt", hint="give a question", kind="empty")
    limit = job.max_tokens
    if engine.context is not None:
        engine.need_room(len(prompt) + 1)
        limit = min(limit, engine.context - len(prompt))
    return _Row(number, prompt, limit, job.temperature, np.random.default_rng([abs(item) for item in job.seed]))


def _write_causal(engine: Engine, rows: Sequence[_Row]) -> None:
    """Prompts are padded on the left, so that all rows write at the same place; positions count real tokens only."""
    import torch

    ids, mask = engine.padded([row.prompt for row in rows], left=True)
    takes = inspect.signature(engine.model.forward).parameters
    cache: Any = None
    while True:
        given: dict[str, Any] = {"input_ids": ids, "attention_mask": mask, "past_key_values": cache, "use_cache": True}
        if "position_ids" in takes:
            given["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        if "logits_to_keep" in takes:
            given["logits_to_keep"] = 1
        found = engine.model(**given)
        cache = found.past_key_values
        tokens = _next(engine, rows, found.logits[:, -1])
        if tokens is None:
            return
        ids = tokens[:, None]
        mask = torch.cat([mask, torch.ones_like(ids)], dim=1)


def _write_seq2seq(engine: Engine, rows: Sequence[_Row]) -> None:
    import torch

    ids, mask = engine.padded([row.prompt for row in rows])
    encoded = (engine.model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state,)
    start = engine.model.config.decoder_start_token_id
    tokens = torch.full((len(rows),), start, dtype=torch.long, device=engine.device)
    cache: Any = None
    while tokens is not None:
        found = engine.model(
            encoder_outputs=encoded,
            attention_mask=mask,
            decoder_input_ids=tokens[:, None],
            past_key_values=cache,
            use_cache=True,
        )
        cache = found.past_key_values
        tokens = _next(engine, rows, found.logits[:, -1])


def _next(engine: Engine, rows: Sequence[_Row], logits: Any) -> Any:
    """The next token of every row ``[n]``, or None when all have finished."""
    import torch

    values = logits.float().cpu().numpy()
    tokens = [row.take(values[at], engine.ends) for at, row in enumerate(rows)]
    if all(row.finish for row in rows):
        return None
    return torch.tensor(tokens, dtype=torch.long, device=engine.device)
