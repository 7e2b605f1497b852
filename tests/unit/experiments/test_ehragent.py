"""The experiment on EHRAgent: its claims in a quick run, and its formulas against counts of another kind."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import replace
from osler.core.types import Demo, Prompt
from osler.experiments import experiment
from osler.experiments.ehragent import CONTAGION, SLIPS, SPARED, of_memory, of_mending, programs
from osler.models.simulated_coder import SLIP, SimulatedCoder
from osler.recipes.systems.ehragent import RECIPE as AGENT


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
def test_the_quick_run_holds() -> None:
    outcome = experiment("ehragent", quick=True)
    assert not outcome.failed, outcome.failed
    assert outcome.claims[0].holds
    assert "gold answer of that very test" in outcome.limits
    assert outcome.tables[0].rows[-1][0] == "test cases, by their gold answers"
    solved = outcome.figures[0].curves[0].points
    assert all(a.y <= b.y for a, b in itertools.pairwise(solved))


@given(st.floats(0, 1), st.integers(0, 3), st.integers(1, 8))
def test_the_formula_of_mending_is_the_sum_over_all_ways(p: float, bugs: int, allowed: int) -> None:
    total = 0.0
    for mended in itertools.product((0, 1), repeat=allowed - 1):
        if sum(mended) >= bugs:
            total += math.prod(p if one else 1 - p for one in mended)
    assert of_mending(p, bugs, allowed) == pytest.approx(total)


def test_without_failure_k_bugs_take_k_more_programs() -> None:
    for bugs, allowed in itertools.product(range(4), range(1, 7)):
        assert of_mending(1.0, bugs, allowed) == float(allowed > bugs)


@pytest.mark.parametrize("slipped", [False, True])
def test_the_formula_of_memory_against_programs_that_were_written(slipped: bool) -> None:
    """Programs of 1,500 cases next to one solved case that shares 3 of 5 words, counted before they run."""
    rng = random.Random(0)
    words = [f"w{at}" for at in range(8000)]
    right = 0
    n = 1500
    coder = SimulatedCoder(slips=SLIPS, memory_gain=SPARED, contagion=CONTAGION)
    body = f"```python\n{SLIP if slipped else 'x = 1'}\nanswer = 'no'\n```"

    async def written(at: int) -> bool:
        shared = rng.sample(words, 5)
        demo = Demo(id="d", question=" ".join(shared[:4]), answer="no", rationale=body)
        prompt = Prompt(id=f"c{at}", question=" ".join([*shared[:3], shared[4]]), choices=("yes", "no"))
        agent = replace(AGENT, solved_cases=(demo,))
        model = replace(coder, key={prompt.id: "yes"})
        reply = await model.generate(agent.asked(prompt, "").messages())
        assert "```python" in reply.text
        return SLIP not in reply.text

    async def count() -> int:
        return sum([await written(at) for at in range(n)])

    right = asyncio.run(count())
    wanted = of_memory(3 / 5, slipped=slipped)
    assert abs(right / n - wanted) < 3.5 * math.sqrt(wanted * (1 - wanted) / n)


def test_programs_are_counted_off_the_trace() -> None:
    assert programs("Knowledge:\nx\n\nProgram:\n```python\n1\n```\n\nProgram:\n```python\n2\n```") == 2
