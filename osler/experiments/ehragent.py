"""EHRAgent over a database of made-up records: what mending programs solves, and what feeds its memory."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import replace
from osler.core.types import Example
from osler.data.generated.record_questions import RecordQuestions
from osler.experiments.measure import Gain, Right, ask, gain, p_told
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated_coder import SLIP, SimulatedCoder
from osler.prompting.cases import Cases
from osler.prompting.code_agent import CodeAgent
from osler.prompting.code_agent_memory import nearest
from osler.recipes.systems.ehragent import RECIPE as AGENT
from osler.recipes.tasks.record_question_sql import RECIPE as TASK

TITLE = "A debug loop solves what its turns allow, and a memory is worth what it is fed with"
SOURCE = "EHRAgent, Shi et al. 2024, arXiv:2401.07128"
PLAIN = "An assistant that writes programs gets further when it is told why one failed; remembered examples help it only if somebody checked that they were right."
BUGS = (0, 1, 2, 3)
FIXES = (("no debugger", 0.5), ("debugger", 0.8))  # probability that the next program has one bug less
PLANTED = 2  # bugs in the first program where mending may fail
SLIPS, CONTAGION, SPARED = 0.5, 0.9, 1.0
CHECKS = (0.0, 0.75, 1.0)
PROGRAM = """import json
form, query = {form!r}, {query!r}
rows = json.loads(sql_query(query=query))['rows']
value = rows[0][0] if rows else None
if form == 'list':
    answer = json.dumps(sorted({{str(row[0]) for row in rows}}), separators=(',', ':'))
elif value is None:
    answer = 'not recorded'
elif form == 'yes_no':
    answer = value if isinstance(value, str) else 'yes' if value else 'no'
elif form in ('number', 'mean'):
    answer = f"{{float(value):.{{1 if form == 'mean' else 2}}f}}".rstrip('0').rstrip('.')
else:
    answer = str(value)[:10] if form == 'date' else str(value)
"""


@dataclasses.dataclass(frozen=True)
class Memory:
    """What one way to feed the memory kept, what it was worth on the test cases, and what theory says of that."""

    name: str
    short: str
    kept: int
    wrong: int
    right: Right
    theory: float = 0.0
    error: float = 0.0


async def run(setting: Setting) -> Outcome:
    source = RecordQuestions()
    cases = source.examples("test")[:: 40 if setting.quick else 7]
    train = source.examples("train")[:: 30 if setting.quick else 5]
    model = SimulatedCoder(
        seed=setting.seed,
        key={case.id: case.target for case in (*cases, *train)},
        programs={one.id: PROGRAM.format(query=one.sql, form=one.form) for one in source.questions()},
    )
    sure = [await _sure(model, k, cases[: 1 if setting.quick else 4]) for k in BUGS]
    mended = [await _mended(model, name == "debugger", cases) for name, _ in FIXES]
    memories = await _memories(model, train, cases, CHECKS[::2] if setting.quick else CHECKS, setting.seed)
    return Outcome(
        setup=(
            f"{len(cases)} questions on made-up patients, answered from a SQLite database by programs that really run in the "
            f"sandbox. The simulated coder knows the right program and plants errors in it. Debug loop: {PLANTED} lines that fail in each first program, one "
            f"mended by the next program with probability {FIXES[0][1]:g}, or {FIXES[1][1]:g} when a debugger named the likeliest cause. Memory: with probability {SLIPS:g} a program runs through and answers wrongly, less often "
            "the more words the nearest solved question shares; a solved case that is wrong itself is copied with "
            f"probability {CONTAGION:g}. Memory is filled from {len(train)} training questions, on other patients."
        ),
        tables=[_fed(memories)],
        figures=[_loop(mended), _worth(memories)],
        claims=[*_solved(sure, mended), *_fed_claims(memories)],
        limits=(
            "The bugs, the chance to mend them and how far an error spreads are planted, not a real model's. The released "
            "code of EHRAgent adds each test case to its memory when the gold answer of that very test says it was right: "
            "its published success rates are got that way, and nobody has gold answers at the bedside. Here memory is "
            "filled from training cases; the last row of the table shows what the other way does to the figure."
        ),
    )


def of_mending(p: float, bugs: int, programs: int) -> float:
    """Probability that a program without bugs is among the first ``programs``: at least ``bugs`` of the mendings before
    the last of them succeed, each with probability ``p``."""
    tries = programs - 1
    return sum(math.comb(tries, k) * p**k * (1 - p) ** (tries - k) for k in range(bugs, tries + 1))


def of_memory(shared: float, *, slipped: bool) -> float:
    """Probability of a right program next to a solved case that shares so many words (Jaccard), wrong itself or not."""
    right = 1.0 - SLIPS * (1.0 - SPARED * shared)
    return (1.0 - CONTAGION) * right if slipped else right


async def _sure(model: SimulatedCoder, bugs: int, cases: Sequence[Example]) -> tuple[int, Right, Right | None]:
    """With every mending a success: cases solved with all turns, and with one turn less than theory asks for."""
    coder = replace(model, bugs=bugs)
    agent = replace(AGENT, memory="off")
    short = None if not bugs else await ask(replace(agent, turns=bugs), coder, TASK, cases)
    return bugs, await ask(agent, coder, TASK, cases), short


async def _mended(model: SimulatedCoder, debugger: bool, cases: Sequence[Example]) -> list[Right]:
    """Cases solved within 1, 2, ... programs; one run with all turns shows them all, since turns end nothing else."""
    fixing = replace(model, bugs=PLANTED, fix=FIXES[0][1], told_gain=FIXES[1][1] - FIXES[0][1])
    found = await ask(replace(AGENT, memory="off", debugger=debugger), fixing, TASK, cases)
    took = [programs(one.rationale) for one in found.predictions]
    return [
        Right(tuple(ok and used <= most for ok, used in zip(found.right, took, strict=True)), found.calls)
        for most in range(1, AGENT.turns + 1)
    ]


def programs(rationale: str) -> int:
    """How many programs a run took."""
    return rationale.count("Program:\n```python")


async def _memories(
    model: SimulatedCoder, train: Sequence[Example], cases: Sequence[Example], checks: Sequence[float], seed: int
) -> list[Memory]:
    coder = replace(model, slips=SLIPS, memory_gain=SPARED, contagion=CONTAGION)
    pairs = tuple((TASK.prompt(case), case.target) for case in train)

    async def fed(name: str, short: str, memory: str, check: float = 1.0) -> Memory:
        checking = replace(coder, check_skill=check)
        agent: CodeAgent = await replace(AGENT, memory=memory).fit(Cases(train=pairs, seed=seed), checking)
        found = await ask(replace(agent, memory="off"), checking, TASK, cases, seed=seed)
        wrong = sum(SLIP in demo.rationale for demo in agent.solved_cases)
        chances = [_chance(agent, case) for case in cases]
        error = math.sqrt(sum(p * (1 - p) for p in chances)) / len(cases)
        return Memory(name, short, len(agent.solved_cases), wrong, found, sum(chances) / len(cases), error)

    async def released() -> Memory:
        rows: list[Mapping[str, Any]] = []
        own = Cases(train=tuple((TASK.prompt(case), case.target) for case in cases), seed=seed, log=rows.append)
        agent: CodeAgent = await replace(AGENT, memory="train", tried=len(cases)).fit(own, coder)
        right = Right(tuple(bool(row["kept"]) for row in rows), 0)
        return Memory("test cases, by their gold answers", "test's own answers", len(agent.solved_cases), 0, right)

    arms = [fed("off", "no memory", "off"), fed("training cases, by gold answers", "gold answers", "train")]
    for share in checks:
        rate = f"self-check right in {100 * share:.0f} %"
        arms.append(fed(f"training cases, {rate}", rate, "self_check", share))
    return list(await asyncio.gather(*arms, released()))


def _chance(agent: CodeAgent, case: Example) -> float:
    """What theory says of a case, from the solved cases that it is shown."""
    prompt = TASK.prompt(case)
    words = set(prompt.question.lower().split())
    held = [(0.0, False)]
    for demo in nearest(agent.solved_cases, prompt, AGENT.k):
        other = set(demo.question.lower().split())
        held.append((len(words & other) / len(words | other), SLIP in demo.rationale))
    shared, slipped = max(held)
    return of_memory(shared, slipped=slipped)


def _fed(memories: Sequence[Memory]) -> TableOf:
    return TableOf(
        title="What feeds the memory",
        columns=("memory", "programs kept", "of them wrong", "test questions right", "theory"),
        rows=[
            [
                one.name,
                str(one.kept),
                str(one.wrong),
                one.right.told(),
                f"{100 * one.theory:.1f} %" if one.error else "",
            ]
            for one in memories
        ],
        about=(
            "Theory: from the solved case nearest to each question. The last row is the released code's way: it looks at "
            "the gold answers of the test while it is tested, so it is no estimate of anything outside the test."
        ),
    )


def _loop(mended: Sequence[Sequence[Right]]) -> Figure:
    curves = []
    for (name, p), found in zip(FIXES, mended, strict=True):
        points = [Point(x=at, y=one.share, low=one.ends[0], high=one.ends[1]) for at, one in enumerate(found, 1)]
        wanted = [Point(x=at, y=of_mending(p, PLANTED, at)) for at in range(2, AGENT.turns + 1)]
        curves += [Curve(title=name, points=points[1:]), Curve(title=f"{name}, theory", points=wanted, theory=True)]
    return Figure(
        title=f"Questions solved by programs allowed, {PLANTED} failing lines at first",
        x_title="programs allowed",
        y_title="questions solved",
        curves=curves,
        about="Dashed: the binomial probability of enough successful mendings. One run of ten turns gives all points.",
    )


def _worth(memories: Sequence[Memory]) -> Figure:
    points = [
        Point(x=at, y=one.right.share, low=one.right.ends[0], high=one.right.ends[1]) for at, one in enumerate(memories)
    ]
    return Figure(
        title="Test questions right by what feeds the memory",
        x_title="memory",
        y_title="questions right",
        names={float(at): one.short for at, one in enumerate(memories)},
        curves=[Curve(title="seen", joined=False, points=points)],
        about="A memory that the model checks by itself is worth as much as the check. The last one has seen the test's answers.",
    )


def _solved(sure: Sequence[tuple[int, Right, Right | None]], mended: Sequence[Sequence[Right]]) -> list[Claim]:
    chances = [
        _chance_of(sum(one.right), one.n, of_mending(p, PLANTED, at))
        for (_, p), found in zip(FIXES, mended, strict=True)
        for at, one in enumerate(found, 1)
    ]
    alone, told = mended[0][PLANTED + 1], mended[1][PLANTED + 1]
    won = gain(alone, told)
    exact = all(
        all(full.right)
        and {programs(one.rationale) for one in full.predictions} == {bugs + 1}
        and not (short and any(short.right))
        for bugs, full, short in sure
    )
    return [
        Claim(
            text="k failing lines take k + 1 programs, and with k programs nothing is solved",
            seen="; ".join(
                f"k = {bugs}: {sum(full.right)} of {full.n} solved"
                + (f", {sum(short.right)} with one turn less" if short else "")
                for bugs, full, short in sure
            ),
            holds=exact,
        ),
        Claim(
            text="Where a mending may fail, the share solved follows the binomial probability",
            seen=f"{len(chances)} points, the least likely of them with p {p_told(min(chances))}",
            holds=min(chances) > 0.001,
        ),
        Claim(
            text=f"Naming the likeliest cause solves more within {PLANTED + 2} programs",
            seen=f"{alone.told()} without, {told.told()} with the debugger: {won.told()}",
            holds=_up(won),
        ),
    ]


def _fed_claims(memories: Sequence[Memory]) -> list[Claim]:
    off, gold, worst, best, tested = memories[0], memories[1], memories[2], memories[-2], memories[-1]
    helped, leaked = (gain(off.right, one.right) for one in (gold, tested))
    harm = gain(worst.right, off.right)
    away = [abs(one.right.share - one.theory) / one.error for one in memories if one.error]
    return [
        Claim(
            text="Fed by gold answers the memory holds no wrong program, and it helps",
            seen=f"{gold.wrong} of {gold.kept} wrong; {helped.told()} against no memory",
            holds=False if gold.wrong else _up(helped),
        ),
        Claim(
            text="Fed by a self-check that is always right it is as good as gold",
            seen=f"{best.wrong} of {best.kept} wrong, {best.right.told()}",
            holds=(best.kept, best.wrong, best.right.right) == (gold.kept, gold.wrong, gold.right.right),
        ),
        Claim(
            text="Fed by a self-check that is always wrong it keeps only wrong programs and does harm",
            seen=f"{worst.wrong} of {worst.kept} wrong; {worst.right.told()} right, {off.right.told()} with no memory",
            holds=False if worst.wrong < worst.kept else _up(harm),
        ),
        Claim(
            text="Each memory is worth what the solved cases nearest to the questions say",
            seen=f"largest distance from theory {max(away):.1f} standard errors",
            holds=max(away) < 3.5,
        ),
        Claim(
            text="Fed by the test's own gold answers it raises the figure with no training case at all",
            seen=f"{tested.right.told()}: {leaked.told()} against no memory",
            holds=_up(leaked),
        ),
    ]


def _up(won: Gain) -> bool | None:
    return True if won.positive else False if won.high < 0 else None


def _chance_of(k: int, n: int, p: float) -> float:
    """Exact two-sided probability of a count as unlikely as k."""
    from scipy.stats import binomtest

    return float(binomtest(k, n, p).pvalue)
