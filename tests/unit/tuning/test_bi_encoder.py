"""Bi-encoders and re-rankers as stages: what they learn, what their folders are, and what is refused."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osler.core.block import from_spec, replace, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Message, Part, Passage, Prompt
from osler.knowledge.bm25 import BM25
from osler.knowledge.dense import Dense
from osler.knowledge.passages import PassageList
from osler.knowledge.rerank import Reranked
from osler.models.sentence_encoder import SentenceEncoder
from osler.tuning.bi_encoder import BiEncoder
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.contrastive import InfoNCE
from osler.tuning.pair_data import ClickLog, InventedClicks, Matched, matched_pairs, matches_hash
from osler.tuning.rerank_stage import Reranker
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made
from osler.tuning.tokenizers.symbols import Words

pytestmark = [
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")),
        reason="the extra 'local' (torch, transformers) is not installed",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

SHAPE = EncoderShape(layers=1, hidden=32, heads=2, inner=64, context=96, dropout=0.0)
TRAIN = InventedClicks(texts=20, each=6)
TINY = BiEncoder(
    base=SHAPE,
    tokenizer=Words(),
    data=TRAIN,
    query_tokens=16,
    text_tokens=80,
    schedule=Schedule(steps=60, batch_rows=20, learning_rate=5e-3, precision="float32"),
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture(scope="module")
def two(shelf: Path) -> BiEncoder:
    found: BiEncoder = made(replace(TINY, article_base=SHAPE), seed=1, shelf=shelf)
    return found


def first(index: Any, log: InventedClicks) -> float:
    async def share() -> float:
        cases = log.matches()
        hits = [await index.search(case.query, 1) for case in cases]
        return float(np.mean([hit[0][0].id == case.id for hit, case in zip(hits, cases, strict=True) if hit]))

    return asyncio.run(share())


def test_searches_of_readers_are_learnt_from_their_clicks(two: BiEncoder) -> None:
    texts = PassageList(items=TRAIN.passages())
    tested = InventedClicks(texts=20, each=3, part="test", lay=1.0)
    assert first(Dense(collection=texts, encoder=two, cache=""), tested) > 0.3  # by chance 0.05
    assert asyncio.run(BM25(collection=texts).search(tested.matches()[0].query, 5)) == []  # not a word in common
    losses = [row["loss"] for row in two.held.manifest["record"]["curve"]]
    assert losses[0] > 2 > 1 > losses[-1]
    assert two.held.manifest["about"]["encoders"] == 2


def test_the_folders_are_sentence_encoders_and_hold_what_the_stage_embeds_with(two: BiEncoder) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    texts = [item.text for item in TRAIN.passages()[:3]]
    for folder, ask in ((two.folder, two.embedded), (two.folder / "query", two.embedded_queries)):
        network, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
        most = 80 if folder == two.folder else 16
        own = tokenizer(texts, padding=True, truncation=True, max_length=most, return_tensors="pt")
        with torch.inference_mode():
            hidden = network(input_ids=own["input_ids"], attention_mask=own["attention_mask"]).last_hidden_state
        weight = own["attention_mask"][..., None]
        expected = torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1), dim=1)
        found = asyncio.run(ask(texts)).vectors
        assert np.abs(found - expected.numpy()).max() < 1e-4
        read = asyncio.run(SentenceEncoder(path=str(folder)).embed(texts))
        assert np.array_equal(read, found)
    assert two.space == two.encoder.space != two.query_encoder.space


def test_a_training_is_made_once_and_its_two_folders_are_watched(two: BiEncoder, shelf: Path) -> None:
    again = made(replace(TINY, article_base=SHAPE), seed=1, shelf=shelf)
    assert again.weights == two.weights
    assert from_spec(json.loads(json.dumps(to_spec(two)))) == two
    file = two.folder / "query" / "config.json"
    held = file.read_bytes()
    file.write_bytes(held + b" ")
    try:
        with pytest.raises(DataError, match="not those that training wrote"):
            made(replace(TINY, article_base=SHAPE), seed=1, shelf=shelf)
    finally:
        file.write_bytes(held)


def test_the_gradient_cache_trains_the_same_model(tmp_path: Path) -> None:
    """Plain descent hides nothing: three steps with and without the cache, losses and vectors agree."""
    short = replace(TINY, **{"schedule.steps": 3, "schedule.learning_rate": 1e-3})
    plain = made(short, seed=0, shelf=tmp_path)
    small = made(replace(short, **{"schedule.micro_tokens": 200}), seed=0, shelf=tmp_path)
    assert plain.weights != small.weights
    losses = [[row["loss"] for row in one.held.manifest["record"]["curve"]] for one in (plain, small)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    texts = [item.text for item in TRAIN.passages()]
    assert np.abs(asyncio.run(plain.embed(texts)) - asyncio.run(small.embed(texts))).max() < 2e-3


def test_first_tokens_and_dot_products_are_written_into_the_folder(tmp_path: Path) -> None:
    stage = replace(TINY, pooling="cls", objective=InfoNCE(similarity="dot", temperature=1.0), **{"schedule.steps": 2})
    folder = made(stage, shelf=tmp_path).folder
    kinds = [part["type"].rpartition(".")[2] for part in json.loads((folder / "modules.json").read_text())]
    assert kinds == ["Transformer", "Pooling"]
    assert json.loads((folder / "1_Pooling" / "config.json").read_text())["pooling_mode_cls_token"] is True
    vectors = asyncio.run(SentenceEncoder(path=str(folder)).embed(["a text"]))
    assert abs(float(np.linalg.norm(vectors)) - 1) > 1e-3


def test_a_rows_own_wrong_texts_stand_in_its_batch_and_a_right_one_among_them_is_excused() -> None:
    import torch

    from osler.tuning.bi_encoder_layers import TwoEncoders
    from osler.tuning.bi_encoder_learner import BiEncoderLearner
    from osler.tuning.trainer.learner import Key

    rows = [
        Matched("x", "one", "alpha", wrong=("beta", "gamma")),
        Matched("y", "two", "beta", wrong=("delta", "alpha")),
    ]
    rows[0] = rows[0]._replace(also=frozenset({"y"}))
    tokenizer = Words().trained(["one two alpha beta gamma delta"])
    network = TwoEncoders(SHAPE.network(len(tokenizer), 0, seed=0))
    learner = BiEncoderLearner(network, tokenizer, rows, InfoNCE(hard=2), query_tokens=8, text_tokens=8)
    batch = learner.batch([0, 1], Key(0, 0))
    out = batch.inputs["excused"]
    assert out.shape == (2, 6)
    assert batch.counts == {"contrast": 2.0}
    # The texts are alpha, beta, then both of the first row's and both of the second's; alpha and beta are right for "one".
    assert out[0].tolist()[:2] == [False, True]
    assert int(out[0].sum()) == 3
    assert int(out[1].sum()) == 1
    assert torch.isfinite(learner.loss(batch)["contrast"])
    assert all(not weight.requires_grad for weight in network.query.pooler.parameters())


def test_a_re_ranker_is_trained_on_what_its_retriever_ranks_high(two: BiEncoder, shelf: Path) -> None:
    ranker: Reranker = made(
        Reranker(
            base=SHAPE,
            tokenizer=Words(),
            data=TRAIN,
            retriever=two,
            negatives=3,
            last=6,
            max_length=96,
            schedule=Schedule(steps=12, batch_rows=6, learning_rate=3e-3, precision="float32"),
        ),
        shelf=shelf,
    )
    assert ranker.held.manifest["about"]["lists"] == len(TRAIN.matches())
    lists = ranker._lists(TRAIN.matches(), 0)
    texts = PassageList(items=TRAIN.passages())
    index = Dense(collection=texts, encoder=two, cache="")
    case = TRAIN.matches()[0]
    near = [item.text for item, _ in asyncio.run(index.search(case.query, 7))]
    assert lists[0].texts[0] == case.text
    assert set(lists[0].texts[1:]) <= set(near) - {case.text}
    hits = asyncio.run(Reranked(inner=index, scorer=ranker, depth=5).search(case.query, 5))
    assert {item.id for item, _ in hits} == {item.id for item, _ in asyncio.run(index.search(case.query, 5))}
    asked = (Message("user", (Part(case.query, name="question"),)),)
    assert set(asyncio.run(ranker.score(asked, (case.text, "something else"))).logprobs or ()) == {
        case.text,
        "something else",
    }


def test_a_studys_cases_are_matches_with_the_other_options_as_wrong_ones(tmp_path: Path) -> None:
    prompt = Prompt(id="1", question="which drug ?", choices=("zelvarine", "orbitol"), lettered=True)
    (one,) = matched_pairs([(prompt, "B")])
    assert (one.query, one.text, one.wrong) == ("which drug ?", "orbitol", ("zelvarine",))
    plain = matched_pairs([(Prompt(id="2", question="why ?"), "because")])[0]
    assert (plain.text, plain.wrong) == ("because", ())
    pairs = [(prompt, "B"), (prompt.replace(id="3", question="which other ?"), "A")]
    stage = Reranker(
        base=SHAPE, tokenizer=Words(), draw="given", negatives=1, last=1, schedule=Schedule(steps=1, batch_rows=2)
    )
    trained = made(stage, pairs, shelf=tmp_path)
    assert trained.held.manifest["about"]["lists"] == 2


def test_a_log_of_clicks_is_read_with_its_weights(tmp_path: Path) -> None:
    file = tmp_path / "clicks.jsonl"
    rows = [
        {"query": "q", "id": "a", "text": "first", "clicks": 7},
        {"query": "q", "id": "b", "text": "second", "clicks": 1, "wrong": ["third"]},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = ClickLog(path=str(file)).matches()
    assert [one.weight for one in found] == [3.0, 1.0]
    assert [one.also for one in found] == [{"b"}, {"a"}]
    assert found[1].wrong == ("third",)
    assert matches_hash(found) != matches_hash(ClickLog(path=str(file), weighting="equal").matches())
    file.write_text('{"query": "q", "id": "a"}\n')
    with pytest.raises(DataError, match=r"row 1 of 'clicks\.jsonl' lacks"):
        ClickLog(path=str(file)).matches()


def test_queries_of_the_test_part_are_others_than_those_learnt_from() -> None:
    train, test = TRAIN.matches(), InventedClicks(texts=20, each=6, part="test").matches()
    assert not {(one.id, one.query) for one in train} & {(one.id, one.query) for one in test}
    assert TRAIN.matches() == train
    assert {one.id for one in train} == {item.id for item in TRAIN.passages()}
    assert all(isinstance(item, Passage) for item in TRAIN.passages())


def test_what_cannot_be_trained_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="other rows of a batch"):
        BiEncoder(schedule=Schedule())
    with pytest.raises(SpecError, match="gives no queries"):
        BiEncoder(data=Words())
    with pytest.raises(SpecError, match="needs a tokenizer"):
        made(replace(TINY, tokenizer=None), shelf=tmp_path)
    with pytest.raises(SpecError, match="at least as many"):
        Reranker(negatives=5, last=4)
    assert [item for item in tmp_path.iterdir() if not item.name.startswith(".")] == []
