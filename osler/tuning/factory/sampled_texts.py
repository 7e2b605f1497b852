"""Texts written by a trained decoder: a corpus without patients, as far as the decoder tells none (GatorTronGPT, section
on synthetic text: Peng et al. 2023, arXiv:2305.13523)."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from osler.core.block import block, digest
from osler.core.errors import ModelError, SpecError
from osler.models.adapter import adapted
from osler.models.quiet import quiet
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.shelf import weights_hash

_BATCH = 128


@block
class SampledTexts:
    """``count`` texts that ``model``, a trained stage or a local decoder, goes on to write after the first ``words`` words of
    texts of ``prompts``, each in its turn; without prompts it begins them itself.

    nucleus, temperature: of sampling; the paper has 0.9 and 1.2 (recalled), and prompts of 10 to 30 tokens. new_tokens: longest
    text. The prompt's words stand in the text: prompts should name nobody. Each text has its own random numbers by
    ``seed``, so that more of them leave the first as they are. All are tagged as made by the model, whose documents count
    as learnt by whatever is trained on them.
    """

    model: Any = None
    prompts: Corpus | None = None
    words: int = 3
    count: int = 100
    new_tokens: int = 128
    nucleus: float = 0.9
    temperature: float = 1.0
    seed: int = 0

    def check(self) -> None:
        if min(self.count, self.new_tokens) < 1 or self.words < 0:
            raise SpecError("sampled_texts needs count and new_tokens of 1 or more", hint="count = 100")
        if not 0 < self.nucleus <= 1 or self.temperature < 0:
            raise SpecError("sampled_texts.nucleus is a share above 0, temperature 0 or more", hint="nucleus = 0.9")

    def texts(self) -> Iterator[Text]:
        """The texts in order, without those that came out empty. ModelError before the model is trained."""
        if self.model is None:
            raise ModelError("sampled_texts has no model", hint="model = a trained stage", kind="missing")
        folder = Path(getattr(self.model, "folder", None) or self.model.path)
        heads = tuple(self._heads())
        found = _written(
            str(folder),
            weights_hash(folder),
            heads,
            self.count,
            self.new_tokens,
            self.nucleus,
            self.temperature,
            self.seed,
        )
        made = f"model:{weights_hash(folder)}"
        name = digest(f"{made}/{self.seed}".encode(), size=4)
        for number, text in enumerate(found):
            if text:
                yield Text(f"{name}-{number}", text, "sampled", made=made)

    def _heads(self) -> Iterator[str]:
        if self.prompts is None or not self.words:
            yield ""
            return
        for text in itertools.islice(self.prompts.texts(), self.count):
            yield " ".join(text.text.split()[: self.words])


@functools.lru_cache(maxsize=8)
def _written(
    folder: str,
    weights: str,
    heads: tuple[str, ...],
    count: int,
    new_tokens: int,
    nucleus: float,
    temperature: float,
    seed: int,
) -> tuple[str, ...]:
    """A corpus is read several times in a training, and written once. ``weights``: a part of what is remembered."""
    import torch
    import transformers

    from osler.tuning.networks.encoder_heads import loaded
    from osler.tuning.preference.sampling import sample

    with quiet(), torch.random.fork_rng(devices=[]):
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        network: Any = adapted(folder, lambda base: loaded(transformers.AutoModelForCausalLM, base)).eval()
    end, begin = tokenizer.eos_token_id, tokenizer.bos_token_id
    starts = []
    for head in heads:
        ids = tokenizer(head)["input_ids"] if head else []
        ids = ids[:-1] if ids and ids[-1] == end else ids
        starts.append(ids or [end if begin is None else begin])
    found: list[str] = []
    for first in range(0, count, _BATCH):
        numbers = range(first, min(count, first + _BATCH))
        chosen = [starts[number % len(starts)] for number in numbers]
        uniform = np.stack([np.random.default_rng((seed, number)).random(new_tokens) for number in numbers])
        replies = sample(
            network, chosen, uniform, ends={end} - {None}, pad=tokenizer.pad_token_id or 0, temperature=temperature,
            nucleus=nucleus,
        )  # fmt: skip
        for start, reply in zip(chosen, replies, strict=True):
            found.append(tokenizer.decode([*start, *reply], skip_special_tokens=True).strip())
    return tuple(found)
