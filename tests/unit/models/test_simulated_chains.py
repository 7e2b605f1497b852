"""The simulated model that reads candidates: each knob does what it says, and without knobs it is the simulated model."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from scipy.stats import binomtest

from osler.core.block import from_spec, replace, to_spec
from osler.core.errors import ModelError, SpecError
from osler.core.types import LETTERS, Example, Message, Part, Prompt
from osler.models.simulated import Simulated
from osler.models.simulated_chains import DECISIVE, SimulatedChains

N = 1500
OPTIONS = ("aspirin", "heparin", "insulin", "morphine")
ITEMS = [Example(id=f"q{i}", input={}, target=LETTERS[i % 4], choices=OPTIONS) for i in range(N)]
CUE = "Let's think step by step."


def texts(model: Simulated, candidates: tuple[str, ...] = (), *, cue: str = CUE, temperature: float = 0.7) -> list[str]:
    keyed = model.keyed(ITEMS, lettered=True)

    async def go() -> list[str]:
        out = []
        for item in ITEMS:
            prompt = Prompt(id=item.id, question="?", choices=OPTIONS, lettered=True, cue=cue)
            messages = prompt.messages()
            shown = tuple(Part(text, name="candidate", id=str(i)) for i, text in enumerate(candidates))
            asked = Message("user", (*messages[-1].parts, *shown))
            out.append((await keyed.generate((*messages[:-1], asked), temperature=temperature)).text)
        return out

    return asyncio.run(go())


def assert_share(hits: int, n: int, expected: float) -> None:
    assert binomtest(hits, n, expected).pvalue > 1e-4, (hits / n, expected)


def is_right(text: str, item: Example) -> bool:
    return text.endswith(f"Answer: {item.target}")


def test_without_its_knobs_it_says_what_the_simulated_model_says() -> None:
    assert texts(SimulatedChains(skill=0.6, position_bias=0.1)) == texts(Simulated(skill=0.6, position_bias=0.1))


def test_only_right_chains_are_decisive_at_the_rate_asked_for() -> None:
    said = texts(SimulatedChains(skill=0.5, decisive=0.4))
    rights = [text for text, item in zip(said, ITEMS, strict=True) if is_right(text, item)]
    assert_share(len(rights), N, 0.5)
    assert_share(sum(DECISIVE in text for text in rights), len(rights), 0.4)
    assert sum(DECISIVE in text for text in said) == sum(DECISIVE in text for text in rights)


@pytest.mark.parametrize("trap", [0.0, 1.0])
def test_wrong_chains_fall_for_one_trap(trap: float) -> None:
    model = SimulatedChains(skill=0.0, trap=trap).keyed(ITEMS, lettered=True)
    messages = Prompt(id="q0", question="?", choices=OPTIONS, lettered=True, cue=CUE).messages()

    async def go() -> Counter[str]:
        said = [(await model.generate(messages, temperature=1.0, seed=seed)).text[-1] for seed in range(60)]
        return Counter(said)

    found = asyncio.run(go())
    assert "A" not in found
    assert len(found) == (1 if trap else 3)


def test_a_refinement_takes_a_decisive_candidate_or_the_plurality() -> None:
    wrong = ("It is.\nAnswer: D", "So.\nAnswer: D", "Hm, hard to say.")
    settled = f"One finding is {DECISIVE}. It is.\nAnswer: B"
    always = texts(SimulatedChains(), (*wrong, settled))
    assert {text[-1] for text in always} == {"B"}
    often = Counter(text[-1] for text in texts(SimulatedChains(refine_skill=0.7), (*wrong, settled)))
    assert set(often) == {"B", "D"}
    assert_share(often["B"], N, 0.7)
    tied = Counter(text[-1] for text in texts(SimulatedChains(), ("a\nAnswer: C", "b\nAnswer: D")))
    assert set(tied) == {"C", "D"}
    assert_share(tied["C"], N, 0.5)


def test_candidates_that_cannot_be_read_are_no_candidates() -> None:
    said = texts(SimulatedChains(skill=0.6), ("Hm.", "It is hard to say."))
    assert_share(sum(map(is_right, said, ITEMS)), N, 0.6)


def test_by_wording_another_cue_is_another_draw_at_temperature_0() -> None:
    model = SimulatedChains(skill=0.5, by_wording=True)
    first, again, other = (texts(model, cue=cue, temperature=0.0) for cue in (CUE, CUE, "Think like a doctor."))
    assert first == again
    both = sum(is_right(a, item) and is_right(b, item) for a, b, item in zip(first, other, ITEMS, strict=True))
    assert_share(both, N, 0.25)


def test_knobs_out_of_range_and_cases_without_a_key_are_told() -> None:
    for knob in ("decisive", "trap", "refine_skill"):
        with pytest.raises(SpecError, match=f"simulated_chains.{knob} must be from 0 to 1"):
            replace(SimulatedChains(), **{knob: -0.1})
    with pytest.raises(ModelError, match="no key for the case 'q9'"):
        asyncio.run(
            SimulatedChains().generate(Prompt(id="q9", question="?", choices=OPTIONS, lettered=True).messages())
        )
    keyed = SimulatedChains(decisive=0.5).keyed(ITEMS[:2], lettered=True)
    assert isinstance(keyed, SimulatedChains)
    assert from_spec(to_spec(keyed)) == keyed
