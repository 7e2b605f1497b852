"""What a trained language model gives to a text: nats of each secret behind its words, losses of whole texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import DataError, SpecError
from osler.core.types import Message, Part
from osler.models.adapter import adapted
from osler.models.local import Local
from osler.models.local_text import prompt_ids, render
from osler.models.quiet import quiet
from osler.tuning.disclosure.canaries import Canary
from osler.tuning.pretrain_figures import Losses, masked_loss
from osler.tuning.trainer.order import passes

Doubles = NDArray[np.float64]
_NUMBERS = 1 << 24  # logits that are held at once


class Told(NamedTuple):
    """costs: nats of each filling ``[n]``. first: whether the first filling is what greedy decoding says behind the
    words; of a masked model, whether it is likeliest at each place."""

    costs: Doubles
    first: bool


class Reader:
    """A model folder (decoder, adapter or masked encoder) in memory. ModelError where it has no head of words."""

    def __init__(self, folder: str | Path) -> None:
        import torch
        import transformers

        from osler.tuning.networks.encoder_heads import loaded

        self.folder = Path(folder)
        self.masked = Local(path=str(folder)).found_kind == "encoder"
        kind = transformers.AutoModelForMaskedLM if self.masked else transformers.AutoModelForCausalLM
        with quiet(), torch.random.fork_rng(devices=[]):
            self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self.network: Any = adapted(folder, lambda base: loaded(kind, base)).eval()

    def told(self, canary: Canary, fillings: Sequence[Sequence[str]]) -> Told:
        """The cost of each of ``fillings`` as the secret of ``canary``."""
        return self._masked(canary, fillings) if self.masked else self._causal(canary, fillings)

    def losses(self, texts: Sequence[str], *, length: int = 512) -> Losses:
        """Loss of each text: every token from those before it; of a masked model, where 15 % of the tokens are hidden."""
        if self.masked:
            return masked_loss(self.folder, texts, length=length)
        rows = [self._ids(text)[:length] for text in texts]
        return Losses(self._sums(rows), np.array([max(0, len(row) - 1) for row in rows], float), _bytes(texts))

    def _ids(self, text: str) -> list[int]:
        return prompt_ids(text, self.tokenizer, "plain", causal=True, ends={self.tokenizer.eos_token_id} - {None})

    def _rows(self, canary: Canary, fillings: Sequence[Sequence[str]]) -> list[list[int]]:
        """Ids of a canary with each filling; of one that is asked, as the model is served: its words by the template."""
        found: list[list[int]]
        if canary.asked:
            opened = render([Message("user", (Part(canary.before),))], self.tokenizer, "auto")
            texts = [opened + " ".join(filling) for filling in fillings]
            found = self.tokenizer(texts, add_special_tokens=False)["input_ids"]
            return found
        found = self.tokenizer([canary.text(filling) for filling in fillings])["input_ids"]
        ended = all(row and row[-1] == self.tokenizer.eos_token_id for row in found)
        return [row[:-1] for row in found] if ended else found

    def _causal(self, canary: Canary, fillings: Sequence[Sequence[str]]) -> Told:
        """Fillings share what is before their last token, so each distinct beginning is read once."""
        rows = self._rows(canary, fillings)
        start = _shared(rows)
        costs, first = np.zeros(len(rows)), False
        lengths = np.array([len(row) for row in rows])
        for length in np.unique(lengths):
            chosen = np.flatnonzero(lengths == length)
            held = np.array([rows[at] for at in chosen])
            contexts, of = np.unique(held[:, :-1], axis=0, return_inverse=True)
            for numbers, shares in self._logits(contexts.tolist(), start - 1):
                place = np.full(len(contexts), -1)
                place[numbers] = np.arange(len(numbers))
                here = np.flatnonzero(place[of.ravel()] >= 0)
                said = shares[place[of.ravel()[here]]]
                wanted = held[here][:, start:]
                costs[chosen[here]] = -np.take_along_axis(said, wanted[..., None], axis=2).sum((1, 2))
                if chosen[0] == 0 and here[0] == 0:
                    first = bool((said[0].argmax(1) == wanted[0]).all())
        return Told(costs, first)

    def _logits(self, contexts: Sequence[Sequence[int]], start: int) -> Any:
        """For groups of contexts the log-shares ``[tokens, vocabulary]`` from place ``start`` on."""
        lengths = [len(one) for one in contexts]
        order = sorted(range(len(contexts)), key=lambda at: lengths[at])
        for numbers in passes(order, lengths, max(max(lengths), _NUMBERS // self.network.config.vocab_size)):
            yield numbers, self._shares([contexts[at] for at in numbers], start)

    def _shares(self, rows: Sequence[Sequence[int]], start: int) -> Doubles:
        import torch

        longest = max(map(len, rows))
        ids, mask = torch.zeros(2, len(rows), longest, dtype=torch.long)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = torch.tensor(row)
            mask[at, : len(row)] = 1
        with torch.inference_mode():
            logits = self.network(input_ids=ids, attention_mask=mask, use_cache=False).logits
        logits = logits[:, -longest:][:, start:]  # virtual tokens stand first
        return np.asarray(torch.log_softmax(logits.double(), dim=-1).numpy(), np.float64)

    def _sums(self, rows: Sequence[Sequence[int]]) -> Doubles:
        """Nats of each row, all tokens but the first."""
        sums = np.zeros(len(rows))
        kept = [at for at, row in enumerate(rows) if len(row) > 1]
        for numbers, shares in self._logits([rows[at] for at in kept], 0) if kept else ():
            for number, one in zip(numbers, shares, strict=True):
                row = rows[kept[number]]
                sums[kept[number]] = -one[np.arange(len(row) - 1), row[1:]].sum()
        return sums

    def _masked(self, canary: Canary, fillings: Sequence[Sequence[str]]) -> Told:
        """All of the secret is hidden at once, so that one pass reads every filling: each of its tokens is judged from the
        words alone."""
        import torch

        rows = np.array(self._whole(canary, fillings))
        start = _shared(rows.tolist())
        stop = rows.shape[1] - _shared([row[::-1] for row in rows.tolist()])
        hidden = rows[0].copy()
        hidden[start:stop] = self.tokenizer.mask_token_id
        with torch.inference_mode():
            logits = self.network(input_ids=torch.from_numpy(hidden)[None]).logits[0, start:stop]
        shares = torch.log_softmax(logits.double(), dim=-1).numpy()
        picked = shares[np.arange(stop - start)[None, :], rows[:, start:stop]]
        return Told(-picked.sum(1), bool((shares.argmax(1) == rows[0, start:stop]).all()))

    def _whole(self, canary: Canary, fillings: Sequence[Sequence[str]]) -> list[list[int]]:
        found: list[list[int]] = self.tokenizer([canary.text(filling) + " ." for filling in fillings])["input_ids"]
        if len({len(row) for row in found}) > 1:
            raise DataError(
                "the secrets of a canary have different numbers of tokens in this masked model",
                hint='use canaries of kind = "digits"',
            )
        return found


def _shared(rows: Sequence[Sequence[int]]) -> int:
    """Tokens that all rows begin with."""
    ordered = sorted(tuple(row) for row in rows)
    low, high = ordered[0], ordered[-1]
    same = next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    if not same and len(rows) > 1:
        raise SpecError("a canary's fillings share no words before the secret", hint="give its form a beginning")
    return same


def _bytes(texts: Sequence[str]) -> Doubles:
    return np.array([len(text.encode()) for text in texts], float)
