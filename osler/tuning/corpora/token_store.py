"""Tokens of a corpus on disk: made once, read through the page cache, so that a corpus may be larger than the memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from osler.core.block import canonical, digest
from osler.core.content import content_hash_of
from osler.core.errors import DataError
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.corpora.corpus_hash import corpus_hash
from osler.tuning.tokenizers.special import tokenizer_hash

FORMAT = 1
_AT_ONCE = 512
Tokens = npt.NDArray[Any]


class Frame(NamedTuple):
    """The tokens around: ``begin`` and ``end`` are their ids, -1 for none. ``each``: they stand around every piece of a
    document ([CLS], [SEP]); otherwise before its first and after its last piece only."""

    begin: int = -1
    end: int = -1
    each: bool = True


class TokenStore:
    """Documents as tokens, without special ones. ``tokens``: all of them, one document after the other, uint16 or uint32,
    mapped from the disk. ``offsets`` [documents + 1]: where each begins. ``about``: hashes and counts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.about: Mapping[str, Any] = orjson.loads((folder / "store.json").read_bytes())
        if self.about["files"] != _files_hash(folder):
            raise DataError(f"the tokens in {folder.name} are not those that were written", hint="remove the folder")
        self.offsets: npt.NDArray[np.int64] = np.load(folder / "offsets.npy", mmap_mode="r")
        self.tokens: Tokens = np.load(folder / "tokens.npy", mmap_mode="r") if self.about["tokens"] else _none()
        self.frame = Frame(*self.about["frame"])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, document: int) -> Tokens:
        return self.tokens[self.offsets[document] : self.offsets[document + 1]]

    def ids(self) -> list[str]:
        """The ids of the documents, in their order."""
        return [str(orjson.loads(line)) for line in (self.folder / "ids.jsonl").read_bytes().splitlines()]


def stored(corpus: Corpus, tokenizer: Any, folder: str | Path) -> TokenStore:
    """The tokens of ``corpus``, made now or found in ``folder``, where they have the name of both hashes.

    Documents without a token are left out. The store appears at once and whole: a broken run leaves none.
    """
    hashes = {"format": FORMAT, "corpus": corpus_hash(corpus), "tokenizer": tokenizer_hash(tokenizer)}
    place = Path(folder) / digest(canonical(hashes), size=8)
    if (place / "store.json").is_file():
        return TokenStore(place)
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        counts = _write(part, corpus, tokenizer)
        about = {**hashes, **counts, "frame": list(frame_of(tokenizer)), "files": _files_hash(part)}
        (part / "store.json").write_bytes(orjson.dumps(about))
        for file in part.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        if not (place / "store.json").is_file():  # another process may have made the same in the meantime
            part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return TokenStore(place)


def frame_of(tokenizer: Any) -> Frame:
    """What stands around documents: [CLS] and [SEP] around each piece, or a beginning and an end of the document."""
    if tokenizer.cls_token_id is not None and tokenizer.sep_token_id is not None:
        return Frame(tokenizer.cls_token_id, tokenizer.sep_token_id, True)
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    return Frame(-1 if begin is None else begin, -1 if end is None else end, False)


def _write(part: Path, corpus: Corpus, tokenizer: Any) -> dict[str, int]:
    kind = np.dtype(np.uint16 if len(tokenizer) <= 1 << 16 else np.uint32)
    offsets = [0]
    with (part / "tokens.npy").open("wb") as tokens, (part / "ids.jsonl").open("wb") as names:
        _header(tokens, kind, 0)
        for texts in _batches(corpus.texts()):
            found = tokenizer(
                [text.text for text in texts], add_special_tokens=False, return_attention_mask=False, verbose=False
            )["input_ids"]
            for text, ids in zip(texts, found, strict=True):
                if ids:
                    tokens.write(np.asarray(ids, kind).tobytes())
                    names.write(orjson.dumps(text.id) + b"\n")
                    offsets.append(offsets[-1] + len(ids))
        tokens.seek(0)
        _header(tokens, kind, offsets[-1])  # of the same length: numpy leaves room for a longer count
    np.save(part / "offsets.npy", np.array(offsets, np.int64))
    if len(offsets) == 1:
        raise DataError("the corpus has no document with a token", hint="check the corpus and its filters")
    return {"documents": len(offsets) - 1, "tokens": offsets[-1]}


def _header(stream: Any, kind: np.dtype[Any], count: int) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(stream, header)


def _batches(texts: Iterator[Text]) -> Iterator[list[Text]]:
    while batch := list(islice(texts, _AT_ONCE)):
        yield batch


def _files_hash(folder: Path) -> str:
    return digest(
        canonical([content_hash_of(folder / name) for name in ("tokens.npy", "offsets.npy", "ids.jsonl")]), size=8
    )


def _none() -> Tokens:
    return np.zeros(0, np.uint16)
