"""Adapters on the shelf after real stages: what is listed, and who learnt from a document."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from osler.core.block import replace
from osler.core.types import Message, Part
from osler.models.adapter import base_of
from osler.recipes.models.med_palm_tuning import TINY
from osler.tuning.disclosure.registry import trained_on
from osler.tuning.peft.lora import LoRA
from osler.tuning.peft.registry import adapters
from osler.tuning.stage import made

SHORT = replace(TINY, **{"schedule.steps": 2, "base.schedule.steps": 2})


def test_lists_adapters_with_base_data_and_documents(tmp_path: Path) -> None:
    prompt = made(SHORT, seed=1, shelf=tmp_path)
    lora = made(replace(SHORT, adapter=LoRA(rank=2), base=made(SHORT.base, seed=1, shelf=tmp_path)), shelf=tmp_path)
    cards = {card.key: card for card in adapters(tmp_path)}
    assert set(cards) == {prompt.folder.name, lora.folder.name}
    card = cards[lora.folder.name]
    assert card.stage == "SFT"
    assert card.method["block"] == "LoRA"
    assert card.trained == 2 * 2 * 2 * (64 + 64) == lora.held.manifest["about"]["trained_parameters"]
    assert card.base == cards[prompt.folder.name].base
    assert card.data == cards[prompt.folder.name].data
    wanted = {one.id for one in SHORT.data.conversations()}
    assert set(cards) <= {one.key for one in trained_on(sorted(wanted)[0], tmp_path).to_retrain}
    assert trained_on("nowhere", tmp_path).to_retrain == ()
    assert adapters(tmp_path / "none") == []


def test_a_moved_shelf_serves_its_adapters_and_finds_them_again(tmp_path: Path) -> None:
    asked = (Message("user", (Part("which drug treats it ?"),)),)
    tuned = made(SHORT, shelf=tmp_path / "one")
    said = asyncio.run(tuned.generate(asked, max_tokens=4)).text
    shutil.move(tmp_path / "one", tmp_path / "two")
    again = made(SHORT, shelf=tmp_path / "two")
    assert again.weights == tuned.weights
    assert base_of(again.folder).parent == tmp_path / "two"
    assert asyncio.run(again.generate(asked, max_tokens=4)).text == said
    with pytest.raises(Exception, match="not on this machine"):
        _ = replace(tuned, shelf=str(tmp_path / "one")).folder
