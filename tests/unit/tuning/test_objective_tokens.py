"""Objectives that predict tokens: masks, whole words, next tokens, infilling, against transformers' own losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import DataError, SpecError
from osler.tuning.objectives.infilling import Infilling
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.objectives.objective import NOTHING, Row, Vocabulary, single
from osler.tuning.objectives.whole_word import WholeWord
from osler.tuning.pretrain_learner import PretrainLearner, tensors
from osler.tuning.pretrain_rows import pack, positions_of
from osler.tuning.trainer.learner import Key, draws

WORDS = Vocabulary(60, 0, 2, 3, 4, frozenset({0, 1, 2, 3, 4}), {"<|prefix|>": 57, "<|suffix|>": 58, "<|middle|>": 59})
PLAIN = WORDS._replace(begin=None, end=None)


def row(sizes: list[int], vocabulary: Vocabulary = WORDS, seed: int = 0) -> Row:
    """A row of words with so many pieces each."""
    draw = np.random.default_rng(seed)
    words = np.repeat(np.arange(len(sizes)), sizes)
    return single(draw.integers(5, 57, len(words)), words, vocabulary, 10)


def bert(seed: int = 0) -> Any:
    import torch
    import transformers

    torch.manual_seed(seed)
    shape = transformers.BertConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    model = transformers.BertForMaskedLM(shape)
    torch.nn.init.normal_(model.cls.predictions.bias)
    return model.eval()


def llama(seed: int = 0) -> Any:
    import torch
    import transformers

    torch.manual_seed(seed)
    shape = transformers.LlamaConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    return transformers.LlamaForCausalLM(shape).eval()


sizes = st.lists(st.integers(1, 4), min_size=1, max_size=30)


@given(sizes, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_a_share_of_the_tokens_is_masked_and_targets_are_what_stood_there(counts: list[int], seed: int) -> None:
    given_row = row(counts)
    made = MaskedLanguage().change(given_row, np.random.default_rng(seed), WORDS)
    assert made.targets is not None
    hidden = made.targets != NOTHING
    assert hidden.sum() == max(1, round(0.15 * sum(counts)))
    assert not hidden[given_row.words < 0].any()
    assert (made.targets[hidden] == given_row.ids[hidden]).all()
    assert (made.ids[~hidden] == given_row.ids[~hidden]).all()


def test_eight_of_ten_are_masks_one_is_any_word_and_one_stays() -> None:
    counts = np.zeros(3)
    long = row([1] * 400)
    for seed in range(60):
        made = MaskedLanguage().change(long, np.random.default_rng(seed), WORDS)
        assert made.targets is not None
        hidden = made.targets != NOTHING
        kept = made.ids[hidden] == made.targets[hidden]
        masks = made.ids[hidden] == WORDS.mask
        counts += [masks.sum(), (~masks & ~kept).sum(), kept.sum()]
    shares = counts / counts.sum()
    assert shares[0] == pytest.approx(0.8, abs=0.03)  # 3600 draws: three standard errors are 0.02
    assert shares[1] == pytest.approx(0.1 * 59 / 60, abs=0.02)


@given(sizes, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_all_pieces_of_a_word_are_chosen_together(counts: list[int], seed: int) -> None:
    given_row = row(counts)
    places = WholeWord().places(given_row, np.random.default_rng(seed))
    chosen = {int(word) for word in given_row.words[places]}
    assert places.tolist() == [at for at, word in enumerate(given_row.words) if int(word) in chosen]
    assert len(chosen) == 1 or len(places) <= max(1, round(0.15 * sum(counts)))


def test_words_of_packed_documents_are_told_apart() -> None:
    packed = pack([row([3, 1]), row([2, 2], seed=1)], 20)
    assert len(packed) == 1
    for seed in range(30):
        places = WholeWord(share=0.3).places(packed[0], np.random.default_rng(seed))
        keys = {(int(packed[0].parts[at]), int(packed[0].words[at])) for at in places}
        assert sum(
            (int(part), int(word)) in keys for part, word in zip(packed[0].parts, packed[0].words, strict=True)
        ) == len(places)


def test_the_loss_on_masked_places_is_that_of_transformers() -> None:
    import torch

    rows = [row([2, 1, 3, 1, 1], seed=seed) for seed in range(3)] + [row([1, 1], seed=9)]
    model = bert()
    learner = PretrainLearner(model, rows, [], [MaskedLanguage(share=0.4)], WORDS)
    key = Key(5, 1)
    batch = learner.batch([0, 1, 2, 3], key)
    ours = learner.loss(batch)["masked_language"] / batch.counts["masked_language"]
    labels = torch.full_like(batch.inputs["ids"], NOTHING)
    labels.view(-1)[batch.inputs["places"]] = batch.inputs["targets"]
    theirs = model(
        input_ids=batch.inputs["ids"], attention_mask=batch.inputs["mask"],
        token_type_ids=batch.inputs["types"], labels=labels,
    ).loss  # fmt: skip
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)
    mine = torch.autograd.grad(ours, model.bert.embeddings.word_embeddings.weight, retain_graph=True)[0]
    other = torch.autograd.grad(theirs, model.bert.embeddings.word_embeddings.weight)[0]
    assert torch.allclose(mine, other, atol=1e-6)


def test_the_next_token_loss_is_that_of_transformers() -> None:
    rows = [row([1] * 9, PLAIN, seed=seed) for seed in range(3)]
    model = llama()
    learner = PretrainLearner(model, rows, [], [NextToken()], PLAIN)
    batch = learner.batch([0, 1, 2], Key(0, 0))
    ours = float(learner.loss(batch)["next_token"].detach() / batch.counts["next_token"])
    theirs = float(model(input_ids=batch.inputs["ids"], labels=batch.inputs["ids"]).loss.detach())
    assert ours == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("family", ["encoder", "decoder"])
def test_packed_documents_lose_what_they_lose_alone(family: str) -> None:
    rows = [row([1] * size, seed=size) for size in (9, 6, 4, 7)]
    objective: Any = NextToken() if family == "decoder" else MaskedLanguage(share=1.0, masked=0.0, random=0.0)
    model = llama() if family == "decoder" else bert()
    alone = PretrainLearner(model, rows, [], [objective], WORDS)
    packed = PretrainLearner(model, pack(rows, 20), [], [objective], WORDS)
    assert len(packed.rows) == 2
    first = alone.batch(range(4), Key(0, 0))
    second = packed.batch(range(2), Key(0, 0))
    assert first.counts == second.counts
    name = objective.title
    assert alone.loss(first)[name].item() == pytest.approx(packed.loss(second)[name].item(), abs=1e-3)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_packing_keeps_every_token_and_fills_rows(lengths: list[int]) -> None:
    rows = [row([1] * size, seed=at) for at, size in enumerate(lengths)]
    packed = pack(rows, 16)
    assert all(len(one.ids) <= 16 for one in packed)
    assert sorted(np.concatenate([one.ids for one in packed])) == sorted(np.concatenate([one.ids for one in rows]))
    assert sum(int(one.parts.max()) + 1 for one in packed) == len(rows)
    half_empty = sum(len(one.ids) <= 8 for one in packed)
    assert half_empty <= 1
    for one in packed:
        starts = np.flatnonzero(positions_of(one.parts) == 0)
        assert (one.ids[starts] == WORDS.begin).all()


@given(st.integers(1, 20), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_infilling_moves_the_middle_to_the_end(size: int, seed: int) -> None:
    given_row = row([1] * size)
    made = Infilling(rate=1.0).change(given_row, np.random.default_rng(seed), WORDS)
    ids = made.ids.tolist()
    assert (ids[0], ids[-1]) == (WORDS.begin, WORDS.end)
    prefix, suffix, middle = (ids.index(WORDS.marks[name]) for name in Infilling.marks)
    assert prefix < suffix < middle
    back = ids[prefix + 1 : suffix] + ids[middle + 1 : -1] + ids[suffix + 1 : middle]
    assert [WORDS.begin, *back, WORDS.end] == given_row.ids.tolist()
    assert (
        Infilling(rate=0.0).change(given_row, np.random.default_rng(seed), WORDS).ids.tolist() == given_row.ids.tolist()
    )


def test_packed_documents_have_room_for_the_marks() -> None:
    packed = pack([row([1] * size, seed=size) for size in (6, 5, 4, 3)], 20, marks=3)
    for one in packed:
        made = Infilling(rate=1.0).change(one, np.random.default_rng(0), WORDS)
        assert len(one.ids) < len(made.ids) <= 20


def test_masks_hang_on_row_and_pass_and_not_on_the_batch() -> None:
    rows = [row([1] * 12, seed=seed) for seed in range(4)]
    learner = PretrainLearner(bert(), rows, [], [MaskedLanguage()], WORDS)
    together, alone = learner.batch([0, 1, 2], Key(1, 0)), learner.batch([2], Key(1, 0))
    assert together.inputs["ids"][2].tolist() == alone.inputs["ids"][0].tolist()
    again = [MaskedLanguage().change(rows[0], draws(Key(1, epoch), 0), WORDS).ids.tolist() for epoch in range(6)]
    assert len({tuple(one) for one in again}) > 1


def test_padding_is_hidden_and_counts_nothing() -> None:
    made = tensors([row([1] * 3), row([1] * 8)], WORDS, "encoder", "cpu")
    assert made["mask"].sum(1).tolist() == [5, 10]
    assert made["ids"][0, 5:].tolist() == [0] * 5


def test_a_tokenizer_without_a_mask_and_wrong_shares_are_refused() -> None:
    with pytest.raises(DataError, match="no mask token"):
        MaskedLanguage().change(row([1] * 4), np.random.default_rng(0), WORDS._replace(mask=None))
    with pytest.raises(SpecError, match="masked_language has shares"):
        MaskedLanguage(masked=0.9, random=0.2)
    with pytest.raises(SpecError, match="rate"):
        Infilling(rate=1.5)
