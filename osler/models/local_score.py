"""Log-probabilities of choices under a local model: sums over the tokens of each choice as a continuation."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from osler.core.errors import ModelError
from osler.models.batching import batches

if TYPE_CHECKING:
    from osler.models.local_engine import Engine, ScoreJob


def score(engine: Engine, jobs: Sequence[ScoreJob]) -> list[Any]:
    """(log-probability of each choice, tokens read) for each job, or the error of that job."""
    return _score_seq2seq(engine, jobs) if engine.kind == "seq2seq" else _score_causal(engine, jobs)


def _score_causal(engine: Engine, jobs: Sequence[ScoreJob]) -> list[Any]:
    """Rows are whole texts without their last token, right-padded: what stands right of a token cannot reach it.

    A row that begins another row of the same job is not run: single-token choices, such as letters, cost one row.
    """
    out: list[Any] = [None] * len(jobs)
    rows: list[list[int]] = []
    wanted: list[tuple[int, int, int, list[int], int]] = []  # job, choice, row, whole text, first scored token
    for number, job in enumerate(jobs):
        try:
            wholes, start = _continued(engine, job)
        except ModelError as error:
            out[number] = error
            continue
        out[number] = [0.0] * len(job.choices), max(map(len, wholes))
        first = len(rows)
        for place in sorted(range(len(wholes)), key=lambda place: -len(wholes[place])):
            read = wholes[place][:-1]
            row = next((at for at in range(first, len(rows)) if rows[at][: len(read)] == read), None)
            if row is None:
                rows.append(read)
                row = len(rows) - 1
            wanted.append((number, place, row, wholes[place], start))
    for batch in batches([(len(row), None) for row in rows], engine.local.max_batch_tokens):
        at = {row: place for place, row in enumerate(batch)}
        held = [item for item in wanted if item[2] in at]
        first = min(start for *_, start in held) - 1
        logp = _log_probabilities(engine, [rows[row] for row in batch], first)
        for number, place, row, whole, start in held:
            picked = [logp[at[row], spot - 1 - first, whole[spot]] for spot in range(start, len(whole))]
            out[number][0][place] = float(sum(float(value) for value in picked))
    return out


def _continued(engine: Engine, job: ScoreJob) -> tuple[list[list[int]], int]:
    """The token ids of the prompt with each choice, and the first token that is not the same for all of prompt.

    Prompt and choice are tokenized together, as the model would meet them. Where a token spans the border, scoring
    starts before it, at the same place for every choice, so the sums stay comparable.
    """
    text = engine.prompt_text(job.messages, scoring=True)
    base = engine.tokens(text)
    wholes = [engine.tokens(f"{text} {choice}") for choice in job.choices]
    start = min(_common(base, whole) for whole in wholes)
    start = max(1, min(start, *(len(whole) - 1 for whole in wholes)))
    engine.need_room(max(map(len, wholes)))
    return wholes, start


def _log_probabilities(engine: Engine, rows: Sequence[Sequence[int]], first: int) -> Any:
    """``[rows, positions from first on, vocabulary]`` float32; only these positions go through the language head."""
    import torch

    ids, mask = engine.padded(rows)
    spots = torch.arange(first, ids.shape[1], device=engine.device)
    if "logits_to_keep" in inspect.signature(engine.model.forward).parameters:
        logits = engine.model(input_ids=ids, attention_mask=mask, logits_to_keep=spots, use_cache=False).logits
    else:
        logits = engine.model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, first:]
    return torch.log_softmax(logits.float(), dim=-1).cpu()


def _score_seq2seq(engine: Engine, jobs: Sequence[ScoreJob]) -> list[Any]:
    """Every prompt is encoded once; the decoder rows of its choices share that. The end token is not scored."""
    import torch

    sources = [engine.tokens(engine.prompt_text(job.messages)) for job in jobs]
    out: list[Any] = [None] * len(jobs)
    start = engine.model.config.decoder_start_token_id
    for batch in batches(
        [(len(row) * max(1, len(job.choices) // 4), None) for row, job in zip(sources, jobs, strict=True)],
        engine.local.max_batch_tokens,
    ):
        ids, mask = engine.padded([sources[row] for row in batch])
        encoded = engine.model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
        targets = [
            (place, engine.tokenizer(choice, add_special_tokens=False)["input_ids"] or [engine.pad])
            for place, row in enumerate(batch)
            for choice in jobs[row].choices
        ]
        owner = torch.tensor([place for place, _ in targets], device=engine.device)
        inputs, _ = engine.padded([[start, *target[:-1]] for _, target in targets])
        logits = engine.model(
            encoder_outputs=(encoded[owner],), attention_mask=mask[owner], decoder_input_ids=inputs, use_cache=False
        ).logits
        logp = torch.log_softmax(logits.float(), dim=-1).cpu()
        sums = [
            float(sum(float(logp[row, spot, token]) for spot, token in enumerate(target)))
            for row, (_, target) in enumerate(targets)
        ]
        for row in batch:
            taken, sums = sums[: len(jobs[row].choices)], sums[len(jobs[row].choices) :]
            out[row] = taken, len(sources[row])
    return out


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)
