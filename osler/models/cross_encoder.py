"""Cross-encoders: a transformer that reads a query and a text together and scores the pair (extra ``local``).

Nogueira and Cho 2019, arXiv:1901.04085 (re-ranking by BERT). Any Hugging Face sequence-classification model will do: the
re-rankers of sentence-transformers (ms-marco-MiniLM), the MedCPT cross-encoder (Jin et al. 2023, arXiv:2307.00589), an
entailment model, or a folder that ``osler.tuning`` trained.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import orjson

from osler.core.block import block, digest
from osler.core.content import content_hash_of
from osler.core.errors import DataError, ModelError, SpecError
from osler.core.types import Message, Passage, Reply
from osler.models.asked import read_asked
from osler.models.batching import Batcher
from osler.models.encoder import log_softmax, need_choices, scored, writes_nothing
from osler.models.minilm import Floats

if TYPE_CHECKING:
    from osler.models.cross_encoder_engine import PairEngine

PairText = tuple[str, str]
_CHARACTERS_PER_TOKEN = 4  # English; the batcher needs a rough size only, the engine counts tokens


@block
class CrossEncoder:
    """A cross-encoder from a folder, or by its hub name where it is on this machine.

    max_length: tokens of a pair; of a longer one the longer text is cut at its end. dtype: "auto" is float32 on a CPU
    and the checkpoint's own type elsewhere; bfloat16 is about twice as fast on a CPU that has it and moves scores in the
    third digit. device: "auto" takes a GPU if there is one. max_batch_tokens: most padded tokens of one forward pass.
    local_files_only: never download. revision: of a hub name.

    As a model it scores choices: where the choices are its own labels, the pair (question, evidence); with one
    output, the pair (question, choice) for each choice.
    """

    path: str
    max_length: int = 512
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    max_batch_tokens: int = 8192
    local_files_only: bool = True
    revision: str = ""

    def check(self) -> None:
        if not self.path:
            raise SpecError("cross_encoder.path is empty", hint="give the folder of a model")
        if self.max_length < 8 or self.max_batch_tokens < 1:
            raise SpecError(
                f"cross_encoder needs max_length of 8 or more and max_batch_tokens above 0, got {self.max_length} "
                f"and {self.max_batch_tokens}"
            )

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score"})

    @property
    def labels(self) -> tuple[str, ...]:
        """What each output stands for, from the configuration; a folder is read without torch."""
        return _labels(self.path, self.local_files_only, self.revision)

    def content_hash(self) -> str:
        """Hash of the folder's files (quick: see ``core.content``); of a hub name, the name and revision."""
        folder = Path(self.path)
        return content_hash_of(folder) if folder.is_dir() else digest(f"{self.path}@{self.revision}".encode())

    async def scores(self, pairs: Sequence[PairText]) -> Floats:
        """Logits ``[pairs, outputs]`` in float32, one row for each (query, text) in order. Equal pairs are computed
        once per call; concurrent calls share batches, and a row does not hang on what else is in its batch, up to
        rounding. DataError where no such model is found, ModelError where the extra ``local`` is missing.
        """
        once = list(dict.fromkeys((query, text) for query, text in pairs))
        if not once:
            return np.zeros((0, len(self.labels)), np.float32)
        size = sum(len(query) + len(text) for query, text in once) // _CHARACTERS_PER_TOKEN
        rows, _ = await _batcher(self).submit(tuple(once), size=size)
        places = {pair: place for place, pair in enumerate(once)}
        return np.asarray(rows[[places[(query, text)] for query, text in pairs]], np.float32)

    async def relevance(self, query: str, found: Sequence[tuple[Passage, float]]) -> Floats:
        """How well each passage answers ``query``, ``[n]``: the logit of a model with one output, of one with two the
        second less the first."""
        if len(self.labels) > 2:
            raise SpecError(
                f"a cross-encoder with {len(self.labels)} labels does not rank passages",
                hint="use one with a single output, such as a re-ranker",
            )
        logits = await self.scores([(query, passage.text) for passage, _ in found])
        return np.asarray(logits[:, -1] - logits[:, 0] if logits.shape[1] == 2 else logits[:, 0], np.float32)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """Log-probabilities over ``choices`` only."""
        need_choices(choices, "cross_encoder")
        asked, labels, started = read_asked(messages), self.labels, time.perf_counter()
        meanings = [asked.meaning(choice) for choice in choices]
        if len(labels) == 1:
            pairs = [(asked.question, meaning) for meaning in meanings]
            logits = (await self.scores(pairs))[:, 0]
        elif set(meanings) <= set(labels):
            pairs = [(asked.question, " ".join(asked.evidence.values()))]
            logits = (await self.scores(pairs))[0][[labels.index(meaning) for meaning in meanings]]
        else:
            raise ModelError(
                f"the cross-encoder knows {len(labels)} labels, and not all of the {len(choices)} choices are among them",
                hint="use the labels it was trained on: " + ", ".join(labels[:8]),
                kind="labels",
            )
        return scored(
            choices,
            log_softmax(logits),
            tokens_in=sum(len(query) + len(text) for query, text in pairs) // _CHARACTERS_PER_TOKEN,
            latency_s=time.perf_counter() - started,
            model=Path(self.path).name,
        )

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        raise writes_nothing("cross_encoder")


@functools.lru_cache(maxsize=4)
def _batcher(model: CrossEncoder) -> Batcher[tuple[PairText, ...], tuple[Floats, int]]:
    """The batcher of a cross-encoder, with the weights behind it: those of the last few models used are kept."""
    return Batcher(_Lazy(model), budget=16 * model.max_batch_tokens)


class _Lazy:
    """Loads the model in the batcher's thread on first use, so that the event loop is never held up."""

    def __init__(self, model: CrossEncoder) -> None:
        self._model = model
        self._engine: PairEngine | None = None

    def __call__(self, calls: Sequence[tuple[PairText, ...]]) -> list[tuple[Floats, int]]:
        if self._engine is None:
            from osler.models.cross_encoder_engine import load

            self._engine = load(self._model)
        return self._engine.run(calls)


@functools.lru_cache(maxsize=64)
def _labels(path: str, local_files_only: bool, revision: str) -> tuple[str, ...]:
    config = _config(path, local_files_only, revision)
    names: Any = config.get("id2label")
    if isinstance(names, Mapping) and names:
        return tuple(str(name) for _, name in sorted(names.items(), key=lambda item: int(item[0])))
    count = config.get("num_labels", 2)  # what transformers takes where a configuration says nothing
    return tuple(f"LABEL_{place}" for place in range(int(count) if isinstance(count, int) else 2))


def _config(path: str, local_files_only: bool, revision: str) -> Mapping[str, Any]:
    file = Path(path) / "config.json"
    if file.is_file():
        found: Mapping[str, Any] = orjson.loads(file.read_bytes())
        return found
    if Path(path).is_dir():
        raise DataError(
            f"the folder {Path(path).name!r} has no config.json, so it holds no model",
            hint="give the folder that holds config.json, the weights and the tokenizer",
        )
    from osler.models.local_engine import read_config

    return read_config(path, local_files_only, revision)
