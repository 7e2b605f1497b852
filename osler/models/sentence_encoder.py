"""Any sentence encoder on this machine as a source of vectors, by its folder or its hub name."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Literal

from osler.core.block import block, canonical, digest
from osler.core.content import content_hash_of
from osler.core.errors import SpecError
from osler.models.bert_graph import Precision
from osler.models.embedding import Embedded, Embedding
from osler.models.minilm import Floats


@block
class SentenceEncoder:
    """A sentence-transformers folder, a plain BERT-type encoder, or an ONNX export of one.

    path: its folder, or its hub name where it is on this machine; nothing is fetched and no code of the folder is run.
    pooling: ``auto`` is what the folder says (``1_Pooling``), the mean of the tokens where it says nothing, as in
    sentence-transformers; ``cls`` is the first token (MedCPT). Another pooling than the one an encoder was trained with
    gives vectors of little worth, so name one only for a folder that says nothing, or to repeat such a mistake. unit:
    whether vectors get length one. backend: ``onnx`` needs the extra ``search``, ``torch`` the extra ``local``; they agree
    to about 1e-5. precision: ``int8`` is about twice as fast (see ``Encoder``). max_tokens: longer texts are cut; 0 is
    what the folder says. query_prefix and passage_prefix: put before texts as they are, such as "query: " for E5.
    """

    path: str
    pooling: Literal["auto", "mean", "cls"] = "auto"
    unit: Literal["auto", "always", "never"] = "auto"
    backend: Literal["auto", "onnx", "torch"] = "auto"
    precision: Precision = "float32"
    max_tokens: int = 0
    query_prefix: str = ""
    passage_prefix: str = ""
    revision: str = ""

    def check(self) -> None:
        if not self.path:
            raise SpecError("sentence_encoder.path is empty", hint="give a folder or a hub name")
        if self.max_tokens < 0:
            raise SpecError(f"sentence_encoder.max_tokens must be 0 or more, got {self.max_tokens}")
        if self.precision == "int8" and self.backend == "torch":
            raise SpecError("sentence_encoder.precision int8 is of ONNX Runtime", hint='leave out backend = "torch"')

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors ``[n, width]`` of passages."""
        return (await self.embedded(texts)).vectors

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        """``embed`` with the number of tokens of each text."""
        return await _embedding(self).embed([self.passage_prefix + text for text in texts])

    async def embedded_queries(self, texts: Sequence[str]) -> Embedded:
        """Vectors of what is searched for."""
        return await _embedding(self).embed([self.query_prefix + text for text in texts])

    def forget(self, texts: Sequence[str]) -> None:
        """Drop what this process remembers of these passages."""
        _embedding(self).forget([self.passage_prefix + text for text in texts])

    @property
    def space(self) -> str:
        """Hash of all that a passage's vector depends on: not on the backend, nor on the query's prefix."""
        held: str | None = self.__dict__.get("_space")
        if held is None:
            from osler.models.sentence_engine import settled
            from osler.models.sentence_folder import read_folder

            pooling, unit = settled(self, read_folder(self.path, self.revision))
            parts = [self.content_hash(), pooling, unit, self.precision, self.max_tokens, self.passage_prefix]
            held = self.__dict__["_space"] = digest(canonical(parts))
        return held

    def content_hash(self) -> str:
        """Hash of the folder's files (quick: see ``core.content``)."""
        from osler.models.sentence_folder import find_folder

        return content_hash_of(find_folder(self.path, self.revision))


@functools.lru_cache(maxsize=4)
def _embedding(encoder: SentenceEncoder) -> Embedding:
    """The batcher with the weights behind it: those of the last four encoders used are kept."""
    from osler.models.sentence_engine import SentenceEngine

    return Embedding(functools.cache(functools.partial(SentenceEngine, encoder)))
