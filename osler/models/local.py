"""A Hugging Face model on this machine as a Model: concurrent calls share batches (extra ``local``)."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import orjson

from osler.core.block import block, digest
from osler.core.content import content_hash_of
from osler.core.errors import DataError, ModelError, SpecError
from osler.core.types import Message, Reply
from osler.models.adapter import soft_tokens
from osler.models.batching import Batcher
from osler.models.embedding import Embedded
from osler.models.encoder import Encoder, need_choices, scored, similarity, writes_nothing
from osler.models.local_text import Template, context_in, prompt_ids, render, tokenizer_of
from osler.models.minilm import Floats

if TYPE_CHECKING:
    from osler.models.local_engine import Engine, Job

Kind = Literal["causal", "seq2seq", "encoder"]


@block
class Local:
    """A causal, sequence-to-sequence or encoder model from a folder, or by its hub name where it is on this machine.

    The folder may be that of an adapter, which finds its base by itself (see ``models.adapter``).

    kind: "auto" reads it from the model's configuration. dtype: "auto" is float32 on a CPU and the checkpoint's own
    type elsewhere. device: "auto" takes a GPU if there is one. template: "auto" uses the tokenizer's chat template
    if it has one, else plain text. max_batch_tokens: most padded tokens of one forward pass. local_files_only:
    never download. revision: of a hub name.

    Greedy text, sampled text (by seed) and scores do not depend on what else is in the batch, up to rounding; with
    float32 that is about 1e-5 of a log-probability.
    """

    path: str
    kind: Literal["auto", "causal", "seq2seq", "encoder"] = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    template: Template = "auto"
    max_batch_tokens: int = 4096
    local_files_only: bool = True
    revision: str = ""

    shortens: ClassVar[bool] = True  # an answer ends at the context, with the finish "length"

    def check(self) -> None:
        if not self.path:
            raise SpecError("local.path is empty", hint="give the folder of a model")
        if self.max_batch_tokens < 1:
            raise SpecError(f"local.max_batch_tokens must be above 0, got {self.max_batch_tokens}")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score"}) if self.found_kind == "encoder" else frozenset({"generate", "score"})

    @property
    def found_kind(self) -> Kind:
        """``kind``, or what the configuration says; a folder is read without torch."""
        return _kind(self.path, self.local_files_only, self.revision) if self.kind == "auto" else self.kind

    @property
    def context(self) -> int:
        """Tokens that a writing model reads and writes in all, from its configuration; 0 where it names none. An
        encoder reads what fits, and a sequence-to-sequence model has no hard end: 0 for both."""
        if self.found_kind != "causal":
            return 0
        whole = context_in(_config(self.path, self.local_files_only, self.revision))
        return whole - soft_tokens(self.path) if whole else 0

    async def count(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Tokens of a prompt by the model's own tokenizer and template. Schema and tools are not read by it."""
        return await asyncio.to_thread(self._count, messages)

    def _count(self, messages: Sequence[Message]) -> int:
        tokenizer = tokenizer_of(self.path, self.local_files_only, self.revision)
        text = render(messages, tokenizer, self.template)
        ends = {tokenizer.eos_token_id} - {None}
        return len(prompt_ids(text, tokenizer, self.template, causal=self.found_kind == "causal", ends=ends))

    def content_hash(self) -> str:
        """Hash of the folder's files (quick: see ``core.content``); of a hub name, the name and revision."""
        folder = Path(self.path)
        return content_hash_of(folder) if folder.is_dir() else digest(f"{self.path}@{self.revision}".encode())

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Mean-pooled vectors ``[n, width]`` of length one; kind "encoder" only."""
        return (await self.embedded(texts)).vectors

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        """``embed`` with the number of tokens of each text. Equal texts are computed once per call."""
        from osler.models.local_engine import EmbedJob

        if self.found_kind != "encoder":
            raise ModelError(
                f"a {self.found_kind} model gives no embeddings", hint='use one of kind "encoder"', kind="unsupported"
            )
        started = time.perf_counter()
        once = list(dict.fromkeys(texts))
        found = dict(
            zip(once, await asyncio.gather(*(self._submit(EmbedJob(text), len(text)) for text in once)), strict=True)
        )
        vectors = np.array([found[text][0] for text in texts], np.float32).reshape(len(texts), -1)
        counts = np.array([found[text][1] for text in texts], np.int64)
        return Embedded(vectors, counts, time.perf_counter() - started)

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
        """Greedy at temperature 0, else ``n`` samples that ``seed`` fixes. ``finish`` is "stop", or "length" where
        ``max_tokens`` or the model's context ended the first text. ``schema`` is not enforced: the prompt asks for it.
        """
        from osler.models.local_engine import GenerateJob

        if self.found_kind == "encoder":
            raise writes_nothing("local encoder")
        if tools:
            raise ModelError("a local model calls no tools", hint="use an endpoint that does", kind="unsupported")
        if n < 1 or max_tokens < 1 or temperature < 0:
            raise ModelError(f"cannot generate {n} texts of {max_tokens} tokens at temperature {temperature}")
        started = time.perf_counter()
        jobs = [
            GenerateJob(tuple(messages), temperature, (seed, index), max_tokens)
            for index in range(n if temperature > 0 else 1)
        ]
        size = _characters(messages) // 4 + max_tokens
        written = await asyncio.gather(*(self._submit(job, size) for job in jobs))
        written += [written[0]] * (n - len(written))
        return Reply(
            text=written[0].text,
            texts=tuple(item.text for item in written),
            tokens_in=written[0].tokens_in,
            tokens_out=sum(item.tokens_out for item in written),
            finish=written[0].finish,
            latency_s=time.perf_counter() - started,
            model=self._name,
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """The log-probability of each choice as the continuation of ``messages``: the sum over its tokens, so these
        do not add up to one. An encoder scores by nearness, as ``Encoder`` does.
        """
        from osler.models.local_engine import ScoreJob

        need_choices(choices, self._name)
        started = time.perf_counter()
        if self.found_kind == "encoder":
            return await similarity(self, Encoder(), messages, choices, self._name)
        size = (_characters(messages) // 4 + 8) * len(choices)
        logprobs, tokens = await self._submit(ScoreJob(tuple(messages), tuple(choices)), size)
        return scored(choices, logprobs, tokens_in=tokens, latency_s=time.perf_counter() - started, model=self._name)

    @property
    def _name(self) -> str:
        return Path(self.path).name

    async def _submit(self, job: Job, size: int) -> Any:
        return await _batcher(self).submit(job, size=size, key=type(job).__name__)


@functools.lru_cache(maxsize=2)
def _batcher(local: Local) -> Batcher[Any, Any]:
    """The batcher of a local model, with the weights behind it: those of the last two models used are kept."""
    return Batcher(_Lazy(local), budget=16 * local.max_batch_tokens, wait_s=0.005)


class _Lazy:
    """Loads the model in the batcher's thread on first use, so that the event loop is never held up."""

    def __init__(self, local: Local) -> None:
        self._local = local
        self._engine: Engine | None = None

    def __call__(self, jobs: Sequence[Any]) -> Sequence[Any]:
        if self._engine is None:
            from osler.models.local_engine import load

            self._engine = load(self._local)
        return self._engine.run(jobs)


@functools.lru_cache(maxsize=64)
def _config(path: str, local_files_only: bool, revision: str) -> Mapping[str, Any]:
    file = Path(path) / "config.json"
    if file.is_file():
        config: Mapping[str, Any] = orjson.loads(file.read_bytes())
        return config
    if Path(path).is_dir():
        raise DataError(f"the folder {Path(path).name!r} has no config.json, so it holds no model")
    from osler.models.local_engine import read_config

    return read_config(path, local_files_only, revision)


def _kind(path: str, local_files_only: bool, revision: str) -> Kind:
    config = _config(path, local_files_only, revision)
    if config.get("is_encoder_decoder"):
        return "seq2seq"
    names = config.get("architectures") or ()
    return "causal" if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in names) else "encoder"


def _characters(messages: Sequence[Message]) -> int:
    return sum(len(message.text) for message in messages)
