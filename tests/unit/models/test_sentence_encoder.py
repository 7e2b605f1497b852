"""Sentence encoders from folders: the vectors of the reference, whatever the pooling, backend, family or precision."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_models import save_bert, save_tokenizer

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, ModelError, SpecError
from osler.models.embedding import space_of
from osler.models.encoder import Encoder
from osler.models.minilm import model_folder
from osler.models.onnx_session import installed
from osler.models.sentence_encoder import SentenceEncoder
from osler.models.sentence_folder import find_folder, read_folder

TEXTS = ["fever and a cough", "She denies chest pain.", "metformin", "", "word " * 90, "患者は熱がある"]
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
needs_onnx = pytest.mark.skipif(not installed(), reason="the extra search is not installed")


def embed(encoder: Any, texts: list[str]) -> Any:
    return asyncio.run(encoder.embed(texts))


def reference(folder: str, texts: list[str], pooling: str, limit: int) -> Any:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    rows = []
    for text in texts:
        with torch.no_grad():
            batch = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt", return_token_type_ids=False)
            hidden = model(**batch).last_hidden_state[0]
        rows.append((hidden.mean(0) if pooling == "mean" else hidden[0]).numpy())
    return np.array(rows)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("torch")
    return save_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch = pytest.importorskip("torch")
    from transformers import RobertaConfig, RobertaForMaskedLM

    folder = tmp_path_factory.mktemp("roberta")
    tokenizer = save_tokenizer(folder, ends=True)
    torch.manual_seed(4)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=70,
        pad_token_id=0,
        initializer_range=0.4,
        hidden_act="relu",
    )
    RobertaForMaskedLM(config).save_pretrained(folder)  # its tensors carry the prefix "roberta."
    return str(folder)


@needs_torch
@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_a_plain_bert_gives_the_vectors_of_the_reference(bert: str, pooling: Any, backend: Any) -> None:
    if backend == "onnx" and not installed():
        pytest.skip("the extra search is not installed")
    got = embed(SentenceEncoder(path=bert, pooling=pooling, backend=backend), TEXTS)
    wanted = reference(bert, TEXTS, pooling, 64)
    assert got.shape == wanted.shape == (len(TEXTS), 32)
    assert float(np.abs(got - wanted).max()) < 1e-4


@needs_torch
@needs_onnx
def test_positions_of_roberta_begin_behind_its_padding(roberta: str) -> None:
    got = embed(SentenceEncoder(path=roberta, pooling="mean", backend="onnx"), TEXTS[:4])
    assert float(np.abs(got - reference(roberta, TEXTS[:4], "mean", 64)).max()) < 1e-4


@needs_onnx
def test_the_package_of_minilm_is_read_as_a_sentence_transformers_folder() -> None:
    folder = read_folder(str(model_folder()))
    assert (folder.pooling, folder.unit, folder.max_tokens) == ("mean", True, 256)
    own = embed(Encoder(), TEXTS)
    assert float(np.abs(embed(SentenceEncoder(path=str(model_folder())), TEXTS) - own).max()) < 1e-5


@needs_onnx
def test_the_first_token_of_a_mean_pooled_encoder_is_another_space() -> None:
    right, wrong = (SentenceEncoder(path=str(model_folder()), pooling=way) for way in ("mean", "cls"))
    related = ["Does she have high blood pressure?", "She is known to have hypertension."]
    a, b = embed(right, related), embed(wrong, related)
    assert np.allclose(np.linalg.norm(b, axis=1), 1, atol=1e-5)
    assert float(np.abs(np.sum(a * b, axis=1)).max()) < 0.9
    assert space_of(right) != space_of(wrong)
    assert space_of(right) == space_of(SentenceEncoder(path=str(model_folder())))  # auto finds the mean


@needs_onnx
def test_int8_is_near_and_does_not_depend_on_the_batch() -> None:
    encoder = Encoder(precision="int8")
    texts = [text for text in TEXTS if text] + [f"The patient takes {n} mg of metformin daily." for n in range(30)]
    got = embed(encoder, texts)
    near = np.sum(got * embed(Encoder(), texts), axis=1)
    assert float(near.min()) > 0.985
    assert float(near.mean()) > 0.994
    encoder.forget(texts)
    assert all(np.array_equal(embed(encoder, [text])[0], got[row]) for row, text in enumerate(texts[:9]))
    assert space_of(encoder) != space_of(Encoder())
    assert space_of(Encoder(neighbours=3)) == space_of(Encoder())


@needs_onnx
def test_int8_without_onnx_runtime_is_the_same_space() -> None:
    from osler.models.minilm import MiniLM

    model = MiniLM(model_folder(), precision="int8")
    ids = model.tokens(TEXTS)
    fast = model.forward(ids)
    model._session = None
    assert float(np.sum(fast * model.forward(ids), axis=1).min()) > 0.99


@needs_torch
@needs_onnx
def test_an_onnx_file_is_run_as_it_is(bert: str, tmp_path: Path) -> None:
    from onnx import TensorProto, helper, numpy_helper, save

    table = np.random.default_rng(0).normal(size=(400, 8)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "words",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", "t", 8])],
        [numpy_helper.from_array(table, "table")],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "model.onnx")
    shutil.copy(Path(bert) / "tokenizer.json", tmp_path)
    got = embed(SentenceEncoder(path=str(tmp_path)), ["fever", "fever and a cough"])
    from tokenizers import Tokenizer

    ids = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode("fever").ids
    assert np.allclose(got[0], table[ids].mean(axis=0), atol=1e-5)
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(DataError, match=r"cannot open model\.onnx"):
        embed(SentenceEncoder(path=str(tmp_path), max_tokens=9), ["fever"])


@needs_torch
@needs_onnx
def test_prefixes_stand_before_queries_and_passages(bert: str) -> None:
    bare = SentenceEncoder(path=bert)
    made = SentenceEncoder(path=bert, query_prefix="query: ", passage_prefix="passage: ")
    query = asyncio.run(made.embedded_queries(["fever"])).vectors
    assert np.array_equal(query, embed(bare, ["query: fever"]))
    assert np.array_equal(embed(made, ["fever"]), embed(bare, ["passage: fever"]))
    assert space_of(made) != space_of(bare)
    assert space_of(SentenceEncoder(path=bert, query_prefix="query: ")) == space_of(bare)
    assert from_spec(to_spec(made)) == made


def test_a_hub_name_is_looked_for_on_this_machine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="is not on this machine") as caught:
        find_folder("sentence-transformers/all-mpnet-base-v2")
    assert "hf download" in caught.value.hint
    held = tmp_path / "models--sentence-transformers--tiny"
    (held / "snapshots" / "abc").mkdir(parents=True)
    (held / "refs").mkdir()
    (held / "refs" / "main").write_text("abc")
    assert find_folder("sentence-transformers/tiny").name == "abc"
    assert find_folder("tiny").name == "abc"
    assert find_folder("tiny", "abc").name == "abc"
    for name, revision in (("tiny", "other"), ("../tiny", ""), ("a/b/c", "")):
        with pytest.raises(ModelError):
            find_folder(name, revision)


@pytest.mark.parametrize(
    ("parts", "pooling", "message"),
    [
        ([{"type": "sentence_transformers.models.Dense", "path": ""}], {}, "has a part 'Dense'"),
        (
            [{"type": "sentence_transformers.models.Pooling", "path": "p"}],
            {"pooling_mode_max_tokens": True},
            "pools by max",
        ),
        ([{"type": "sentence_transformers.models.Transformer", "path": "../../x"}], {}, "points out of its folder"),
        ({"type": "none"}, {}, "is no list"),
    ],
)
def test_folders_with_parts_that_are_not_known_are_refused(
    tmp_path: Path, parts: Any, pooling: Any, message: str
) -> None:
    (tmp_path / "modules.json").write_text(json.dumps(parts))
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "config.json").write_text(json.dumps(pooling))
    with pytest.raises(DataError, match=message):
        read_folder(str(tmp_path))


def test_an_empty_folder_and_settings_that_cannot_be_are_told(tmp_path: Path) -> None:
    with pytest.raises((ModelError, DataError)):
        embed(SentenceEncoder(path=str(tmp_path), backend="onnx"), ["fever"])
    for wrong in (
        {"path": ""},
        {"path": "x", "max_tokens": -1},
        {"path": "x", "precision": "int8", "backend": "torch"},
    ):
        with pytest.raises(SpecError):
            SentenceEncoder(**wrong)
