"""The factory: what is kept is tagged and well-formed, what is thrown away is counted, calls are never made twice."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from osler.core.block import block
from osler.core.errors import SpecError
from osler.evaluation.consultation.questions import asks
from osler.evaluation.metrics.text.tokens import words
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.sources import TripleList
from osler.models.simulated_writer import SimulatedWriter
from osler.prompting.self_instruct import rouge_l
from osler.tuning.corpora.corpus import Text
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedDialogues
from osler.tuning.factory.dialogue_encoded import FOREIGN, DialogueEncoded
from osler.tuning.factory.graph_questions import TAILLESS, GraphQuestions
from osler.tuning.factory.polished import NUMBERS, Polished
from osler.tuning.factory.production import MET, ROWS, produce
from osler.tuning.factory.self_chatted import SelfChatted
from osler.tuning.factory.self_instructed import ALIKE, SelfInstructed
from osler.tuning.factory.simulated_scribe import SimulatedScribe

SEEDS = ("Explain how scurvy begins.", "Draw up a diet plan for gout.", "Who is at risk of croup?", "Sort these signs.")
TRIPLES = tuple(
    {
        "head": f"d{at}",
        "head_name": f"zelvarin{at}",
        "relation": "treats",
        "tail": f"t{at}",
        "tail_name": f"morbosis{at}",
    }
    for at in range(30)
)


@block
class PlainTextsOfTest:
    """Texts with sentences and numbers."""

    def texts(self) -> Iterator[Text]:
        for at in range(20):
            yield Text(f"t{at}", f"Fictionosis{at} harms the kidney. It is treated with {at + 10} mg of borovine.")


def test_self_instruct_leaves_no_two_tasks_alike_over_all_calls() -> None:
    found = asyncio.run(produce(SelfInstructed(seeds=SEEDS, calls=6), SimulatedWriter(repeated=0.5)))
    asked = [words(one.turns[0].text) for one in found.conversations] + [words(seed) for seed in SEEDS]
    assert max(rouge_l(a, b) for a, b in itertools.combinations(asked, 2)) <= 0.7
    assert found.rejected[ALIKE] > 0
    assert found.calls == 6 + len(found.conversations)
    assert all(one.made.endswith("): self-instruct") and len(one.of) == 3 for one in found.conversations)
    with pytest.raises(SpecError, match="seeds"):
        asyncio.run(produce(SelfInstructed(), SimulatedWriter()))


def test_self_chat_keeps_conversations_only_and_none_twice() -> None:
    seeds = tuple(f"what helps with problem {at} ?" for at in range(60))
    found = asyncio.run(produce(SelfChatted(seeds=(*seeds, seeds[0])), SimulatedWriter(broken=0.3)))
    for one in found.conversations:
        roles = [turn.role for turn in one.turns]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
    assert found.rejected["somebody speaks twice in a row"] > 5
    assert len(found.conversations) + sum(found.rejected.values()) == 61


@pytest.mark.parametrize(
    ("method", "reason", "rows"),
    [
        (DialogueEncoded(data=PlainTextsOfTest()), FOREIGN, 20),
        (GraphQuestions(graph=KnowledgeGraph(sources=(TripleList(rows=TRIPLES),))), TAILLESS, 30),
        (Polished(data=InventedDialogues(diseases=5, each=6, asks=0.0)), NUMBERS, 30),
    ],
)
def test_each_filter_finds_what_it_is_for(method: object, reason: str, rows: int) -> None:
    whole = asyncio.run(produce(method, SimulatedScribe()))  # type: ignore[arg-type]
    assert len(whole.conversations) == rows
    assert whole.rejected == {}
    some = asyncio.run(produce(method, SimulatedScribe(broken=0.4)))  # type: ignore[arg-type]
    assert set(some.rejected) == {reason}
    assert 0 < some.rejected[reason] < rows
    assert len(some.conversations) + some.rejected[reason] == rows
    assert all(one.made and one.of for one in some.conversations)


def test_polishing_keeps_questions_as_they_were_said() -> None:
    data = InventedDialogues(diseases=4, each=5, asks=1.0)
    found = asyncio.run(produce(Polished(data=data), SimulatedScribe()))
    before = {one.id: one for one in data.conversations()}
    for one in found.conversations:
        for new, old in zip(one.turns, before[one.of[0]].turns, strict=True):
            advises = old.role == "assistant" and not asks(old.text)
            assert (new.text != old.text) == advises
            assert old.text in new.text


def test_a_second_production_asks_nothing_and_gives_the_same_file(tmp_path: Path) -> None:
    method = SelfChatted(seeds=tuple(f"problem {at} ?" for at in range(8)))
    first = asyncio.run(produce(method, SimulatedWriter(), folder=tmp_path))
    written = (tmp_path / ROWS).read_bytes()
    (tmp_path / ROWS).unlink()
    again = asyncio.run(produce(method, SimulatedWriter(), folder=tmp_path))
    assert (first.new_calls, again.new_calls, again.calls) == (8, 0, 8)
    assert again.tokens_in == 0
    assert (tmp_path / ROWS).read_bytes() == written
    assert ConversationFiles(paths=(str(tmp_path / ROWS),)).conversations() == first.conversations
    assert orjson.loads((tmp_path / "production.json").read_bytes())["conversations"] == 8


def test_rows_that_repeat_a_test_case_are_left_out_and_counted() -> None:
    method = GraphQuestions(graph=KnowledgeGraph(sources=(TripleList(rows=TRIPLES),)))
    found = asyncio.run(produce(method, SimulatedScribe(), against=["What should I know of zelvarin3?", "unrelated"]))
    assert found.met == 1
    assert found.rejected == {MET: 1}
    assert len(found.conversations) == 29
    assert all("zelvarin3 " not in one.turns[0].text for one in found.conversations)
