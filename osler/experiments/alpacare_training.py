"""AlpaCare's point: at the same number of instructions, many kinds of task teach more than one."""

from __future__ import annotations

import tempfile

from osler.core.block import replace
from osler.experiments.dialogue_arms import Values, better, figure, gain, limited, right, seeds, table, texts
from osler.experiments.outcome import Claim, Outcome, Setting
from osler.recipes.models.alpacare import TINY
from osler.tuning.dialogue.invented_tasks import KINDS, InventedTasks

TITLE = "Many kinds of instruction against one, at the same number of rows"
SOURCE = "AlpaCare, Zhang et al. 2023, arXiv:2310.14558"
PLAIN = (
    "Small models that had read a made-up medicine practised one kind of task, or many, for the same number of rows. Then they got "
    "a kind of task that none of them had practised."
)
ARMS = {"one kind": 1, "three kinds": 3, "six kinds": 6}


async def run(setting: Setting) -> Outcome:
    found: dict[str, Values] = {arm: [] for arm in ARMS}
    own: dict[str, Values] = {arm: [] for arm in ARMS}
    names = tuple(KINDS)
    for seed in seeds(setting):
        # Which kinds stand on which side goes round with the seed, so that no single kind decides.
        held = tuple(names[(3 * seed + step) % len(names)] for step in (0, 4))
        others = tuple(name for name in names[seed % len(names) :] + names[: seed % len(names)] if name not in held)
        new = InventedTasks(diseases=TINY.data.diseases, kinds=held).conversations()
        with tempfile.TemporaryDirectory() as shelf:
            base = (
                replace(TINY.base, **{"schedule.steps": 120, "schedule.batch_tokens": 512})
                if setting.quick
                else TINY.base
            )
            for arm, count in ARMS.items():
                practised = replace(TINY.data, kinds=others[:count], seed=seed)
                stage = replace(TINY, base=base, data=practised)
                known = InventedTasks(diseases=TINY.data.diseases, kinds=others[:1]).conversations()
                said = await texts(stage, [*new, *known], seed=seed, shelf=shelf, max_tokens=6)
                found[arm].append(right(new, said[: len(new)]))
                own[arm].append(right(known, said[len(new) :]))
    many = gain(found["one kind"], found["six kinds"])
    some = gain(found["one kind"], found["three kinds"])
    cost = gain(own["six kinds"], own["one kind"])
    return Outcome(
        setup=(
            f"A decoder with 0.09 million weights reads abstracts on {TINY.data.diseases} made-up diseases, then learns {TINY.data.rows} instructions: "
            "to end a sentence of a kind that the abstracts have. The instructions are of one, three or six of eight kinds, the rows as "
            "many. Two kinds are practised by nobody; which these are changes with the training (3 trainings)."
        ),
        tables=[
            table(
                "Right answers",
                "practised",
                ("kinds that nobody practised", "the kind that all practised"),
                {arm: (found[arm], own[arm]) for arm in ARMS},
            )
        ],
        figures=[
            figure(
                "Right answers to kinds of task that nobody practised",
                "right",
                list(ARMS),
                {"new kinds": [found[arm] for arm in ARMS], "the practised kind": [own[arm] for arm in ARMS]},
            )
        ],
        claims=[
            Claim(text="Many kinds help with new kinds more than one does", seen=many.told(), holds=better(many)),
            Claim(text="So do three kinds", seen=some.told(), holds=better(some)),
            Claim(
                text="The one kind itself is best practised alone: what diversity costs",
                seen=cost.told(),
                holds=better(cost),
            ),
        ],
        limits=limited(
            "Kinds of task are wordings by templates over the same facts; instructions that people would call diverse differ in far more. The paper "
            "compares data sets of several makers, judged by a language model. Changed after a first look: "
            "more steps of instruction, since the model of six kinds had not learnt its own.",
            setting,
        ),
    )
