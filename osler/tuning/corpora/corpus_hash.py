"""The content of a corpus as a hash: every text that it gives, so that a changed file, step or setting changes it."""

from __future__ import annotations

import hashlib
from typing import Any

from osler.core.block import digest, is_block
from osler.tuning.corpora.corpus import Corpus


def corpus_hash(corpus: Corpus) -> str:
    """Hash (32 hex characters) over all texts in their order: ids, texts, sources, links and what made them.

    It is taken over what the corpus gives and not over what it is called, so it costs a reading of the corpus (0.2 s
    for 70 MB beside what the steps take); ``written`` keeps the result of slow steps in a file. It is remembered with
    the block as long as the files below it keep their size and time of change.
    """
    seen = _marks(corpus)
    held: tuple[Any, str] | None = getattr(corpus, "__dict__", {}).get("_corpus_hash")
    if held is not None and held[0] == seen:
        return held[1]
    found = hashlib.blake2b(digest_size=16)
    for text in corpus.texts():
        fields = (text.id, text.text, text.source, text.made, *text.links)
        encoded = [field.encode("utf-8", "surrogatepass") for field in fields]
        found.update(",".join(str(len(field)) for field in encoded).encode() + b";")
        found.update(b"".join(encoded))
    value = found.hexdigest()
    if is_block(corpus):
        corpus.__dict__["_corpus_hash"] = (seen, value)
    return value


def _marks(corpus: Any) -> str:
    """Size and time of change of every file that a block or a block in it reads."""
    marks: list[str] = []
    stack = [corpus]
    while stack:
        value = stack.pop()
        if isinstance(value, tuple):
            stack += value
        elif is_block(value):
            files = getattr(value, "files", None)
            for file in files() if callable(files) else ():
                about = file.stat()
                marks.append(f"{file}\0{about.st_size}\0{about.st_mtime_ns}")
            stack += [getattr(value, name) for name in value.__dataclass_fields__]
    return digest("\n".join(sorted(marks)).encode())
