"""What a hostile reader of fitting looked for: leaks, winners frozen by an outage, text that leaves, figures that flatter."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from osler.core.block import block, replace
from osler.core.errors import ModelError, SpecError
from osler.core.store import Store
from osler.core.types import Message, Model, Prediction, Prompt, Reply, Score
from osler.models.encoder import Encoder
from osler.models.simulated import Simulated
from osler.models.simulated_features import SimulatedCritic, SimulatedFeatures
from osler.prompting.cases import Cases
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.ladder import Ladder, Rung
from osler.prompting.model_vote import ModelVote
from osler.prompting.optimise.bootstrap_demos import BootstrapDemos
from osler.prompting.optimise.instruction_search import InstructionSearch
from osler.prompting.optimise.textual_gradient import TextualGradient
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.tool_use import ToolUse
from osler.prompting.zero_shot import ZeroShot
from osler.study.bundle import rescore, write_bundle
from osler.study.dataset import Fold
from osler.study.file import StudyError
from osler.study.fitting import apart
from osler.study.names import Entry
from osler.study.plan import Plan, plan
from osler.study.report import render
from osler.study.resolve import Study, load
from osler.study.results import frame, score
from osler.study.run import run
from osler.study.work import Outcome
from osler.tools.ncbi import Ncbi

LADDER = Ladder(rungs=(Rung(name="direct", strategy=ZeroShot()), Rung(name="few", strategy=FewShot(k=2))))
SEARCH = TextualGradient(backward=SimulatedCritic(), most_valid=20, steps=3)


@block
class Heard:
    """Keeps what it was trained on and asked; ``down``: from which call on it gives no answer."""

    learnt: tuple[str, ...] = ()
    down: int = 10**9
    kind: str = "timeout"
    retryable: bool = True
    asked: ClassVar[list[str]] = []
    trains: ClassVar[bool] = False

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate"})

    async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
        case = next(part.id for part in messages[-1].parts if part.name == "question")
        self.asked.append(case)
        await asyncio.sleep(0)
        if len(self.asked) > self.down:
            raise ModelError("the server is gone", kind=self.kind, retryable=False)
        return Reply(text="Answer: routine", tokens_in=10, tokens_out=2)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise NotImplementedError


@block
class ByHeart(Heard):
    """A trainable model that knows what it was trained on."""

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "train"})

    async def train(self, pairs: Sequence[tuple[Prompt, str]], *, seed: int) -> ByHeart:
        return replace(self, learnt=tuple(prompt.id for prompt, _ in pairs))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    Heard.asked.clear()
    with Store(tmp_path / "s.sqlite") as store:
        yield store


def rows(*, valid: bool = True) -> list[dict[str, Any]]:
    out = []
    for i in range(120):
        urgent = i % 3 == 0
        split = ("test", "train", "valid")[i // 40]
        split = "train" if split == "valid" and not valid else split
        text = f"Message {i}: pain since day {i + 1}{', please hurry' if urgent else ''}."
        row = {"id": f"m{i:03d}", "patient": f"p{i // 2:02d}", "text": text, "split": split}
        out.append({**row, "label": "urgent" if urgent else "routine"})
    return out


def made(workplace: Any, *systems: Any, models: Any = None, valid: bool = True, **changes: Any) -> Study:
    workplace.write_cases("cases.jsonl", rows(valid=valid))
    study = load(workplace.study(**changes))
    return dataclasses.replace(
        study,
        systems=tuple(Entry(f"s{i}", system) for i, system in enumerate(systems)),
        models=(Entry("sim", models or SimulatedFeatures(skill=0.4)),),
    )


def go(study: Study, store: Store) -> tuple[Outcome, Plan]:
    held = plan(study, store)
    return asyncio.run(run(held, store)), held


# Leaks


def test_a_trained_model_has_not_seen_the_cases_that_choose_the_method_around_it(workplace: Any, store: Store) -> None:
    study = made(workplace, LADDER, models=ByHeart(), valid=False)
    outcome, _ = go(study, store)
    assert outcome.done == 40
    (trained,) = store.events("toy", "trained")
    (fitted,) = store.events("toy", "fitted")
    assert (trained["n"], fitted["train"], fitted["valid"]) == (40, 40, 40)
    asked = set(Heard.asked[:40])
    assert len(asked) == 40
    assert not asked & {demo["id"] for demo in _demos(fitted["spec"])}


def _demos(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        if spec.get("block") == "Demo":
            yield spec
        spec = list(spec.values())
    for item in spec if isinstance(spec, list) else ():
        yield from _demos(item)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_fold_is_parted_by_patients(workplace: Any, seed: int) -> None:
    study = made(workplace, LADDER, valid=False)
    (whole,) = plan(study).data.folds
    found = apart(whole, study.task, seed)
    patients = [{example.meta["patient"] for example in part} for part in (found.train, found.valid, found.test)]
    assert all(
        not a & b for a, b in ((patients[0], patients[1]), (patients[0], patients[2]), (patients[1], patients[2]))
    )
    assert len(found.train) + len(found.valid) == len(whole.train)
    own = Fold(train=whole.train[:10], test=whole.test, valid=whole.train[10:])
    assert apart(own, study.task, seed) is own


def test_a_rung_that_searches_does_not_see_the_cases_it_is_judged_on(workplace: Any, store: Store) -> None:
    ladder = Ladder(rungs=(Rung(name="direct", strategy=ZeroShot()), Rung(name="words", strategy=SEARCH)))
    study = made(workplace, ladder)
    go(study, store)
    held = score(plan(study, store), store).results["variants"]
    assert [search["optimiser"] for search in held] == ["ladder", "textual_gradient"]
    valid = {example.id for example in plan(study).data.folds[0].valid}
    seen: list[Cases] = []

    @dataclasses.dataclass(frozen=True)
    class Spy(type(ZeroShot())):  # type: ignore[misc]
        async def fit(self, train: Any, model: Model) -> Any:
            seen.append(train)
            return ZeroShot()

    cases = Cases(
        train=tuple((Prompt(id=f"t{i}", question="?", choices=("a", "b")), "a") for i in range(8)),
        valid=tuple((Prompt(id=name, question="?", choices=("a", "b")), "a") for name in sorted(valid)),
    )
    model = Simulated(skill=1.0, key=dict.fromkeys(valid, "a"))
    asyncio.run(Ladder(rungs=(Rung(name="spy", strategy=Spy()),)).fit(cases, model))
    assert [case.valid for case in seen] == [()]
    assert len(seen[0]) == 8


def test_two_searches_of_one_kind_in_one_system_are_told_apart(workplace: Any, store: Store) -> None:
    ladder = Ladder(
        rungs=(
            Rung(name="one", strategy=SEARCH),
            Rung(name="two", strategy=dataclasses.replace(SEARCH, steps=2, instruction="Be brief.")),
        )
    )
    study = made(workplace, ladder)
    go(study, store)
    held = score(plan(study, store), store).results["variants"]
    assert [search["optimiser"] for search in held].count("textual_gradient") == 2
    assert {search["rows"][0]["change"] for search in held if search["optimiser"] != "ladder"} == {"the start"}
    assert all(sum(row["chosen"] for row in search["rows"]) == 1 for search in held)


# What is frozen


@pytest.mark.parametrize("system", [SEARCH, LADDER, InstructionSearch(steps=1, proposals=2), BootstrapDemos()])
def test_an_outage_freezes_no_winner(workplace: Any, store: Store, system: Any) -> None:
    study = made(workplace, system, models=Heard(down=10, kind="http_401"))
    outcome, _ = go(study, store)
    assert outcome.done == 0
    assert "could not fit (ModelError)" in outcome.stopped
    assert any("the server is gone" in note for note in outcome.notes)
    assert store.events("toy", "fitted") == []
    assert len(Heard.asked) < 100  # the search ended, and asked no further case of a server that is gone


def test_an_outage_leaves_no_thin_pool_behind(workplace: Any, store: Store) -> None:
    chains = FewShot(inner=ChainOfThought(self_generated=True))
    study = made(workplace, chains, models=Heard(down=30, kind="http_404"))
    outcome, _ = go(study, store)
    assert (outcome.done, len(Heard.asked)) == (0, 40)
    assert "could not fit (ModelError)" in outcome.stopped
    assert store.events("toy", "fitted") == []


def test_a_prompt_too_long_for_the_model_is_a_fault_of_the_rung_alone(workplace: Any, store: Store) -> None:
    ladder = Ladder(rungs=(Rung(name="direct", strategy=ZeroShot()), Rung(name="many", strategy=FewShot(k=30))))
    study = made(workplace, ladder, models=Simulated(skill=0.9, context=400))
    outcome, _ = go(study, store)
    assert (outcome.done, outcome.failed) == (40, 0)
    (search,) = score(plan(study, store), store).results["variants"]
    assert search["chosen"] == "direct"
    assert "calls failed" in search["rows"][1]["reason"]


def test_the_settings_of_the_metric_are_part_of_the_cell(workplace: Any) -> None:
    def cell(n: int) -> str:
        metrics = [{"use": "bleu", "n": n, "name": "overlap"}, "fact_recall"]
        workplace.write_cases("cases.jsonl", rows())
        data = {"source": "file", "path": "cases.jsonl", "target": "label", "split": "split", "open": True}
        study = load(workplace.study(metrics=metrics, data=data))
        study = dataclasses.replace(study, systems=(Entry("s", LADDER),))
        return plan(study).rows[0].cell.id

    assert cell(1) != cell(2)


def test_what_a_method_learns_by_heart_is_logged_and_is_no_variant(workplace: Any, store: Store) -> None:
    @block
    class Remembers:
        inner: ZeroShot = ZeroShot()
        learns: ClassVar[bool] = True

        @property
        def needs(self) -> frozenset[str]:
            return frozenset({"generate"})

        def calls(self, prompt: Prompt) -> int:
            return 1

        def fitting(self, cases: int) -> int:
            return 1

        async def fit(self, train: Any, model: Model) -> Any:
            train.log({"method": "remembers", "step": "memory", "case": "m001", "kept": True})
            return self

        async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
            return await self.inner.predict(prompt, model, seed=seed)

    study = made(workplace, Remembers())
    outcome, held = go(study, store)
    assert (outcome.done, outcome.failed) == (40, 0)
    assert [event["case"] for event in store.events("toy", "learnt")] == ["m001"]
    assert score(held, store).results["variants"] == []


# Metrics


@pytest.mark.parametrize(("higher", "kept"), [(True, {0, 2, 4}), (False, {1, 3, 5})])
def test_demonstrations_are_kept_where_the_score_is_best_whichever_end_that_is(higher: bool, kept: set[int]) -> None:
    pairs = tuple((Prompt(id=str(i), question=f"{i}?", choices=("a", "b")), "a") for i in range(6))
    cases = Cases(
        train=pairs,
        valid=tuple((Prompt(id=f"v{i}", question=f"v{i}?", choices=("a", "b")), "a") for i in range(4)),
        judge=lambda name, prediction: Score(value=float(not name[-1:].isdigit() or int(name[-1]) % 2 == 0)),
        higher_is_better=higher,
    )
    model = Simulated(skill=1.0, key={prompt.id: "a" for prompt, _ in (*pairs, *cases.valid)})
    shown: list[list[str]] = []
    held = dataclasses.replace(cases, log=lambda row: shown.append(list(row.get("demos") or [])))
    search = BootstrapDemos(inner=ZeroShot(by="generate"), labelled=0, bootstrapped=6, candidates=3)
    asyncio.run(search.fit(held, model))
    assert {int(name) for demos in shown for name in demos} == kept


def test_a_search_says_that_it_goes_by_single_cases(workplace: Any, store: Store) -> None:
    study = made(workplace, LADDER, metrics=["macro_f1", "accuracy"])
    _, held = go(study, store)
    assert any(
        "are compared by the mean of what each case alone scores in macro_f1; macro_f1 of all" in text
        for text in held.warnings
    )
    found = score(plan(study, store), store)
    (search,) = found.results["variants"]
    assert search["averaged"] is False
    page = render(found.results)
    assert "Mean over single cases of Macro F1" in page
    assert "Macro F1 of all cases together may rank them otherwise" in page
    told = next(text for text in found.results["methods"] if "frozen before the first test case" in text)
    assert told.startswith("Systems that search (s0) compared their variants on cases of the validation split (40)")
    plain = made(workplace, LADDER)
    assert not any("are compared by" in text for text in plan(plain).warnings)


def test_a_metric_without_a_value_on_one_case_ranks_nothing(workplace: Any) -> None:
    both = plan(made(workplace, LADDER, metrics=["auroc", "accuracy"]))
    assert any("are compared by accuracy; auroc of all cases" in text for text in both.warnings)
    with pytest.raises(StudyError, match="none of auroc has a value on one case"):
        plan(made(workplace, LADDER, metrics=["auroc"]))
    plan(made(workplace, ZeroShot(), metrics=["auroc"]))


# What check sees


def test_a_tool_that_sends_text_elsewhere_may_not_read_identifiable_text(workplace: Any) -> None:
    system = ToolUse(tools=(Ncbi(online=True),))
    inside = Ladder(rungs=LADDER.rungs, tools=system)
    for held in (system, inside, SelfConsistency(inner=inside)):
        with pytest.raises(StudyError, match=r"has a tool that sends to eutils\.ncbi\.nlm\.nih\.gov"):
            plan(made(workplace, held, sensitivity="identifiable"))
    for covered in (ToolUse(tools=(Ncbi(),)), ToolUse(tools=(Ncbi(base_url="http://127.0.0.1:9"),))):
        _fits(made(workplace, covered, sensitivity="identifiable"))
    attested = ["eutils.ncbi.nlm.nih.gov", "blast.ncbi.nlm.nih.gov"]
    _fits(made(workplace, system, sensitivity="identifiable", covered_endpoints=attested))


def _fits(study: Study) -> None:
    """Refused for anything but where its text goes: the toy model cannot call tools."""
    told: list[tuple[str, str]] = []
    try:
        plan(study)
    except StudyError as error:
        told = error.problems
    assert not any("sends to" in message for message, _ in told)


def test_a_ladder_is_not_climbed_on_recorded_answers(workplace: Any) -> None:
    lines = [{"id": row["id"], "output": "Answer: routine"} for row in rows() if row["split"] == "test"]
    Path("answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    workplace.write_cases("cases.jsonl", rows())
    study = load(workplace.study(models=[{"use": "recorded", "path": "answers.jsonl"}], systems=["ladder"]))
    with pytest.raises(StudyError, match="has no recorded answer to 40 of 40"):
        plan(study)


def test_a_ladder_needs_training_cases(workplace: Any) -> None:
    cases = [{**row, "split": "test"} for row in rows()]
    study = made(workplace, LADDER)
    workplace.write_cases("cases.jsonl", cases)
    with pytest.raises(StudyError, match="needs training cases"):
        plan(study)


def test_validation_cases_of_one_patient_alone_are_told(workplace: Any) -> None:
    study = made(workplace, LADDER)
    workplace.write_cases(
        "cases.jsonl",
        [{**row, "patient": "p99"} if row["split"] == "train" else row for row in rows() if row["split"] != "valid"],
    )
    with pytest.raises(StudyError, match="all of the latter are of one patient"):
        plan(study)


def test_a_rung_that_a_model_cannot_climb_is_told_before_the_first_call(workplace: Any) -> None:
    ladder = Ladder(rungs=LADDER.rungs, tools=ToolUse(tools=(Ncbi(),)))
    warnings = plan(made(workplace, ladder)).warnings
    assert any("s0 will skip its rung 'tools' with sim, which cannot" in text for text in warnings)


def test_cases_longer_than_the_context_are_told_before_the_first_call(workplace: Any) -> None:
    told = plan(made(workplace, ZeroShot(), models=Simulated(context=20))).warnings
    assert any("tokens and the context of sim is 20" in text for text in told)
    assert plan(made(workplace, ZeroShot(), models=Simulated(context=4_000))).warnings == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda: TextualGradient(backward=Encoder()),
        lambda: InstructionSearch(proposer=Encoder()),
        lambda: ModelVote(models=(Encoder(),), inner=ChainOfThought()),
    ],
)
def test_a_model_that_cannot_write_is_no_critic_and_no_voter_of_thoughts(make: Any) -> None:
    with pytest.raises(SpecError, match="can generate"):
        make()


def test_what_is_inside_an_optimiser_is_planned_too() -> None:
    inner = FewShot(inner=ChainOfThought(self_generated=True))
    for kind in (TextualGradient, InstructionSearch, BootstrapDemos):
        held = inner if kind is not BootstrapDemos else inner.inner
        assert kind(inner=held).fitting(40) >= kind(inner=ZeroShot(by="generate")).fitting(40) + 40


# Report, bundle, seeds, folds


def test_every_seed_and_fold_has_its_own_search(workplace: Any, store: Store) -> None:
    data = {"source": "file", "path": "cases.jsonl", "target": "label", "choices": ["urgent", "routine"], "folds": 2}
    task = {"from": "labelled_text", "cluster": "patient"}
    study = made(workplace, LADDER, SelfConsistency(k=3, inner=LADDER), data={**data, "cluster": "patient"}, task=task)
    study = dataclasses.replace(study, seeds=(0, 1))
    outcome, held = go(study, store)
    assert (outcome.done, outcome.failed) == (480, 0)
    found = score(plan(study, store), store)
    searches = found.results["variants"]
    assert len(searches) == 8
    page = render(found.results)
    assert "s0, seed 0, fold 1" in page
    assert "s1, seed 1, fold 2" in page
    write_bundle(Path("b"), found.results, held.data.test, found.answers, frame(study))
    assert rescore(Path("b"))[1] <= 1e-9
    again, _ = go(study, store)
    assert (again.done, again.calls) == (0, 0)


def test_no_case_of_a_fold_is_validated_on_and_tested_by_the_same_winner(workplace: Any, store: Store) -> None:
    data = {"source": "file", "path": "cases.jsonl", "target": "label", "choices": ["urgent", "routine"], "folds": 3}
    task = {"from": "labelled_text", "cluster": "patient"}
    study = made(workplace, LADDER, models=Heard(), data={**data, "cluster": "patient"}, task=task)
    _, held = go(study, store)
    patient = {example.id: example.meta["patient"] for example in held.data.test}
    place = 0
    for fold in held.data.folds:
        test = {example.id for example in fold.test}
        asked = Heard.asked[place:]
        ends = next((i for i, case in enumerate(asked) if case in test), len(asked))
        assert not {patient[case] for case in asked[:ends]} & {patient[case] for case in test}
        place += ends + sum(1 for case in asked[ends:] if case in test)


def test_one_model_beside_itself_is_asked_once(workplace: Any, store: Store) -> None:
    study = made(workplace, ModelVote(models=(Heard(),), inner=ZeroShot(by="generate")), models=Heard())
    outcome, _ = go(study, store)
    assert outcome.done == 40
    assert len(Heard.asked) == 40


def test_a_simulated_voter_knows_the_answers_as_the_first_does(workplace: Any, store: Store) -> None:
    vote = ModelVote(models=(Simulated(skill=1.0, seed=1), Simulated(skill=1.0, seed=2)))
    study = made(workplace, vote, models=Simulated(skill=1.0))
    outcome, held = go(study, store)
    assert (outcome.done, outcome.failed) == (40, 0)
    said = dict(store.predictions(held.rows[0].cell.id))
    assert all(len(one.replies) == 3 for one in said.values())
    assert {example.id: example.target for example in held.data.test} == {k: p.answer for k, p in said.items()}
