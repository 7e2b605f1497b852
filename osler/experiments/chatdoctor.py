"""ChatDoctor's retrieval: a disease that stands only in the table is known with it and not without."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from osler.core.types import Example, Passage
from osler.experiments.formulary import formulary
from osler.experiments.measure import Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.passages import PassageList
from osler.knowledge.term_match import TermMatch
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.map_merge import MapMerge
from osler.prompting.zero_shot import ZeroShot
from osler.tasks.template import Template

TITLE = "A disease that stands only in the table: 0 % without it, and rows of other diseases change nothing"
SOURCE = "ChatDoctor, Li et al. 2023, Cureus 15:e40895, arXiv:2303.14070 (knowledge brain; no figure of its own is published)"
PLAIN = (
    "A model cannot know a disease that came after it was made, unless the disease is looked up in a table. Rows of other "
    "diseases in that table do not matter."
)
TASK = Template(
    title="Treatment of made-up diseases",
    capability="knowledge and reasoning",
    instruction="Answer in one sentence.",
    question="{question}",
)
READS = (0.0, 0.25, 0.5, 0.75, 1.0)
CUTOFF = "2023-03-01"


async def run(setting: Setting) -> Outcome:
    n = setting.cases(240)
    rows, cases = _table(n, setting.seed)
    new = [case for case in cases if str(case.meta["date"]) > CUTOFF]
    old = [case for case in cases if str(case.meta["date"]) <= CUTOFF]
    model = SimulatedSources(knows=1.0, cutoff=CUTOFF, seed=setting.seed).keyed(cases, lettered=False)
    plain = {name: await _asked(ZeroShot(by="generate"), model, held) for name, held in (("new", new), ("old", old))}
    with_table: dict[float, Right] = {}
    for reads in READS:
        with_table[reads] = await _asked(_method(rows, 6), dataclasses.replace(model, reads=reads), new)
    known = await _asked(_method(rows, 6), model, old)
    others = _table(n, setting.seed, first=2 * n)[0]
    same = {size: await _same(rows, others, size, model, cases) for size in (1, 6)}
    best = with_table[1.0]
    return Outcome(
        setup=(
            f"{n:,} made-up diseases in a table, half of them dated after the simulated model was made (it knows the others). It "
            "draws keywords from the question; chunks of six rows that hold most of them are found (four), each is answered, "
            "and the answers are merged. The x axis is how often it finds the fact in a chunk that holds it."
        ),
        tables=[
            TableOf(
                title="Right answers",
                columns=("diseases", "without the table", "with it", "difference"),
                rows=[
                    ["new", plain["new"].told(), best.told(), gain(plain["new"], best).told()],
                    ["known", plain["old"].told(), known.told(), gain(plain["old"], known).told()],
                ],
            ),
            TableOf(
                title=f"Answers after {len(others):,} rows of other diseases were put before and behind the table",
                columns=("rows in a chunk", "answers that changed", "calls whose reply changed"),
                rows=[[str(size), str(changed), str(replies)] for size, (changed, replies) in same.items()],
            ),
        ],
        figures=[
            Figure(
                title="Diseases that stand only in the table",
                x_title="probability of finding the fact in its chunk",
                y_title="right answers",
                curves=[
                    _curve("with the table", with_table),
                    _curve("without", dict.fromkeys(READS, plain["new"])),
                    Curve(title="theory", theory=True, points=[Point(x=knob, y=knob) for knob in READS]),
                ],
            )
        ],
        claims=[
            Claim(
                text="A disease that stands only in the table is never known without it",
                seen=plain["new"].told(),
                holds=plain["new"].share == 0,
            ),
            Claim(text="It is known with the table", seen=best.told(), holds=gain(plain["new"], best).positive),
            Claim(
                text="It is known as often as the model finds the fact in the chunk",
                seen="; ".join(f"{knob:g}: {one.told()}" for knob, one in with_table.items()),
                holds=all(
                    one.ends[0] <= knob <= one.ends[1] or abs(one.share - knob) < 0.05
                    for knob, one in with_table.items()
                ),
            ),
            Claim(
                text="Rows of other diseases change no answer, and with one row a chunk no reply either",
                seen="; ".join(f"{size} a chunk: {a} answers, {r} replies" for size, (a, r) in same.items()),
                holds=same[1] == (0, 0) and same[6][0] == 0,
            ),
        ],
        limits=(
            "The paper shows its retrieval on examples and has no ablation of it: this shows the mechanism, not a size of effect. "
            "The table that it published (796 diseases) was written with ChatGPT's help."
        ),
    )


def _table(n: int, seed: int, first: int = 0) -> tuple[list[Passage], list[Example]]:
    """Rows with a disease, a symptom and its drug, and a question for each; every second disease is new."""
    made = formulary(2 * n, seed=seed, first=first)
    rows, cases = [], []
    for at, (ill, drug) in enumerate(zip(made[:n], made[n:], strict=True)):
        treated = f"{ill.name} disease is treated with {drug.name.lower()}."
        rows.append(Passage(id=f"row{first + at}", text=f"{treated} Its sign is {drug.other.split()[-1]} pain."))
        meta = {"subject": f"{ill.name} disease", "date": "2024-01-01" if at % 2 else "2020-01-01"}
        question = {"question": f"What is {ill.name} disease treated with?"}
        cases.append(Example(id=f"q{first + at}", input=question, target=treated, meta=meta))
    return rows, cases


def _method(rows: Sequence[Passage], size: int) -> MapMerge:
    return MapMerge(index=TermMatch(collection=PassageList(items=tuple(rows)), rows=size), keywords=3, k=4)


async def _asked(strategy: ZeroShot | MapMerge, model: SimulatedSources, cases: Sequence[Example]) -> Right:
    return await ask(strategy, model, TASK, cases)


async def _same(
    rows: Sequence[Passage], others: Sequence[Passage], size: int, model: SimulatedSources, cases: Sequence[Example]
) -> tuple[int, int]:
    """Answers and replies that differ once rows of other diseases stand before and behind the table."""
    half = len(others) // 2
    alone = await _asked(_method(rows, size), model, cases)
    among = await _asked(_method([*others[:half], *rows, *others[half:]], size), model, cases)
    pairs = list(zip(alone.predictions, among.predictions, strict=True))
    answers = sum(a.answer != b.answer for a, b in pairs)
    return answers, sum([one.text for one in a.replies] != [one.text for one in b.replies] for a, b in pairs)


def _curve(title: str, found: dict[float, Right]) -> Curve:
    return Curve(
        title=title,
        points=[Point(x=knob, y=one.share, low=one.ends[0], high=one.ends[1]) for knob, one in found.items()],
    )
