"""Supervised fine-tuning: the loss of transformers, packing that leaks nothing, what is served is what was learnt."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Message, Part, Prompt
from osler.models.local_text import prompt_ids, render
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.dialogue.invented import InventedDialogues, InventedQuestions
from osler.tuning.dialogue.rows import Row, rows_of
from osler.tuning.dialogue.templates import TEMPLATES, give_template
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.peft.lora import LoRA
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT
from osler.tuning.stage import made

SHAPE = DecoderShape(layers=2, hidden=32, heads=2, inner=64, context=96)
SHORT = Schedule(steps=3, learning_rate=1e-2, batch_tokens=400, precision="float32")


def _learner(family: str, rows: list[Row], **settings: Any) -> Any:
    import torch
    import transformers

    from osler.tuning.sft_learner import DialogueLearner

    torch.manual_seed(0)
    network: Any
    if family == "gpt2":
        config = transformers.GPT2Config(
            vocab_size=50,
            n_positions=64,
            n_embd=32,
            n_layer=2,
            n_head=2,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        )
        network = transformers.GPT2LMHeadModel(config)
    else:
        network = SHAPE.network(50, 0, bos=1, eos=2, seed=0)
    return DialogueLearner(network.eval(), rows, **settings)


def _rows() -> list[Row]:
    return [Row(tuple(range(3, 3 + n)), tuple(at >= n // 2 for at in range(n)), f"r{n}") for n in (5, 9, 14, 7, 11)]


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("packed", [0, 24])
def test_the_loss_is_that_of_transformers_row_by_row(family: str, packed: int) -> None:
    import torch

    rows = _rows()
    learner = _learner(family, rows, packed=packed)
    from osler.tuning.trainer.learner import Key

    batch = learner.batch(list(range(len(learner.lengths))), Key(0, 0))
    summed = 0.0
    for row in rows:
        ids = torch.tensor([row.ids])
        labels = torch.where(torch.tensor([row.learnt]), ids, -100)
        count = int((labels[:, 1:] != -100).sum())
        summed += float(learner.network(input_ids=ids, labels=labels).loss.detach()) * count
    assert float(learner.loss(batch)["replies"].detach()) == pytest.approx(summed, rel=1e-5)
    assert batch.counts["replies"] == sum(sum(row.learnt) for row in rows)
    assert batch.tokens == sum(len(row.ids) for row in rows)
    assert sum(learner.lengths) == batch.tokens
    assert not packed or max(learner.lengths) <= packed


def test_a_slow_path_gives_the_same_loss_as_the_head_on_marked_places() -> None:
    from osler.tuning.trainer.learner import Key

    learner = _learner("llama", _rows())
    batch = learner.batch([0, 1, 2], Key(0, 0))
    fast = float(learner.loss(batch)["replies"].detach())
    learner._plain = False
    assert float(learner.loss(batch)["replies"].detach()) == pytest.approx(fast, rel=1e-6)


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_every_served_prompt_is_the_beginning_of_what_was_learnt(template: str) -> None:
    from osler.tuning.tokenizers.pieces import BytePairs

    turns = (
        Turn("system", "be kind ."),
        Turn("user", "i have a rash ."),
        Turn("assistant", "since when ?"),
        Turn("user", "a week ."),
        Turn("assistant", "take 5 mg of this ."),
    )
    texts = [turn.text for turn in turns] * 20
    tokenizer = BytePairs(size=400).trained(texts)
    _, end = give_template(tokenizer, template)
    ends = frozenset({tokenizer.convert_tokens_to_ids(end)})
    found = rows_of([Conversation("c", turns)], tokenizer, learn="replies", length=500, ends=ends)
    learnt: list[tuple[list[int], list[int]]] = []
    for row in found.rows:
        for at in range(1, len(row.ids)):
            if row.learnt[at] and not row.learnt[at - 1]:
                stop = next((to for to in range(at, len(row.ids)) if not row.learnt[to]), len(row.ids))
                learnt.append((list(row.ids[:at]), list(row.ids[at:stop])))
    assert len(learnt) == 2
    for (before, reply), at in zip(learnt, (2, 4), strict=True):
        messages = [Message(turn.role, (Part(turn.text),)) for turn in turns[:at]]
        text = render(messages, tokenizer, "auto")
        assert before == prompt_ids(text, tokenizer, "auto", causal=True, ends=ends)
        assert tokenizer.decode(reply[:-1]).strip() == turns[at].text
        assert reply[-1] in ends
        assert not set(reply[:-1]) & ends


def test_a_tuned_model_writes_what_it_learnt_and_is_served_from_its_folder(tmp_path: Path) -> None:
    data = InventedQuestions(diseases=3, relations=("drug",), each=6)
    schedule = Schedule(steps=60, learning_rate=1e-2, batch_tokens=400, precision="float32")
    plan = SFT(base=SHAPE, data=data, template="vicuna", length=64, schedule=schedule)
    model = made(plan, shelf=tmp_path)
    one = data.conversations()[0]
    reply = asyncio.run(model.generate([Message("user", (Part(one.turns[0].text),))], max_tokens=8))
    assert (reply.text, reply.finish) == (one.turns[1].text, "stop")
    about = model.held.manifest["about"]
    assert about["rows"] == 18
    assert about["made_by"] == {"template: invented clinic": 18}
    assert from_spec(to_spec(model)) == model


def test_cases_of_a_study_are_learnt_as_they_are_asked(tmp_path: Path) -> None:
    pairs = [(Prompt(id=f"p{at}", question=f"is {at} even ?", choices=("yes", "no")), "yes") for at in range(4)]
    model = made(SFT(base=SHAPE, template="plain", schedule=SHORT), pairs, shelf=tmp_path)
    assert model.held.manifest["about"]["sources"] == {"cases": 4}
    with pytest.raises(SpecError, match="no data"):
        made(SFT(base=SHAPE, schedule=SHORT), shelf=tmp_path)


def test_an_adapter_is_trained_alone_and_its_folder_is_served(tmp_path: Path) -> None:
    data = InventedDialogues(diseases=3, each=4)
    base = SFT(base=SHAPE, data=data, template="vicuna", length=64, schedule=SHORT)
    plan = SFT(base=base, data=data, length=64, adapter=LoRA(rank=2, dropout=0.0), schedule=SHORT)
    model = made(plan, shelf=tmp_path)
    about = model.held.manifest["about"]
    assert 0 < about["trained_parameters"] < about["parameters"] / 4
    reply = asyncio.run(model.generate([Message("user", (Part("i have a rash ."),))], max_tokens=4))
    assert reply.tokens_out > 0
    with pytest.raises(SpecError, match="frozen"):
        made(SFT(base=base, data=data, template="chatml", adapter=LoRA(rank=2), schedule=SHORT), shelf=tmp_path)


def test_new_marks_widen_the_base_and_end_its_replies(tmp_path: Path) -> None:
    data = InventedDialogues(diseases=2, each=3)
    base = SFT(base=SHAPE, data=data, template="vicuna", length=64, schedule=SHORT)
    model = made(SFT(base=base, data=data, template="chatml", length=64, schedule=SHORT), shelf=tmp_path)
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model.folder)
    stops = transformers.GenerationConfig.from_pretrained(model.folder).eos_token_id
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") in stops
    assert tokenizer.chat_template == TEMPLATES["chatml"].jinja
    assert tokenizer.encode("<|im_end|>", add_special_tokens=False) == [len(tokenizer) - 1]


def test_held_out_conversations_are_looked_at_and_not_learnt(tmp_path: Path) -> None:
    data = InventedDialogues(diseases=4, each=10)
    plain, part = (
        made(SFT(base=SHAPE, data=data, length=64, held_out=share, schedule=SHORT), shelf=tmp_path).held.manifest
        for share in (0.0, 0.3)
    )
    assert plain["about"]["rows"] == 40
    assert plain["record"]["looks"] == []
    assert part["about"]["rows"] + part["about"]["held_out"] == 40
    assert 4 <= part["about"]["held_out"] <= 22
    assert part["record"]["looks"][0]["loss"] > 0


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="conversations"):
        SFT(data=SHAPE)
    with pytest.raises(SpecError, match="needs a base with weights"):
        SFT(adapter=LoRA())
    with pytest.raises(SpecError, match="from scratch"):
        SFT(base=SFT(), tokenizer=SHAPE)
    with pytest.raises(DataError, match="has a token to learn"):
        made(SFT(base=SHAPE, data=InventedDialogues(diseases=2), length=8, schedule=SHORT), shelf=tmp_path)
