"""A corpus as a file: what slow steps made is kept, and read in place of them."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import orjson

from osler.core.errors import SpecError
from osler.tuning.corpora.corpus import Corpus
from osler.tuning.corpora.step import Report, followed


def written(corpus: Corpus, path: str | Path) -> Report:
    """Write ``corpus`` to ``path`` (.jsonl or .jsonl.gz) and give the account of it; ``TextFiles(path=...)`` gives the
    same texts again, with sources, links and what made them. The file appears at once and whole, and the same corpus
    gives the same bytes. The account stands beside it (``.report.json``)."""
    place = Path(path)
    if not place.name.endswith((".jsonl", ".jsonl.gz")):
        raise SpecError(f"a corpus is written to .jsonl or .jsonl.gz, got {place.name}", hint="name it so")
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    texts, report = followed(corpus)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("wb") as raw:
            zipped = gzip.GzipFile("", "wb", 6, raw, mtime=0) if place.suffix == ".gz" else None
            for text in texts:
                row = {name: value for name, value in text._asdict().items() if value}
                (zipped or raw).write(orjson.dumps({"id": text.id, "text": text.text, **row}) + b"\n")
            if zipped is not None:
                zipped.close()
            raw.flush()
            os.fsync(raw.fileno())
        part.rename(place)
    finally:
        part.unlink(missing_ok=True)
    about = place.with_name(place.name + ".report.json")
    about.write_bytes(orjson.dumps(report.json(), option=orjson.OPT_INDENT_2))
    return report
