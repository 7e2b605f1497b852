"""Literature search: best passages as JSON, bounded, and a clear word when nothing is found."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from osler.core.block import from_spec, to_spec
from osler.core.errors import SpecError, ToolError
from osler.core.types import Passage, Tool
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.tools.calling import use
from osler.tools.literature_search import LiteratureSearch

ITEMS = tuple(Passage(id=f"p{i}", text=f"Passage {i} tells of the heart. " + "x" * 40 * i) for i in range(6))
TOOL = LiteratureSearch(index=BM25(collection=PassageList(items=ITEMS)), most=4, passage_characters=60)


def ask(**arguments: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(asyncio.run(use(TOOL, arguments)))
    return found


def test_it_gives_the_best_passages_cut_to_size() -> None:
    found = ask(query="passage 3")
    assert (found[0]["id"], len(found)) == ("p3", 3)
    assert found[0]["text"].endswith("...[cut]")
    assert all(len(row["text"]) <= 70 for row in found)
    assert len(ask(query="heart", k=4)) == 4


def test_passages_that_do_not_fit_together_are_left_out() -> None:
    small = LiteratureSearch(index=TOOL.index, most=4, passage_characters=60, max_characters=250)
    text = asyncio.run(use(small, {"query": "heart", "k": 4}))
    assert len(text) <= 250
    assert 1 <= len(json.loads(text)) < 4


def test_it_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ToolError, match="nothing was found"):
        ask(query="zebra")
    for arguments in ({"query": ""}, {"query": "heart", "k": 5}, {"query": "heart", "k": 0}, {"words": "heart"}):
        with pytest.raises(ToolError, match="literature_search"):
            ask(**arguments)
    with pytest.raises(SpecError, match="literature_search needs"):
        LiteratureSearch(most=0)


def test_it_is_a_block_and_a_tool() -> None:
    assert isinstance(TOOL, Tool)
    assert from_spec(to_spec(TOOL)) == TOOL
