"""Pre-training as a stage: encoders that embed and keep their words' head, decoders that write, bases that go on."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osler.core.block import block, from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Message, Part, Prompt
from osler.models.local import Local
from osler.tuning.corpora.corpus import Text
from osler.tuning.networks.shapes import DecoderShape, EncoderShape
from osler.tuning.objectives.document_relation import DocumentRelation
from osler.tuning.objectives.infilling import Infilling
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.next_sentence import NextSentence
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.objectives.objective import Objective
from osler.tuning.objectives.sentence_order import SentenceOrder
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made
from osler.tuning.tokenizers.pieces import BytePairs, WordPiece

SMALL = EncoderShape(layers=2, hidden=32, heads=2, inner=64, context=64, dropout=0.0)
WRITER = DecoderShape(layers=2, hidden=32, heads=2, inner=64, context=64)
SHORT = Schedule(steps=12, batch_tokens=512, learning_rate=3e-3, precision="float32")
DRUGS = ("zelvarine", "tarrimab", "oxolene", "peridin")


@block
class TinyCorpus:
    """Sentences about invented drugs, with links from each document to the next."""

    documents: int = 40
    word: str = "daily"

    def texts(self) -> Iterator[Text]:
        for at in range(self.documents):
            drug = DRUGS[at % 4]
            lines = [f"{drug} is given {self.word}.", f"the dose of {drug} is {at % 4 + 1} mg.", f"{drug} is safe."]
            yield Text(f"d{at}", " ".join(lines), "tiny", (f"d{(at + 1) % self.documents}",))


def pretrain(tmp_path: Path, **changes: Any) -> Pretrain:
    settings: dict[str, Any] = {
        "base": SMALL, "data": TinyCorpus(), "tokenizer": WordPiece(size=120), "length": 32, "held_out": 0.1,
        "schedule": SHORT, "shelf": str(tmp_path),
    }  # fmt: skip
    return Pretrain(**{**settings, **changes})


def manifest(model: Pretrain) -> Any:
    return json.loads((model.folder / "training.json").read_text())


@pytest.mark.parametrize(
    "objectives",
    [
        (MaskedLanguage(),),
        (MaskedLanguage(), NextSentence()),
        (MaskedLanguage(), SentenceOrder()),
        (MaskedLanguage(), DocumentRelation()),
        (MaskedLanguage(), DocumentRelation(predicted=False)),
    ],
    ids=["alone", "next sentence", "sentence order", "document relation", "rows only"],
)
def test_an_encoder_learns_and_embeds_and_keeps_its_head(tmp_path: Path, objectives: tuple[Objective, ...]) -> None:
    import torch
    import transformers

    model = made(pretrain(tmp_path, objectives=objectives))
    curve = manifest(model)["record"]["curve"]
    assert curve[-1]["masked_language"] < curve[0]["masked_language"] - 0.3
    assert model.local.found_kind == "encoder"
    vectors = asyncio.run(model.embed(["zelvarine is safe.", "the dose of peridin"]))
    assert vectors.shape == (2, 32)
    config = json.loads((model.folder / "config.json").read_text())
    assert config["architectures"] == ["BertForMaskedLM"]
    again = transformers.AutoModelForMaskedLM.from_pretrained(model.folder)
    assert torch.equal(again.cls.predictions.decoder.weight, again.bert.embeddings.word_embeddings.weight)
    assert from_spec(to_spec(model)) == model


def test_the_same_seed_makes_the_same_weights_and_another_does_not(tmp_path: Path) -> None:
    one = made(pretrain(tmp_path / "a"), seed=3)
    two = made(pretrain(tmp_path / "b"), seed=3)
    three = made(pretrain(tmp_path / "b"), seed=4)
    assert one.weights == two.weights
    assert one.weights != three.weights


def test_training_goes_on_with_head_and_tokenizer_of_the_base(tmp_path: Path) -> None:
    first = pretrain(tmp_path, objectives=(MaskedLanguage(), NextSentence()))
    then = pretrain(
        tmp_path,
        base=first,
        tokenizer=None,
        data=TinyCorpus(word="weekly"),
        objectives=(MaskedLanguage(), NextSentence()),
    )
    model = made(then)
    about = manifest(model)["about"]
    assert about["heads_kept"] == ["next_sentence"]
    base = made(first)
    assert (model.folder / "vocab.txt").exists() == (base.folder / "vocab.txt").exists()
    assert (model.folder / "tokenizer.json").read_bytes() == (base.folder / "tokenizer.json").read_bytes()
    last = manifest(base)["record"]["curve"][-1]["masked_language"]
    assert manifest(model)["record"]["curve"][0]["masked_language"] < last + 1.0  # not from the start again


def test_a_base_takes_the_words_that_it_lacks(tmp_path: Path) -> None:
    first = pretrain(tmp_path)
    model = made(pretrain(tmp_path, base=first, data=TinyCorpus(word="fortnightly"), tokenizer=WordPiece(size=160)))
    about = manifest(model)["about"]
    assert about["words_added"] > 0
    import transformers

    assert "fortnightly" in transformers.AutoTokenizer.from_pretrained(model.folder).get_vocab()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("objective", [NextToken(), Infilling()])
def test_a_decoder_learns_and_writes(tmp_path: Path, packed: bool, objective: Objective) -> None:
    model = made(
        pretrain(
            tmp_path, base=WRITER, tokenizer=BytePairs(size=300), objectives=(objective,), packed=packed, length=64
        )
    )
    curve = manifest(model)["record"]["curve"]
    assert curve[-1]["loss"] < curve[0]["loss"] - 0.3
    assert model.local.found_kind == "causal"
    reply = asyncio.run(model.generate([Message("user", (Part("zelvarine is"),))], max_tokens=4))
    assert reply.tokens_out >= 1
    figures = manifest(model)["about"]["figures"]
    assert figures["perplexity"] == pytest.approx(math.exp(figures["loss"]))
    assert 0 < figures["bits_per_byte"] < 9


def test_questions_of_a_study_serve_without_a_corpus(tmp_path: Path) -> None:
    pairs = [(Prompt(id=f"p{at}", question=f"is {DRUGS[at % 4]} safe?"), "never to be read") for at in range(20)]
    model = made(pretrain(tmp_path, data=None), pairs)
    import transformers

    words = transformers.AutoTokenizer.from_pretrained(model.folder).get_vocab()
    assert "safe" in words
    assert not any("never" in word for word in words)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(SpecError, match="NextToken cannot train an encoder"):
        Pretrain(base=SMALL, objectives=(NextToken(),))
    with pytest.raises(SpecError, match="cannot both form the rows"):
        Pretrain(base=SMALL, length=32, objectives=(MaskedLanguage(), NextSentence(), SentenceOrder()))
    with pytest.raises(SpecError, match="above the context 64"):
        Pretrain(base=SMALL, length=128)
    with pytest.raises(SpecError, match="has a loss"):
        Pretrain(base=SMALL, length=32, objectives=(DocumentRelation(predicted=False),))
    with pytest.raises(SpecError, match="objectives is empty"):
        Pretrain(base=SMALL, length=32, objectives=())


def test_a_shape_needs_a_tokenizer_and_a_corpus_texts(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="needs a tokenizer"):
        made(pretrain(tmp_path, tokenizer=None))
    with pytest.raises(DataError, match="no texts"):
        made(pretrain(tmp_path, data=TinyCorpus(documents=0)))
    with pytest.raises(SpecError, match="trains no base of the kind 'encoder'"):
        made(pretrain(tmp_path, base=made(pretrain(tmp_path)), tokenizer=None, objectives=(NextToken(),)))


def test_local_reads_the_folder_by_path(tmp_path: Path) -> None:
    model = made(pretrain(tmp_path))
    found = asyncio.run(Local(path=str(model.folder)).embed(["oxolene"]))
    assert np.linalg.norm(found[0]) == pytest.approx(1.0, abs=1e-5)
