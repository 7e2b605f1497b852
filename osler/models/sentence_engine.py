"""The work behind ``SentenceEncoder``: tokens, one of three ways to run the encoder, and what is remembered."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import DataError, ModelError, SpecError
from osler.models.bert_weights import read_bert, readable
from osler.models.onnx_session import HINT, BertSession, Floats, Ids, Pooling, in_batches, installed, pooled, session
from osler.models.sentence_folder import SentenceFolder, read_folder, read_tokenizer
from osler.models.vector_memory import VectorMemory, text_key

if TYPE_CHECKING:
    from osler.models.sentence_encoder import SentenceEncoder

Run = Callable[[Sequence[Sequence[int]]], Floats]
_USUAL_TOKENS = 512  # where neither the folder nor the block names a length
_REMEMBERED = 20_000
_TORCH_TOKENS = 2048


class SentenceEngine:
    """Texts to vectors. Safe to use from several threads."""

    def __init__(self, block: SentenceEncoder) -> None:
        folder = read_folder(block.path, block.revision)
        self.pooling, self.unit = settled(block, folder)
        self._lower = folder.lower
        context = int(folder.config.get("max_position_embeddings", 0)) or _USUAL_TOKENS
        self._run, most = _way(block, folder, self.pooling, unit=self.unit)
        self._tokenizer = read_tokenizer(folder, min(block.max_tokens or folder.max_tokens or context, most or context))
        self._memory = VectorMemory(_REMEMBERED)

    def embed_counted(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        """Vectors ``[n, width]`` and how many tokens each text has. Equal texts are computed once."""
        keys = [text_key(text) for text in texts]
        known = self._memory.get(keys)
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if fresh:
            ids = self._ids(list(fresh.values()))
            found = {key: (vector, len(row)) for key, vector, row in zip(fresh, self._run(ids), ids, strict=True)}
            self._memory.put(found)
            known |= found
        return np.stack([known[key][0] for key in keys]), np.array([known[key][1] for key in keys], np.int64)

    def cached(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]] | None:
        """``embed_counted`` where nothing must be computed, else None."""
        keys = [text_key(text) for text in texts]
        known = self._memory.get(keys)
        if not keys or len(known) < len(set(keys)):
            return None
        return np.stack([known[key][0] for key in keys]), np.array([known[key][1] for key in keys], np.int64)

    def forget(self, texts: Sequence[str]) -> None:
        self._memory.forget([text_key(text) for text in texts])

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        return [
            row.ids for row in self._tokenizer.encode_batch([text.lower() for text in clean] if self._lower else clean)
        ]


def settled(block: SentenceEncoder, folder: SentenceFolder) -> tuple[Pooling, bool]:
    """Pooling, and whether vectors get length one: what the block says, else the folder, else the mean and no."""
    pooling: Pooling = (folder.pooling or "mean") if block.pooling == "auto" else block.pooling
    return pooling, folder.unit if block.unit == "auto" else block.unit == "always"


def _way(block: SentenceEncoder, folder: SentenceFolder, pooling: Pooling, *, unit: bool) -> tuple[Run, int]:
    """How vectors are computed, and the most tokens that it takes (0: not known)."""
    onnx = block.backend != "torch" and installed()
    if block.backend == "onnx" and not onnx:
        raise ModelError("ONNX Runtime is not installed", hint=HINT, kind="not_installed")
    if onnx and readable(folder.model):
        weights = read_bert(folder.model)
        made = BertSession(weights, block.precision)
        return functools.partial(made.vectors, pooling=pooling, unit=unit), weights.context
    if block.precision == "int8":
        raise SpecError(
            f"the sentence encoder {folder.root.name!r} cannot be run in int8 here",
            hint=f"int8 needs the weights of a BERT-type encoder as model.safetensors, and ONNX Runtime ({HINT})",
        )
    if onnx and folder.onnx is not None:
        return _ready_graph(folder, pooling, unit=unit), 0
    if block.backend != "onnx" and importlib.util.find_spec("transformers") and importlib.util.find_spec("torch"):
        return _by_torch(folder, pooling, unit=unit), 0
    raise ModelError(
        f"nothing here can run the sentence encoder {folder.root.name!r}",
        hint=f'{HINT} for BERT-type encoders and ONNX files, pip install "osler[local]" for others',
        kind="not_installed",
    )


def _ready_graph(folder: SentenceFolder, pooling: Pooling, *, unit: bool) -> Run:
    """An ONNX file of the folder: it takes ids, and gives a vector of each token or of each text."""
    assert folder.onnx is not None
    made = session(folder.onnx)
    names = {item.name for item in made.get_inputs()}
    outputs = [item.name for item in made.get_outputs()]
    wanted = next((name for name in outputs if name in ("last_hidden_state", "token_embeddings")), outputs[0])

    def run(ids: Ids) -> Floats:
        known = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
            "position_ids": np.broadcast_to(np.arange(ids.shape[1]), ids.shape),
        }
        if not names <= set(known):
            raise DataError(
                f"the ONNX file of {folder.root.name!r} asks for {', '.join(sorted(names - set(known)))}",
                hint="use the export of an encoder of texts",
            )
        found = np.asarray(made.run([wanted], {name: known[name] for name in names})[0], np.float32)
        return pooled(found if found.ndim == 3 else found[:, None], pooling, unit=unit)

    width: list[int] = []

    def vectors(ids: Sequence[Sequence[int]]) -> Floats:
        if not width:
            width.append(run(np.array([ids[0]], np.int64)).shape[1])
        return in_batches(ids, run, width[0])

    return vectors


def _by_torch(folder: SentenceFolder, pooling: Pooling, *, unit: bool) -> Run:
    transformers: Any = importlib.import_module("transformers")
    torch: Any = importlib.import_module("torch")
    try:
        made = transformers.AutoModel.from_pretrained(
            str(folder.model), local_files_only=True, trust_remote_code=False, dtype=torch.float32
        ).eval()
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"transformers cannot open {folder.root.name!r} ({type(error).__name__})", hint="fetch the whole folder"
        ) from None

    def run(ids: Ids) -> Floats:
        with torch.inference_mode():
            given = torch.from_numpy(ids)
            hidden = made(input_ids=given, attention_mask=torch.ones_like(given)).last_hidden_state
        return pooled(hidden.float().numpy(), pooling, unit=unit)

    return lambda ids: in_batches(ids, run, int(made.config.hidden_size), tokens=_TORCH_TOKENS, threads=1)
