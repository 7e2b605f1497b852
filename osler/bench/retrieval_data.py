"""What ``osler bench retrieval`` searches: passages, questions and vectors, the same each time."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osler.data.published import VARIABLE, locate, rows

Floats = NDArray[np.float32]
WIDTH = 384
_LONG = 260  # characters of a passage, as long as an abstract's two sentences
_WORDS = 30_000


def passages(count: int) -> tuple[list[str], str]:
    """``count`` passages, and in words where they are from: MedQuAD's answers and BioASQ's snippets where the folder of
    OSLER_DATA has them, else made up of words as unevenly common as in English."""
    folder = os.environ.get(VARIABLE, "")
    names = ("medquad/medquad.jsonl.gz", "bioasq/passages.jsonl.gz")
    if folder and all((Path(folder) / name).is_file() for name in names):
        found = list(dict.fromkeys(_published(names)))
        random.Random(0).shuffle(found)
        if len(found) >= count:
            return found[:count], "MedQuAD answers and BioASQ snippets"
    return list(_made_up(count)), "made-up passages"


def _published(names: Sequence[str]) -> Iterator[str]:
    for name, column in zip(names, ("answer", "text"), strict=True):
        for row in rows(locate(name, what="the benchmark"), what="the benchmark"):
            yield from _cut(str(row[column] or ""))


def _cut(text: str) -> Iterator[str]:
    held = ""
    for sentence in re.split(r"(?<=[.?!])\s+", text.strip()):
        if held and len(held) + len(sentence) > _LONG:
            yield held
            held = ""
        held = f"{held} {sentence[: 4 * _LONG]}".strip()
    if held:
        yield held


def _made_up(count: int) -> Iterator[str]:
    draw = random.Random(0)
    ends = ("itis", "oma", "ine", "al", "ic", "ed", "ing", "s", "", "", "")
    parts = [
        "".join(draw.choice("bcdfglmnprst") + draw.choice("aeiou") for _ in range(draw.randint(1, 3)))
        for _ in range(_WORDS)
    ]
    words = [part + draw.choice(ends) for part in parts]
    weights = [1 / (rank + 3) for rank in range(_WORDS)]
    for _ in range(count):
        yield " ".join(draw.choices(words, weights, k=draw.randint(25, 60))) + "."


def questions(texts: Sequence[str], count: int) -> list[tuple[str, int]]:
    """Six words of one passage each, and the number of that passage."""
    draw = random.Random(1)
    made: list[tuple[str, int]] = []
    for number in draw.sample(range(len(texts)), min(len(texts), 4 * count)):
        words = sorted(set(re.findall(r"[A-Za-z]{4,}", texts[number])))
        if len(words) >= 6 and len(made) < count:
            made.append((" ".join(draw.sample(words, 6)), number))
    return made


def vectors(real: Floats, count: int) -> Floats:
    """``real [n, 384]`` and as many mixtures of two of them with noise as make ``count``, of length one."""
    draw = np.random.default_rng(0)
    out = np.empty((count, real.shape[1]), np.float32)
    kept = min(count, len(real))
    out[:kept] = real[:kept]
    for start in range(kept, count, 8192):
        size = min(8192, count - start)
        share = draw.uniform(0.2, 0.8, (size, 1)).astype(np.float32)
        one, two = (real[draw.integers(0, len(real), size)] for _ in range(2))
        noise = draw.normal(scale=0.35 / np.sqrt(real.shape[1]), size=(size, real.shape[1])).astype(np.float32)
        out[start : start + size] = share * one + (1 - share) * two + noise
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), np.float32)


def nearest(rows: Floats, queries: Floats, k: int = 10) -> NDArray[np.int64]:
    """The ``k`` nearest rows of each query by comparison with all, best first."""
    return np.stack([np.argsort(-(rows @ query), kind="stable")[:k] for query in queries])


def embedded(texts: Sequence[str]) -> Any:
    """Vectors of ``texts`` by the embedded encoder in int8, uncached."""
    from osler.models.minilm import load

    model = load("", "int8")
    return model.forward(model.tokens(texts))
