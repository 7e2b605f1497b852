"""What a folder of a sentence encoder says about itself: pooling, length, tokenizer. Only data are read, no code is run."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from osler.core.errors import DataError, ModelError
from osler.models.bert_weights import read_json
from osler.models.onnx_session import Pooling

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_ONNX = ("onnx/model.onnx", "model.onnx")


@dataclass(frozen=True, slots=True)
class SentenceFolder:
    """``root``: the whole folder; ``model``: where config and weights lie, the same or a folder in it.

    ``pooling``: None where the folder names none, so that sentence-transformers would take the mean. ``max_tokens``: 0
    where it names none. ``onnx``: a graph that stands ready.
    """

    root: Path
    model: Path
    pooling: Pooling | None
    unit: bool
    max_tokens: int
    lower: bool
    onnx: Path | None

    @property
    def config(self) -> Mapping[str, Any]:
        return read_json(self.model / "config.json")


def find_folder(path: str, revision: str = "") -> Path:
    """The folder ``path``, or that of a hub name in the cache of the hub's own tools. ModelError where it is neither."""
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder
    name = path if _NAME.fullmatch(path) else ""
    # A bare name is one of sentence-transformers' own models.
    for full in (name, f"sentence-transformers/{name}") if name and "/" not in name else (name,):
        held = _hub_cache() / f"models--{full.replace('/', '--')}"
        if full and held.is_dir():
            wanted = revision or "main"
            ref = held / "refs" / wanted
            found = held / "snapshots" / (ref.read_text().strip() if ref.is_file() else wanted)
            if found.is_dir():
                return found
    raise ModelError(
        f"the model {path!r}{f' at revision {revision!r}' if revision else ''} is not on this machine",
        hint="give the folder that holds it, or fetch it once with the hub's own tool: hf download NAME",
        kind="weights",
    )


def _hub_cache() -> Path:
    if held := os.environ.get("HF_HUB_CACHE", ""):
        return Path(held)
    home = os.environ.get("HF_HOME", "")
    return (Path(home) if home else Path.home() / ".cache" / "huggingface") / "hub"


def read_folder(path: str, revision: str = "") -> SentenceFolder:
    """What the folder says. DataError where it has a part that Osler does not know, or none that makes vectors."""
    root = find_folder(path, revision)
    model, pooling, unit = root, None, False
    for part in _modules(root):
        kind = str(part.get("type", "")).rpartition(".")[2]
        place = _inside(root, str(part.get("path", "")))
        if kind == "Transformer":
            model = place
        elif kind == "Pooling":
            pooling = _pooling(root, read_json(place / "config.json"))
        elif kind == "Normalize":
            unit = True
        else:
            raise DataError(
                f"the sentence encoder {root.name!r} has a part {kind!r}, which Osler does not know",
                hint="use one of a transformer, pooling and normalisation",
            )
    said = read_json(model / "sentence_bert_config.json")
    return SentenceFolder(
        root=root,
        model=model,
        pooling=pooling,
        unit=unit,
        max_tokens=int(said.get("max_seq_length") or 0),
        lower=bool(said.get("do_lower_case", False)),
        onnx=next((root / name for name in _ONNX if (root / name).is_file()), None),
    )


def _modules(root: Path) -> list[Mapping[str, Any]]:
    file = root / "modules.json"
    if not file.is_file():
        return []
    try:
        found = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError:
        raise DataError(f"modules.json of {root.name!r} is no JSON", hint="fetch it again") from None
    if not isinstance(found, list) or not all(isinstance(part, dict) for part in found):
        raise DataError(f"modules.json of {root.name!r} is no list of parts", hint="fetch it again")
    return found


def _inside(root: Path, place: str) -> Path:
    found = (root / place).resolve()
    if not found.is_relative_to(root.resolve()):
        raise DataError(f"modules.json of {root.name!r} points out of its folder", hint="use a folder that you trust")
    return root / place


def _pooling(root: Path, config: Mapping[str, Any]) -> Pooling:
    ways = {
        name.removeprefix("pooling_mode_") for name, on in config.items() if name.startswith("pooling_mode_") and on
    }
    if "pooling_mode" in config:
        said = config["pooling_mode"]
        ways = {said} if isinstance(said, str) else set(said)
    if ways <= {"mean_tokens", "mean"} and ways:
        return "mean"
    if ways <= {"cls_token", "cls"} and ways:
        return "cls"
    raise DataError(
        f"the sentence encoder {root.name!r} pools by {', '.join(sorted(map(str, ways))) or 'nothing'}",
        hint="Osler knows the mean of the tokens and the first token; name one of them as pooling",
    )


def read_tokenizer(folder: SentenceFolder, max_tokens: int) -> Any:
    """The tokenizer, cutting at ``max_tokens`` and not padding. DataError where there is none."""
    from tokenizers import Tokenizer
    from tokenizers.implementations import BertWordPieceTokenizer

    for place in dict.fromkeys((folder.model, folder.root)):
        made: Any = None
        if (place / "tokenizer.json").is_file():
            made = Tokenizer.from_file(str(place / "tokenizer.json"))
        elif (place / "vocab.txt").is_file():
            lower = bool(read_json(place / "tokenizer_config.json").get("do_lower_case", True))
            made = BertWordPieceTokenizer(str(place / "vocab.txt"), lowercase=lower)
        if made is not None:
            made.no_padding()
            made.enable_truncation(max_tokens)
            return made
    raise DataError(f"the sentence encoder {folder.root.name!r} has no tokenizer.json", hint="fetch the whole folder")
