"""The transformer layers of MiniLM in NumPy, exact to float32 or with the products of the int8 form."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from osler.models.bert_graph import whole

Floats = NDArray[np.float32]
Product = Callable[[Floats], Floats]

WIDTH = 384
HEADS, EPSILON = 12, 1e-12
_ROWS = 256  # rows of a feed-forward block: its 1.5 MB stay in the cache of a core


class Plain:
    """``x @ weight``."""

    def __init__(self, weight: Floats) -> None:
        self._weight = weight

    def __call__(self, x: Floats) -> Floats:
        return np.asarray(x @ self._weight, np.float32)


class Rounded:
    """``x @ weight`` where both are whole numbers of a byte, with a scale for each row and each column."""

    def __init__(self, weight: Floats) -> None:
        numbers, self._scale = whole(weight)
        self._weight = numbers.astype(np.float32)

    def __call__(self, x: Floats) -> Floats:
        scale = np.maximum(np.abs(x).max(axis=1, keepdims=True) * np.float32(1 / 127), np.float32(1e-9))
        product = np.clip(np.rint(x / scale), -127, 127) @ self._weight
        product *= self._scale
        product *= scale
        return np.asarray(product, np.float32)


def _made(make: Callable[[Floats], Product], pair: tuple[Floats, Floats]) -> tuple[Product, Floats]:
    return make(pair[0]), pair[1]


class Layer:
    """One transformer layer. Query, key and value are one product; the scale of attention is in the query weights.

    ``rounded``: the products of the int8 form (see ``bert_graph``), in whole numbers that float32 holds exactly, so that
    the vectors of int8 are there without ONNX Runtime, too; no faster than float32.
    """

    def __init__(self, stored: dict[str, Floats], prefix: str, *, rounded: bool = False) -> None:
        def pair(name: str) -> tuple[Floats, Floats]:
            return stored[prefix + name + ".weight"].T, stored[prefix + name + ".bias"]

        parts = [pair(f"attention.self.{name}") for name in ("query", "key", "value")]
        scale = np.float32(1 / math.sqrt(WIDTH // HEADS))
        parts[0] = parts[0][0] * scale, parts[0][1] * scale
        make = Rounded if rounded else Plain
        self.qkv = make(np.ascontiguousarray(np.hstack([weight for weight, _ in parts])))
        self.qkv_bias = np.concatenate([bias for _, bias in parts])
        self.out, self.out_bias = _made(make, pair("attention.output.dense"))
        self.up, self.up_bias = _made(make, pair("intermediate.dense"))
        self.down, self.down_bias = _made(make, pair("output.dense"))
        self.norms = [
            (stored[f"{prefix}{name}.LayerNorm.weight"], stored[f"{prefix}{name}.LayerNorm.bias"])
            for name in ("attention.output", "output")
        ]

    def __call__(self, x: Floats, groups: Sequence[tuple[int, int, int]]) -> Floats:
        mixed = self._attend(self.qkv(x) + self.qkv_bias, groups)
        x = layer_norm(self.out(mixed) + self.out_bias + x, *self.norms[0])
        out = np.empty_like(x)
        for start in range(0, len(x), _ROWS):
            block = x[start : start + _ROWS]
            out[start : start + _ROWS] = self.down(gelu(self.up(block) + self.up_bias))
        return layer_norm(out + self.down_bias + x, *self.norms[1])

    def _attend(self, qkv: Floats, groups: Sequence[tuple[int, int, int]]) -> Floats:
        """Attention within each text; texts of equal length share one stacked product."""
        out = np.zeros((len(qkv), WIDTH), np.float32)
        for start, n, length in groups:
            stop = start + n * length
            heads = qkv[start:stop].reshape(n, length, 3, HEADS, WIDTH // HEADS).transpose(2, 0, 3, 1, 4)
            weights = heads[0] @ heads[1].swapaxes(-1, -2)
            weights -= weights.max(axis=-1, keepdims=True)
            np.exp(weights, out=weights)
            weights /= weights.sum(axis=-1, keepdims=True)
            out[start:stop] = (weights @ heads[2]).transpose(0, 2, 1, 3).reshape(n * length, WIDTH)
        return out


def gelu(x: Floats) -> Floats:
    """``x * Phi(x)`` with erf by Abramowitz and Stegun 7.1.26, |error of erf| < 1.5e-7: float32 knows no better.

    Ten times as fast as ``scipy.special.erf``, which would take half of the forward pass.
    """
    z = np.abs(x) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    tail = np.full_like(t, 1.061405429)
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail *= t
        tail += np.float32(coefficient)
    tail *= t
    np.multiply(z, z, out=z)
    np.negative(z, out=z)
    tail *= np.exp(z, out=z)  # 1 - erf(|x| / sqrt 2)
    tail *= np.abs(x)
    tail *= np.float32(0.5)
    return np.asarray(np.maximum(x, 0) - tail, np.float32)


def layer_norm(x: Floats, weight: Floats, bias: Floats) -> Floats:
    x = x - x.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", x, x) / np.float32(WIDTH)
    x *= (1 / np.sqrt(variance + np.float32(EPSILON)))[:, None]
    x *= weight
    x += bias
    return x
