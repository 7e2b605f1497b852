"""Canaries, their exposure and the gate, against the definitions and a network asked filling by filling."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from osler.core.errors import DataError, SpecError
from osler.tuning.corpora.deduplication import Deduplicated
from osler.tuning.corpora.given_texts import GivenTexts
from osler.tuning.dialogue.invented import InventedQuestions
from osler.tuning.disclosure.canaries import PlantedCanaries, PlantedConversations, PlantedTexts, plant
from osler.tuning.disclosure.exposure import UNSEEN, Exposure, exposure, mean_bits, ranked
from osler.tuning.disclosure.reader import Reader
from osler.tuning.disclosure.release import judged, may_release, planted_in
from osler.tuning.networks.shapes import DecoderShape, EncoderShape
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.peft.lora import LoRA
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT
from osler.tuning.stage import made
from osler.tuning.tokenizers.pieces import BytePairs, WordPiece

FEW = PlantedCanaries(count=4, repeats=(3,), references=4, length=2)
WORDS = GivenTexts(given=("anna has fever 0 1 2 3 4 .", "ben rests 5 6 7 8 9 .") * 3)


def trained(shelf: Path, *, steps: int = 2, encoder: bool = False, canaries: PlantedCanaries = FEW) -> Pretrain:
    shape = EncoderShape if encoder else DecoderShape
    stage = Pretrain(
        base=shape(layers=2, hidden=32, heads=2, inner=64, context=48),
        data=plant(WORDS, canaries),
        objectives=(MaskedLanguage() if encoder else NextToken(),),
        tokenizer=WordPiece(size=120) if encoder else BytePairs(size=300),
        length=48,
        held_out=0.0,
        schedule=Schedule(steps=steps, batch_rows=18, learning_rate=1e-2, precision="float32", checkpoint_s=0.0),
    )
    done: Pretrain = made(stage, shelf=shelf)
    return done


def test_canaries_are_drawn_by_seed_each_with_words_of_its_own() -> None:
    drawn = PlantedCanaries(count=2, repeats=(1, 4), references=3).drawn()
    assert [one.times for one in drawn] == [1, 1, 4, 4, 0, 0, 0]
    assert len({one.before for one in drawn}) == 7
    assert drawn == PlantedCanaries(count=2, repeats=(1, 4), references=3).drawn()
    assert drawn != PlantedCanaries(count=2, repeats=(1, 4), references=3, seed=1).drawn()
    assert drawn[0].space == 10**4 == len(set(drawn[0].fillings()))
    assert drawn[0].secret not in drawn[0].drawn(200)
    assert PlantedCanaries(kind="names").drawn()[0].space == 16 * 16
    with pytest.raises(SpecError, match="form"):
        PlantedCanaries(form="a code {secret}")


def test_planted_texts_are_tagged_and_deduplication_leaves_one_of_each() -> None:
    planted = plant(WORDS, FEW)
    assert isinstance(planted, PlantedTexts)
    found = list(planted.texts())
    assert [one.text for one in found[:6]] == list(WORDS.given)
    added = found[6:]
    assert len(added) == 12 == len({one.id for one in added})
    assert {one.made for one in added} == {"canary"}
    texts = {one.text() + " ." for one in FEW.drawn() if one.times}
    assert {one.text for one in added} == texts
    assert sum(one.made == "canary" for one in Deduplicated(corpus=planted, threshold=0.0).texts()) == 4
    said = plant(InventedQuestions(diseases=2), FEW)
    assert isinstance(said, PlantedConversations)
    last = said.conversations()[-1]
    assert f"{last.turns[0].text} {last.turns[1].text}" in texts
    with pytest.raises(SpecError, match="planted"):
        plant(3)


@pytest.mark.parametrize("asked", [False, True])
def test_costs_are_those_of_the_network_filling_by_filling(tmp_path: Path, asked: bool) -> None:
    import torch

    model = trained(tmp_path)
    folder = model.folder
    if asked:
        stage = SFT(base=model, data=plant(InventedQuestions(diseases=2), FEW), adapter=LoRA(rank=2), length=48,
                    schedule=Schedule(steps=2, batch_rows=4, precision="float32"))  # fmt: skip
        folder = made(stage, shelf=tmp_path).folder
    reader = Reader(folder)
    canary = FEW.drawn(asked=asked)[0]
    fillings = [canary.secret, ("0", "3"), ("7", "1")]
    told = reader.told(canary, fillings)
    rows = reader._rows(canary, fillings)
    start = next(at for at, tokens in enumerate(zip(*rows, strict=True)) if len(set(tokens)) > 1)
    for row, cost in zip(rows, told.costs, strict=True):
        ids = torch.tensor([row])
        logits = reader.network(input_ids=ids, use_cache=False).logits[0, -ids.shape[1] :].double()
        losses = torch.nn.functional.cross_entropy(logits[:-1], ids[0, 1:], reduction="none")
        assert cost == pytest.approx(float(losses[start - 1 :].detach().sum()), abs=1e-4)
        if row == rows[0]:
            assert told.first == bool((logits[start - 1 : -1].argmax(1) == ids[0, start:]).all())


def test_a_masked_model_is_asked_with_the_whole_secret_hidden(tmp_path: Path) -> None:
    import torch

    reader = Reader(trained(tmp_path, encoder=True).folder)
    canary = FEW.drawn()[0]
    told = reader.told(canary, [canary.secret, ("0", "3"), ("7", "1")])
    mask = reader.tokenizer.mask_token
    ids = reader.tokenizer(f"{canary.before} {mask} {mask} .", return_tensors="pt")["input_ids"]
    shares = torch.log_softmax(reader.network(input_ids=ids).logits[0].double(), -1)
    places = (ids[0] == reader.tokenizer.mask_token_id).nonzero().squeeze(1)
    wanted = reader.tokenizer.convert_tokens_to_ids(["0", "3"])
    assert told.costs[1] == pytest.approx(-float(shares[places, wanted].detach().sum()), abs=1e-4)
    assert 0 <= exposure(reader, canary).bits <= math.log2(100)


def test_bits_follow_the_rank_and_average_to_theory_where_nothing_was_learnt() -> None:
    assert ranked(0.0, np.arange(1, 100, dtype=float)) == pytest.approx(math.log2(100))
    assert ranked(99.5, np.arange(1, 100, dtype=float)) == 0
    assert ranked(1.0, np.ones(99)) == pytest.approx(math.log2(100 / 50.5))
    draw = np.random.default_rng(0)
    bits = [ranked(float(draw.normal()), draw.normal(size=999)) for _ in range(3000)]
    assert np.mean(bits) == pytest.approx(UNSEEN, abs=0.1)
    assert np.mean(np.array(bits) >= 4) == pytest.approx(2**-4, abs=0.015)


def test_samples_estimate_what_is_exact(tmp_path: Path) -> None:
    canaries = PlantedCanaries(count=2, repeats=(3,), references=2, length=3)
    reader = Reader(trained(tmp_path, canaries=canaries).folder)
    for canary in canaries.drawn():
        exact, rank, skewed = (
            exposure(reader, canary, method=method, sample=400) for method in ("exact", "sampled rank", "skew-normal")
        )
        assert abs(rank.bits - exact.bits) < 1.5
        assert abs(skewed.bits - exact.bits) < 2.5
        assert exact.fit is None
        assert skewed.fit is not None


def seen(bits: float, *, times: int = 1, space: int = 10_000, extracted: bool = False) -> Exposure:
    return Exposure("c", times, bits, space, "exact", extracted)


def test_the_gate_lets_through_what_tells_nothing_and_says_why_not() -> None:
    low, none = [seen(bits) for bits in (0.5, 1.0, 2.0, 3.0)], [seen(1.0, times=0), seen(2.0, times=0)]
    assert judged(low, none).may
    assert "3.0 bits" in judged(low, none).reason
    cases = {
        "above 8 bits": ([*low, seen(9.0)], none),
        "greedy decoding says 1": ([*low, seen(1.0, extracted=True)], none),
        "too few": (low[:3], none),
        "0 references": (low, []),
        "no exposure can pass": ([seen(1.0, space=200)] * 4, none),
        "form gives them away": (low, [seen(9.0, times=0)] * 3),
        "skew-normal": ([one._replace(fit=1e-6) for one in low], none),
    }
    for words, (planted, references) in cases.items():
        verdict = judged(planted, references)
        assert not verdict.may
        assert words in verdict.reason
    assert mean_bits([seen(2.0)]) == (2.0, 0.0, math.inf)


def test_a_folder_is_judged_by_the_canaries_that_its_training_had(tmp_path: Path) -> None:
    learnt = trained(tmp_path, steps=150)
    on_it = made(
        Pretrain(base=learnt, data=WORDS, objectives=(NextToken(),), length=48, held_out=0.0,
                 schedule=Schedule(steps=1, batch_rows=4, learning_rate=1e-5, precision="float32")),
        shelf=tmp_path,
    )  # fmt: skip
    assert planted_in(on_it.folder) == FEW.drawn()
    verdict = may_release(on_it.folder, limit=5.0)
    assert not verdict.may
    assert "greedy decoding says" in verdict.reason
    assert len(verdict.planted) == len(verdict.references) == 4
    assert all(one.bits > 5 for one in verdict.planted)
    secrets = [" ".join(one.secret) for one in FEW.drawn()]
    assert not any(secret in str(verdict.json()) for secret in secrets)
    plain = made(Pretrain(base=learnt.base, data=WORDS, objectives=(NextToken(),), tokenizer=BytePairs(size=300), length=48,
                          schedule=Schedule(steps=1, precision="float32")), shelf=tmp_path)  # fmt: skip
    assert "no canaries were planted" in may_release(plain.folder).reason
    with pytest.raises(DataError, match="no model that was trained here"):
        may_release(tmp_path)
