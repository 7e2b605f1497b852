"""The torch side of a local model: loading, and batches of jobs of one kind. Imported only when a model is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from osler.core.errors import DataError, ModelError
from osler.core.types import Message
from osler.models.adapter import adapted, is_adapter, soft_tokens
from osler.models.batching import batches
from osler.models.local_text import ANSWER, before_reply, context_in, prompt_ids, render
from osler.models.quantised_folder import network_of
from osler.models.quiet import quiet

if TYPE_CHECKING:
    from osler.models.local import Local


@dataclass(frozen=True, slots=True)
class GenerateJob:
    """``seed``: of this one text. ``max_tokens`` counts new tokens."""

    messages: tuple[Message, ...]
    temperature: float
    seed: tuple[int, int]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class ScoreJob:
    messages: tuple[Message, ...]
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmbedJob:
    text: str


Job = GenerateJob | ScoreJob | EmbedJob


@dataclass(frozen=True, slots=True)
class Written:
    text: str
    tokens_in: int
    tokens_out: int
    finish: str


def read_config(path: str, local_files_only: bool, revision: str) -> Mapping[str, Any]:
    """The configuration of a model by its hub name."""
    transformers = _transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(
            path, local_files_only=local_files_only, revision=revision or "main"
        )
    except (OSError, ValueError) as error:
        raise _not_found(path) from error
    found: Mapping[str, Any] = config.to_dict()
    return found


def read_tokenizer(path: str, local_files_only: bool, revision: str) -> Any:
    """The tokenizer of a model by its folder or hub name."""
    transformers = _transformers()
    try:
        return transformers.AutoTokenizer.from_pretrained(
            path, local_files_only=local_files_only, revision=revision or "main"
        )
    except (OSError, ValueError) as error:
        raise _not_found(path) from error


def load(local: Local) -> Engine:
    """The engine of ``local`` with its weights on the device."""
    transformers = _transformers()
    import torch

    classes = {
        "causal": transformers.AutoModelForCausalLM,
        "seq2seq": transformers.AutoModelForSeq2SeqLM,
        "encoder": transformers.AutoModel,
    }
    kind = local.found_kind
    device = local.device if local.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    dtype = local.dtype if local.dtype != "auto" else "float32" if device == "cpu" else "auto"
    where: dict[str, Any] = {"local_files_only": local.local_files_only, "revision": local.revision or "main"}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(local.path, **where)
        asked = dtype if dtype == "auto" else getattr(torch, dtype)

        def whole(folder: str | Path) -> Any:
            with quiet():
                return network_of(classes[kind], str(folder), dtype=asked, **where)

        model: Any = adapted(local.path, whole) if is_adapter(local.path) else whole(local.path)
    except (OSError, ValueError) as error:
        raise _not_found(local.path) from error
    return Engine(model.eval().to(device), tokenizer, local, kind)


class Engine:
    """A loaded model. ``run`` works off jobs of one type; a job that cannot be done comes back as its error."""

    def __init__(self, model: Any, tokenizer: Any, local: Local, kind: str) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.local = local
        self.kind = kind
        self.device = model.device
        context = context_in(model.config.to_dict()) if kind != "seq2seq" else 0
        self.context = context - soft_tokens(local.path) if context else None
        pad = tokenizer.pad_token_id
        self.pad = int(pad if pad is not None else 0)  # masked everywhere, so any id will do
        self.ends = _ends(model, tokenizer)
        self.answer = before_reply(tokenizer, local.template) + ANSWER

    def run(self, jobs: Sequence[Job]) -> list[Any]:
        import torch

        from osler.models.local_generate import generate
        from osler.models.local_score import score

        out: list[Any] = [None] * len(jobs)
        generating = [(row, job) for row, job in enumerate(jobs) if isinstance(job, GenerateJob)]
        scoring = [(row, job) for row, job in enumerate(jobs) if isinstance(job, ScoreJob)]
        embedding = [(row, job) for row, job in enumerate(jobs) if isinstance(job, EmbedJob)]
        with torch.inference_mode():
            if generating:
                _place(out, generating, lambda found: generate(self, found))
            if scoring:
                _place(out, scoring, lambda found: score(self, found))
            if embedding:
                _place(out, embedding, lambda found: self._embed(found))
        return out

    def prompt_text(self, messages: Sequence[Message], *, scoring: bool = False) -> str:
        """The text before what the model writes; before a scored choice it ends in "Answer:" for causal models."""
        text = render(messages, self.tokenizer, self.local.template)
        return text + self.answer if scoring and self.kind == "causal" else text

    def tokens(self, text: str) -> list[int]:
        """Ids of ``text`` as the model reads it from its beginning."""
        causal = self.kind == "causal"
        return prompt_ids(text, self.tokenizer, self.local.template, causal=causal, ends=self.ends)

    def need_room(self, tokens: int) -> None:
        """Refuse a prompt that leaves no room in the model's context."""
        if self.context is not None and tokens > self.context:
            raise ModelError(
                f"the prompt has {tokens} tokens and the local model reads {self.context}",
                hint="shorten the evidence or the demonstrations, or use a model with a longer context",
                kind="context",
            )

    def padded(self, rows: Sequence[Sequence[int]], *, left: bool = False) -> tuple[Any, Any]:
        """``ids`` and ``mask``, ``[n, longest]``, on the device."""
        import torch

        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self.pad, dtype=torch.long)
        mask = torch.zeros((len(rows), longest), dtype=torch.long)
        for at, row in enumerate(rows):
            span = slice(longest - len(row), longest) if left else slice(0, len(row))
            ids[at, span] = torch.tensor(row, dtype=torch.long)
            mask[at, span] = 1
        return ids.to(self.device), mask.to(self.device)

    def _embed(self, jobs: Sequence[EmbedJob]) -> list[Any]:
        """Mean of the last hidden states over a text's tokens, length one: (vector, tokens) for each job."""
        import torch

        limit = self.context or 512
        rows: list[list[int]] = [
            self.tokenizer(job.text, truncation=True, max_length=limit)["input_ids"] or [self.pad] for job in jobs
        ]
        out: list[Any] = [None] * len(rows)
        for batch in batches([(len(row), None) for row in rows], self.local.max_batch_tokens):
            ids, mask = self.padded([rows[row] for row in batch])
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            weight = mask[..., None].float()
            mean = (hidden * weight).sum(1) / weight.sum(1)
            vectors = torch.nn.functional.normalize(mean, dim=1).cpu().numpy()
            for row, vector in zip(batch, vectors, strict=True):
                out[row] = (np.asarray(vector, np.float32), len(rows[row]))
        return out


def _place(out: list[Any], numbered: Sequence[tuple[int, Any]], work: Callable[[list[Any]], list[Any]]) -> None:
    results = work([job for _, job in numbered])
    for (row, _), result in zip(numbered, results, strict=True):
        out[row] = result


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """Every id that ends a text: the generation settings may list several (end of turn, end of text)."""
    found: set[int] = set()
    for value in (getattr(model.generation_config, "eos_token_id", None) if model.can_generate() else None,
                  tokenizer.eos_token_id):  # fmt: skip
        found |= set(value) if isinstance(value, (list, tuple)) else {value} if value is not None else set()
    return frozenset(found)


def _transformers() -> Any:
    try:
        import torch  # noqa: F401 - transformers imports without torch and fails later, in an obscure way
        import transformers
    except ImportError as error:
        raise ModelError(
            f"local models need the package {error.name}", hint="pip install 'osler[local]'", kind="missing"
        ) from None
    return transformers


def _not_found(path: str) -> DataError:
    return DataError(
        f"no model and tokenizer of a known kind were found at {Path(path).name!r}",
        hint="give the folder of a Hugging Face model with its tokenizer; nothing is downloaded unless "
        "local_files_only = false",
    )
