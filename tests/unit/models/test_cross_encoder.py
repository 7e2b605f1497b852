"""Cross-encoders against plain transformers calls, on tiny random models that the tests make and save."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_models import save_bert, save_tokenizer

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, ModelError, SpecError
from osler.core.types import Model, Passage, Prompt
from osler.models.cross_encoder import CrossEncoder
from osler.models.entailment import Chances, Entailment

pytestmark = [
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")),
        reason="the extra 'local' (torch, transformers) is not installed",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

PAIRS = [
    ("Is it a fever?", "The patient has a fever and a cough."),
    ("cough", "He takes metformin for type 2 diabetes. " * 12),
    ("Is it a fever?", ""),
    ("", "She denies chest pain."),
    ("Is it a fever?", "The patient has a fever and a cough."),
    ("\ud800 a lone surrogate", "and 发烧 and \u200b"),
]


def save_classifier(folder: Path, labels: tuple[str, ...]) -> str:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer = save_tokenizer(folder, ends=True)
    torch.manual_seed(4)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
        initializer_range=0.4,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={name: place for place, name in enumerate(labels)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def ranker(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_classifier(tmp_path_factory.mktemp("tiny-ranker"), ("relevance",))


@pytest.fixture(scope="module")
def inference(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_classifier(tmp_path_factory.mktemp("tiny-nli"), ("ENTAILMENT", "NEUTRAL", "CONTRADICTION"))


def plain(path: str, pair: tuple[str, str]) -> Any:
    """One pair alone, by transformers."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForSequenceClassification.from_pretrained(path).eval()
    clean = [[side.encode("utf-8", "replace").decode()] for side in pair]
    inputs = tokenizer(*clean, truncation="longest_first", max_length=64, return_tensors="pt")
    with torch.inference_mode():
        return model(**inputs).logits[0].numpy()


def test_scores_are_those_of_each_pair_alone(ranker: str) -> None:
    model = CrossEncoder(path=ranker, max_batch_tokens=130)
    found = asyncio.run(model.scores(PAIRS))
    assert found.shape == (6, 1)
    assert found.dtype == np.float32
    for row, pair in zip(found, PAIRS, strict=True):
        np.testing.assert_allclose(row, plain(ranker, pair), atol=1e-5)
    assert found[0] == found[4]
    assert asyncio.run(model.scores([])).shape == (0, 1)


def test_concurrent_calls_get_their_own_rows(inference: str) -> None:
    model = CrossEncoder(path=inference)

    async def go() -> list[Any]:
        return await asyncio.gather(*(model.scores([pair]) for pair in PAIRS))

    for rows, pair in zip(asyncio.run(go()), PAIRS, strict=True):
        np.testing.assert_allclose(rows[0], plain(inference, pair), atol=1e-5)


def test_a_spec_brings_it_back_and_it_is_a_model(ranker: str) -> None:
    model = CrossEncoder(path=ranker)
    assert from_spec(to_spec(model)) == model
    assert isinstance(model, Model)
    assert model.supports == {"score"}
    assert model.labels == ("relevance",)
    with pytest.raises(ModelError, match="cannot generate"):
        asyncio.run(model.generate(()))


def test_as_a_model_it_scores_choices_and_labels(ranker: str, inference: str) -> None:
    prompt = Prompt(id="a", question="Is it a fever?", choices=("yes", "no"), lettered=True)
    reply = asyncio.run(CrossEncoder(path=ranker).score(prompt.messages(), prompt.labels))
    logits = np.array([plain(ranker, (prompt.question, text))[0] for text in prompt.choices], np.float64)
    shares = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose([np.exp((reply.logprobs or {})[name]) for name in "AB"], shares, atol=1e-5)
    labelled = Prompt(
        id="b",
        question="He has diabetes.",
        choices=("NEUTRAL", "CONTRADICTION"),
        evidence=(Passage(id="1", text="He takes metformin."),),
    )
    reply = asyncio.run(CrossEncoder(path=inference).score(labelled.messages(), labelled.labels))
    logits = plain(inference, ("He has diabetes.", "He takes metformin."))[1:].astype(np.float64)
    told = [(reply.logprobs or {})[name] for name in labelled.labels]
    np.testing.assert_allclose(np.exp(told), np.exp(logits) / np.exp(logits).sum(), atol=1e-5)
    with pytest.raises(ModelError, match="not all of the 2 choices"):
        asyncio.run(CrossEncoder(path=inference).score(prompt.messages(), prompt.labels))


def test_relevance_is_one_number_a_passage(ranker: str, inference: str) -> None:
    found = [(Passage(id=str(i), text=text), 1.0) for i, (_, text) in enumerate(PAIRS)]
    values = asyncio.run(CrossEncoder(path=ranker).relevance("cough", found))
    assert values.shape == (6,)
    np.testing.assert_allclose(values[1], plain(ranker, ("cough", PAIRS[1][1]))[0], atol=1e-5)
    with pytest.raises(SpecError, match="3 labels"):
        asyncio.run(CrossEncoder(path=inference).relevance("cough", found))


def test_what_is_no_cross_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="path is empty"):
        CrossEncoder(path="")
    bare = save_bert(tmp_path / "bert")
    with pytest.raises(DataError, match="no head that scores pairs"):
        asyncio.run(CrossEncoder(path=bare).scores(PAIRS))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no config\.json"):
        _ = CrossEncoder(path=str(tmp_path / "empty")).labels
    with pytest.raises(DataError, match="no model and tokenizer"):
        asyncio.run(CrossEncoder(path="nobody/has-this-model").scores(PAIRS))


def test_weights_that_are_missing_are_never_made_up(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = Path(save_classifier(tmp_path / "cut", ("relevance",)))
    weights = {name: value for name, value in load_file(path / "model.safetensors").items() if "classifier" not in name}
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match="lacks 2 of its weights"):
        asyncio.run(CrossEncoder(path=str(path)).scores(PAIRS))


def test_the_content_hash_names_the_weights(tmp_path: Path) -> None:
    one = CrossEncoder(path=save_classifier(tmp_path / "one", ("relevance",)))
    before = one.content_hash()
    file = tmp_path / "one" / "model.safetensors"
    held = bytearray(file.read_bytes())
    held[-1] ^= 1
    file.write_bytes(bytes(held))
    assert one.content_hash() != before


def test_entailment_reads_the_labels_of_public_models(inference: str) -> None:
    model = Entailment(path=inference)
    claim, passage = "He has diabetes.", "He takes metformin."
    (found,) = asyncio.run(model.verdicts([(claim, passage)]))
    logits = plain(inference, (passage, claim)).astype(np.float64)  # the passage is the premise and comes first
    shares = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(found, [shares[0], shares[2], shares[1]], atol=1e-5)
    assert sum(found) == pytest.approx(1)
    (turned,) = asyncio.run(Entailment(path=inference, order="claim first").verdicts([(claim, passage)]))
    assert turned != found
    assert asyncio.run(model.verdicts([])) == []
    assert from_spec(to_spec(model)) == model


def test_a_temperature_makes_verdicts_less_sure(inference: str) -> None:
    pair = [("He has diabetes.", "He takes metformin.")]
    (sure,) = asyncio.run(Entailment(path=inference).verdicts(pair))
    (less,) = asyncio.run(Entailment(path=inference, temperature=4.0).verdicts(pair))
    assert less.label == sure.label
    assert max(less) < max(sure)


def test_entailment_refuses_other_labels(ranker: str) -> None:
    with pytest.raises(DataError, match="has a label 'relevance'"):
        asyncio.run(Entailment(path=ranker).verdicts([("a", "b")]))
    assert Chances(0.2, 0.5, 0.3).label == "contradicted"
