"""What a hostile reader of the strategies looked for: wrong compositions, lost guards, leaks, bounds that do not hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.errors import BudgetError, ModelError, PrivacyError, SpecError
from osler.core.store import Store
from osler.core.types import Demo, Example, Model, Passage, Prediction, Prompt, Reply
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated import Simulated
from osler.models.simulated_steps import SimulatedSteps
from osler.prompting.abstain import Abstain
from osler.prompting.around import Around, fitting_of
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.cite import Cite
from osler.prompting.code_agent_memory import nearest
from osler.prompting.criterion_matching import CriterionMatching
from osler.prompting.demonstrations import same
from osler.prompting.few_shot import FewShot
from osler.prompting.keyword_search import KeywordSearch
from osler.prompting.model_vote import ModelVote
from osler.prompting.optimise.shown import Shown
from osler.prompting.prompt_vote import PromptVote
from osler.prompting.retrieve import Retrieve
from osler.prompting.role_panel import Role, RolePanel
from osler.prompting.sampling import together
from osler.prompting.self_chat import SelfChat
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.self_instruct import SelfInstruct
from osler.prompting.structured import Structured
from osler.prompting.trial_ranking import TrialRanking
from osler.prompting.voting import combined, plurality
from osler.prompting.zero_shot import ZeroShot
from osler.study.file import StudyError
from osler.study.plan import plan
from osler.study.resolve import load
from osler.study.run import run

QUICK = ZeroShot(by="generate")
ROLES = (Role(name="one"), Role(name="two"))
OTHER = Simulated(skill=1.0)
SHUFFLED = ChoiceShuffle(n=2, inner=QUICK)
CASES = [Example(id=f"c{at}", input={}, target="ABC"[at % 3], choices=("heart", "liver", "kidney")) for at in range(8)]
PAIRS = [(Prompt(id=case.id, question="Which?", choices=case.choices, lettered=True), case.target) for case in CASES]
SAMPLES = SelfConsistency(k=3, inner=QUICK)


@pytest.mark.parametrize(
    ("errors", "wanted"),
    [
        ((ModelError("m"), PrivacyError("p"), BudgetError("b")), PrivacyError),
        ((ModelError("m"), BudgetError("b")), BudgetError),
        ((ModelError("m"), SpecError("s")), SpecError),
        ((ModelError("first"), ModelError("second")), ModelError),
    ],
)
def test_the_gravest_error_of_several_samples_is_raised(errors: Sequence[Exception], wanted: type[Exception]) -> None:
    ended = []

    async def fails(error: Exception) -> None:
        await asyncio.sleep(0)
        ended.append(error)
        raise error

    with pytest.raises(wanted) as caught:
        asyncio.run(_all([fails(error) for error in errors]))
    assert len(ended) == len(errors)
    assert str(caught.value) in ("p", "b", "s", "first")


async def _all(calls: Sequence[Any]) -> None:
    await together(calls)


class _Out(Scripted):
    def __init__(self, *, retryable: bool) -> None:
        super().__init__("Answer: A")
        self.retryable = retryable

    async def generate(self, messages: Any, **given: Any) -> Reply:
        if self.asked:  # the second model of the vote
            raise ModelError("no answer", retryable=self.retryable, kind="timeout")
        return await super().generate(messages, **given)

    def beside(self, other: Model) -> Model:
        return self


def test_a_vote_goes_on_without_a_model_only_where_it_will_never_answer() -> None:
    vote = ModelVote(models=(OTHER,), inner=QUICK)
    found = predict(vote, _Out(retryable=False))
    assert (found.answer, found.rationale) == ("A", "1 of 2 models failed")
    with pytest.raises(ModelError, match="no answer"):
        predict(vote, _Out(retryable=True))


@pytest.mark.parametrize(
    "system",
    [
        SelfConsistency(k=2, inner=SAMPLES),
        RolePanel(roles=ROLES, inner=SAMPLES, moderator=QUICK),
        PromptVote(strategies=(SAMPLES, QUICK)),
        Abstain(coverage=0.5, inner=SAMPLES),
    ],
)
def test_a_cancelled_case_leaves_no_call_behind(system: Any) -> None:
    async def go() -> int:
        model = Simulated(skill=1.0, latency_s=5.0).keyed(CASES, lettered=True)
        fits = isinstance(system, Abstain)
        work = system.fit(PAIRS, model) if fits else system.predict(PAIRS[0][0], model, seed=0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work, 0.05)
        return len(asyncio.all_tasks()) - 1

    assert asyncio.run(go()) == 0


class _Fails(Scripted):
    """Refuses its first call; ``ended`` counts the calls that ran to their end."""

    ended = 0

    async def generate(self, messages: Any, **given: Any) -> Reply:
        first = not self.asked
        reply = await super().generate(messages, **given)
        if first:
            raise BudgetError("the budget is spent")
        await asyncio.sleep(0.01)
        self.ended += 1
        return reply


def test_no_method_goes_on_in_the_background_once_its_case_has_failed() -> None:
    trials = tuple(Passage(id=name, text="Inclusion Criteria:\n- Adult") for name in "AB")
    model = _Fails('{"0": ["r", [], "included"]}')
    with pytest.raises(BudgetError):
        predict(TrialRanking(), model, Prompt(id="p", question="A man.", evidence=trials))
    assert model.ended == len(model.asked) - 1 > 0
    model = _Fails("Answer: A")
    with pytest.raises(BudgetError):
        asyncio.run(Abstain(coverage=0.5, inner=SelfConsistency(k=2, inner=QUICK)).fit(PAIRS, model))
    assert model.ended == len(model.asked) - 1 > 0


def test_the_same_case_is_no_demonstration_whatever_was_put_before_it() -> None:
    found = Passage(id="w1", text="Found by a search.")
    own = Demo(id="other", question=LABELLED.question, answer="no", evidence=LABELLED.evidence)
    put = LABELLED.replace(evidence=(*LABELLED.evidence, found))
    assert same(own, LABELLED)
    assert same(own, put)
    assert not same(own, LABELLED.replace(evidence=(found,)))
    assert not same(Demo(question="Another?", answer="no"), Prompt(id="", question="This?"))
    assert nearest([own], put, 4) == ()
    model = Scripted("Answer: no")
    predict(Shown(demos=(own,), inner=QUICK), model, put)
    assert len(model.asked[0][0]) == 2
    twin = (LABELLED.replace(id="twin"), "no")
    index = BM25(collection=PassageList(items=(Passage(id="w1", text="A pregnant woman has a note."),)))
    model = Scripted("Answer: no")
    outer = asyncio.run(Retrieve(k=1, index=index, inner=FewShot(k=1, inner=QUICK)).fit([twin], model))
    predict(outer, model, LABELLED)
    assert "[w1]" in model.said()[-1][1]
    assert [role for role, _ in model.said()] == ["system", "user"]


TEXT = Prompt(id="t", question="What is it?")


def test_structured_reads_a_text_out_of_its_answer_and_refuses_half_of_one() -> None:
    found = predict(Structured(), Scripted('{"rationale": "r", "answer": "Heparin. "}'), TEXT)
    assert (found.answer, found.rationale, len(found.replies)) == ("Heparin.", "r", 1)
    found = predict(Structured(repairs=1), Scripted('{"rationale": "r", "ans'), TEXT)
    assert (found.answer, found.parsed, len(found.replies)) == (None, False, 2)
    assert predict(Structured(repairs=0), Scripted('{"answer": ""}'), TEXT).answer is None
    assert predict(Structured(repairs=0), Scripted("Heparin."), TEXT).answer == "Heparin."


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": "array", "items": {"type": "string"}}, {}])
def test_structured_takes_schemas_without_keys(schema: dict[str, Any]) -> None:
    model = Scripted("no list", '["a"]')
    assert predict(Structured(), model, TEXT.replace(schema=schema)).answer == '["a"]'


def test_an_abstention_stays_one_under_shuffling_and_has_no_share() -> None:
    model = Scripted("Answer: A", "Answer: B")
    careful = Abstain(threshold=1.0, inner=SelfConsistency(k=2, inner=QUICK))
    found = predict(ChoiceShuffle(n=1, inner=careful), model)
    assert (found.answer, found.parsed) == ("abstain", True)
    said = [Prediction(answer="abstain"), Prediction(answer="abstain"), Prediction(answer="A")]
    assert plurality(said, QUESTION) == Prediction(answer="abstain", votes={"A": 1 / 3})


@pytest.mark.parametrize("combine", ["vote", "mean"])
def test_a_safety_stop_is_not_outvoted(combine: Any) -> None:
    said = [
        Prediction(answer="A"),
        Prediction(answer=None, parsed=False, failure="safety_stop"),
        Prediction(answer="A"),
    ]
    assert combined(said, QUESTION, combine) == Prediction(answer=None, parsed=False, failure="safety_stop")


def test_bounds_of_fitting_see_strategies_in_any_field() -> None:
    own = ChainOfThought(self_generated=True, inner=QUICK)
    both = PromptVote(strategies=(own, FewShot(k=1, inner=own)))
    assert fitting_of(both, 7) == 14
    assert Abstain(coverage=0.5, cases=3, inner=both).fitting(7) == 14 + 3 * 2
    assert ChainOfThought(inner=both).fitting(7) == 14
    assert issubclass(Cite, Around)


@pytest.mark.parametrize(
    ("strategy", "prompt"),
    [
        (SelfChat(), QUESTION),
        (SelfInstruct(), QUESTION),
        (KeywordSearch(), LABELLED),
        (TrialRanking(), LABELLED),
        (CriterionMatching(), TEXT),
        (ZeroShot(by="score"), TEXT),
        (SHUFFLED, TEXT),
    ],
)
def test_a_case_of_another_shape_is_refused_before_any_call(strategy: Any, prompt: Prompt) -> None:
    model = Scripted("Answer: A")
    with pytest.raises(SpecError, match=r"choices|labels"):
        predict(strategy, model, prompt)
    assert model.asked == []


def _study(folder: Path, systems: str, choices: Sequence[str] = ("yes", "no"), *, lettered: bool = False) -> Path:
    rows = [
        {
            "id": f"c{at}",
            "input": {"q": f"Case {at}?"},
            "choices": choices,
            "target": "A" if lettered else choices[at % 2],
        }
        for at in range(6)
    ]
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)))
    file = folder / "s.toml"
    file.write_text(
        'question = "q"\nsensitivity = "synthetic"\nmetrics = ["accuracy"]\n'
        f'task = {{ title = "T", capability = "structurization", question = "{{q}}", lettered = {str(lettered).lower()} }}\n'
        'data = { source = "case_file", path = "cases.jsonl" }\n'
        f'models = [{{ use = "simulated_steps" }}]\nsystems = [{systems}]\n'
    )
    return file


def test_the_plan_counts_what_is_shown_again_and_says_when_letters_run_out(tmp_path: Path) -> None:
    once = 'inner = { use = "zero_shot", by = "generate", max_tokens = 100 }'
    file = _study(
        tmp_path,
        f'{{ use = "self_consistency", k = 3, {once} }}, {{ use = "multi_turn", {once}, '
        f'turns = ["a", "b", "c"] }}, {{ use = "ensemble_refinement", first = 2, second = 1, {once} }}',
    )
    alone, turns, refined = plan(load(file)).rows
    assert alone.calls == turns.calls == refined.calls == 18
    assert turns.tokens == refined.tokens == alone.tokens + 18 * 2 * 100
    file = _study(tmp_path, '"zero_shot"', [f"drug {at}" for at in range(27)], lettered=True)
    with pytest.raises(StudyError, match="more than 26 choices"):
        plan(load(file))


def test_simulated_models_inside_a_system_and_of_any_kind_are_told_the_answers(tmp_path: Path) -> None:
    file = _study(
        tmp_path,
        '{ use = "self_consistency", k = 2, inner = { use = "model_vote", inner = { use = "zero_shot", by = "generate" }, '
        'models = [{ use = "simulated", skill = 1.0 }] } }',
    )
    assert SimulatedSteps in {type(entry.block) for entry in load(file).models}
    with Store(tmp_path / "s.sqlite") as store:
        made = plan(load(file), store)
        done = asyncio.run(run(made, store))
        assert (done.done, done.failed, done.calls) == (6, 0, 6 * 4)
        kept = [found for _, found in store.predictions(made.rows[0].cell.id)]
        assert [len(found.replies) for found in kept] == [4] * 6
        assert not any("failed" in found.rationale for found in kept)
        again = asyncio.run(run(plan(load(file), store), store))
        assert (again.calls, again.left) == (0, 0)
