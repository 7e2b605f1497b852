"""Replies of a trained model to many prompts at once, the best of several by a reward, and how likely given replies are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from osler.tuning.preference.reward import Asked, Scorer

_ROWS = 256  # replies drawn in one batch


class Writer:
    """The network of ``base`` ready to draw replies; ``length``: most tokens of a prompt and its reply."""

    def __init__(self, base: Any, *, length: int = 1024) -> None:
        from osler.tuning.preference.causal import causal_of
        from osler.tuning.preference.chat_rows import ChatRows
        from osler.tuning.trainer.processes import device_of

        network, tokenizer = causal_of(base)
        self.network = network.to(device_of())
        self.chat = ChatRows(tokenizer, length)

    def replies(
        self, asked: Sequence[Asked], *, n: int = 1, tokens: int = 64, temperature: float = 1.0, seed: int = 0
    ) -> list[list[str]]:
        """``n`` replies to each prompt; the same for the same seed, whatever else is asked. temperature 0: the likeliest."""
        from osler.tuning.preference.sampling import sample

        prompts = [self.chat.prompt(one.prompt, room=tokens) for one in asked for _ in range(n)]
        uniform = np.concatenate(
            [np.random.default_rng((seed, row)).random((n, tokens)) for row in range(len(asked))]
        ) if asked else np.zeros((0, tokens))  # fmt: skip
        texts: list[str] = []
        for start in range(0, len(prompts), _ROWS):
            part = slice(start, start + _ROWS)
            found = sample(
                self.network,
                prompts[part],
                uniform[part],
                ends={self.chat.end, self.chat.tokenizer.eos_token_id},
                pad=self.chat.pad,
                temperature=temperature,
            )
            texts += [self.chat.text(reply) for reply in found]
        return [texts[at : at + n] for at in range(0, len(texts), n)]

    def logprobs(self, asked: Sequence[Asked], replies: Sequence[Sequence[str]]) -> list[list[tuple[float, int]]]:
        """(log-probability, tokens) of each of the given replies to each prompt, with the end that closes it."""
        import torch

        from osler.tuning.preference.reply_tokens import padded, read, summed

        rows = [self.chat.row(one.prompt, given) for one, given in zip(asked, replies, strict=True)]
        flat = [(prompt, reply) for prompt, given in rows for reply in given]
        values: list[tuple[float, int]] = []
        with torch.inference_mode():
            for start in range(0, len(flat), _ROWS):
                part = flat[start : start + _ROWS]
                device = next(self.network.parameters()).device
                batch = padded([row[0] for row in part], [row[1] for row in part], self.chat.pad, device)
                found = summed(read(self.network, batch).logprobs, batch).tolist()
                values += [(value, len(row[1])) for value, row in zip(found, part, strict=True)]
        out, at = [], 0
        for _, given in rows:
            out.append(values[at : at + len(given)])
            at += len(given)
        return out


class Best(NamedTuple):
    """The reply of highest reward for each prompt, its reward, and the mean reward of all that were drawn."""

    replies: list[str]
    rewards: list[float]
    mean: float


def best_of(drawn: Sequence[Sequence[str]], asked: Sequence[Asked], score: Scorer) -> Best:
    """Best-of-n: of the replies ``drawn`` to each prompt the one that ``score`` values most, the first of equals."""
    flat = [one for one, texts in zip(asked, drawn, strict=True) for _ in texts]
    values = score(flat, [text for texts in drawn for text in texts])
    chosen, rewards, at = [], [], 0
    for texts in drawn:
        part = values[at : at + len(texts)]
        at += len(texts)
        top = max(range(len(part)), key=lambda place: part[place])
        chosen.append(texts[top])
        rewards.append(part[top])
    return Best(chosen, rewards, sum(values) / max(1, len(values)))
