"""A BERT-type encoder as an ONNX graph for ONNX Runtime, made from its weights without torch (extra ``search``).

In int8 every weight matrix has one scale for each column and every token's activations one scale of their own, so that a
vector does not depend on the texts it was computed with; the usual dynamic quantisation has one scale for the whole batch.
Products of whole numbers are exact; attention, norms and GELU stay float32.
"""

from __future__ import annotations

import importlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from osler.models.bert_weights import BertLayer, BertWeights, Linear

Precision = Literal["float32", "int8"]
_CONTRIBUTED = "com.microsoft"  # operators that every build of ONNX Runtime has
_OPSET = 21
_IR = 10
_FLOAT = 1  # ONNX's number of float32


def whole(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """``weight [in, out]`` as whole numbers from -127 to 127 and the scale ``[out]`` of each column."""
    scale = np.maximum(np.abs(weight).max(axis=0) / np.float32(127), np.float32(1e-12)).astype(np.float32)
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale


def bert_graph(weights: BertWeights, precision: Precision) -> bytes:
    """A serialised model: ``x [texts, tokens, width]``, the sums of words and positions of texts of one length, to
    ``hidden`` of the same shape. Words are looked up outside: they are half of the weights and would be held twice."""
    return _Graph(weights, precision).made()


class _Graph:
    def __init__(self, weights: BertWeights, precision: Precision) -> None:
        helper: Any = importlib.import_module("onnx.helper")
        self._weights, self._int8 = weights, precision == "int8"
        sets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIBUTED, 1)]
        shape = ["texts", "tokens", weights.width]
        ends = [[helper.make_tensor_value_info(name, _FLOAT, shape)] for name in ("x", "hidden")]
        # Weights are written into the model's own graph: every helper that takes them would copy them.
        self._model: Any = helper.make_model(helper.make_graph([], "bert", *ends), opset_imports=sets, ir_version=_IR)
        self._names: set[str] = set()

    def made(self) -> bytes:
        if self._int8:
            self._quantisers()
        x = self._norm("x", self._weights.norm)
        for layer in self._weights.layers:
            x = self._layer(x, layer)
        self._model.graph.node.add(op_type="Identity", input=[x], output=["hidden"])
        made: bytes = self._model.SerializeToString()
        return made

    def _layer(self, x: str, layer: BertLayer) -> str:
        heads = self._weights.heads
        parts = self._products(x, [layer.query, layer.key, layer.value])
        bias = np.concatenate([layer.query[1], layer.key[1], layer.value[1]])
        mixed = self._op(
            "MultiHeadAttention", *parts, self._constant("bias", bias), domain=_CONTRIBUTED, num_heads=heads
        )
        x = self._norm(self._added(self._products(mixed, [layer.out])[0], layer.out[1], x), layer.out_norm)
        up = self._op("Add", self._products(x, [layer.up])[0], self._constant("bias", layer.up[1]))
        kind = "Gelu" if self._weights.activation == "gelu" else "Relu"
        active = self._op(kind, up)
        return self._norm(self._added(self._products(active, [layer.down])[0], layer.down[1], x), layer.down_norm)

    def _added(self, y: str, bias: NDArray[np.float32], x: str) -> str:
        return self._op("Add", self._op("Add", x, self._constant("bias", bias)), y)

    def _norm(self, x: str, norm: Linear) -> str:
        # Not SkipLayerNormalization: on a CPU that takes twice as long as an addition and a norm.
        scale, shift = (self._constant("norm", part) for part in norm)
        return self._op("LayerNormalization", x, scale, shift, axis=-1, epsilon=self._weights.epsilon)

    def _products(self, x: str, linears: list[Linear]) -> list[str]:
        """``x [texts, tokens, in]`` with each of the weights ``[in, out]``; biases are added where they are needed."""
        if not self._int8:
            return [self._op("MatMul", x, self._constant("weight", weight)) for weight, _ in linears]
        rows = self._op("Reshape", x, self._numbers(-1, len(linears[0][0])))
        most = self._op("ReduceMax", self._op("Abs", rows), self._numbers(1), keepdims=1)
        scale = self._op("Max", self._op("Mul", most, "one_127th"), "least_scale")
        flat = self._op("Squeeze", scale, self._numbers(1))
        middle = self._op("Expand", "middle", self._op("Shape", flat))
        whole_rows = self._op("QuantizeLinear", rows, flat, middle, axis=0)
        shape = self._op("Slice", self._op("Shape", x), self._numbers(0), self._numbers(2))
        return [self._whole_product(whole_rows, scale, weight, shape) for weight, _ in linears]

    def _whole_product(self, rows: str, scale: str, weight: NDArray[np.float32], shape: str) -> str:
        numbers, scales = whole(weight)
        zeros = np.zeros(len(scales), np.int8)
        factors = [self._constant("weight", numbers), "one", self._constant("scale", scales), "middle"]
        product = self._op("MatMulIntegerToFloat", rows, *factors, self._constant("zeros", zeros), domain=_CONTRIBUTED)
        full = self._op("Concat", shape, self._numbers(len(scales)), axis=0)
        return self._op("Reshape", self._op("Mul", product, scale), full)

    def _quantisers(self) -> None:
        values = (("one_127th", np.float32(1 / 127)), ("least_scale", np.float32(1e-9)), ("one", np.float32(1)))
        for name, value in (*values, ("middle", np.uint8(128))):
            self._constant(name, np.asarray(value), exactly=True)

    def _numbers(self, *values: int) -> str:
        name = "numbers_" + "_".join(map(str, values))
        return name if name in self._names else self._constant(name, np.array(values, np.int64), exactly=True)

    def _constant(self, name: str, value: NDArray[Any], *, exactly: bool = False) -> str:
        helper: Any = importlib.import_module("onnx.helper")
        name = name if exactly else f"{name}_{len(self._names)}"
        self._names.add(name)
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        self._model.graph.initializer.add(name=name, dims=value.shape, data_type=kind, raw_data=value.tobytes())
        return name

    def _op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        helper: Any = importlib.import_module("onnx.helper")
        out = f"{kind}_{len(self._model.graph.node)}"
        self._model.graph.node.append(helper.make_node(kind, list(inputs), [out], domain=domain, **attributes))
        return out
