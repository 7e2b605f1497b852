"""Self-instruct: what the ROUGE-L filter drops, and how much more a diverse writer gives."""

from __future__ import annotations

import itertools

import orjson

from osler.core.types import Example
from osler.evaluation.metrics.text.tokens import words
from osler.experiments.measure import ask
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated_writer import SimulatedWriter
from osler.prompting.self_instruct import SelfInstruct, novel, rouge_l
from osler.tasks.template import Template

TITLE = "The filter drops what is alike, and a writer of one kind of task runs dry"
SOURCE = "AlpaCare, Zhang et al. 2023, arXiv:2310.14558; Self-Instruct, Wang et al. 2023, arXiv:2212.10560"
PLAIN = (
    "A model that writes its own practice tasks soon repeats itself: a filter takes the near copies out, and "
    "how much is left depends on how many kinds of task the model knows."
)
REPEATED = (0.0, 0.3, 0.6)
KINDS = (1, 3, 10)
TASK = Template(title="Seed tasks", capability="knowledge and reasoning", question="{seeds}")


async def run(setting: Setting) -> Outcome:
    calls = setting.cases(400) // 8
    seeds = [
        Example(id=f"t{at}", input={"seeds": f"Explain sign {at}.\nName drug {at}.\nDraw organ {at}."}, target="")
        for at in range(calls)
    ]
    strategy = SelfInstruct(answers=False)

    async def harvest(model: SimulatedWriter) -> tuple[int, int, float, int]:
        """Tasks written, tasks left over the whole harvest, the largest ROUGE-L among these, and tasks left when each
        call is looked at alone."""
        found = await ask(strategy, model, TASK, seeds, seed=setting.seed)
        made = [task for one in found.predictions for task in orjson.loads(one.answer or "[]")]
        kept, _ = novel(made, against=[], most=0.7)
        texts = [words(task["instruction"]) for task in kept[:120]]
        most = max((rouge_l(a, b) for a, b in itertools.combinations(texts, 2)), default=0.0)
        return 12 * calls, len(kept), most, len(made)

    copies = [await harvest(SimulatedWriter(repeated=value, seed=setting.seed)) for value in REPEATED]
    kinds = [await harvest(SimulatedWriter(kinds=value, seed=setting.seed)) for value in KINDS]
    return Outcome(
        setup=(
            f"{calls} calls of three seeds each, 12 tasks a call, ROUGE-L of at most 0.7 with everything kept before. The "
            "simulated writer repeats its last task with one word changed with a planted probability, or knows one, three or ten kinds of task."
        ),
        tables=[
            TableOf(
                title="Tasks that are left",
                columns=("writer", "written", "left within a call", "left in all", "largest ROUGE-L left"),
                rows=[
                    *(
                        [f"repeats {100 * value:.0f} %", str(row[0]), str(row[3]), str(row[1]), f"{row[2]:.2f}"]
                        for value, row in zip(REPEATED, copies, strict=True)
                    ),
                    *(
                        [f"knows {value} kinds", str(row[0]), str(row[3]), str(row[1]), f"{row[2]:.2f}"]
                        for value, row in zip(KINDS, kinds, strict=True)
                    ),
                ],
            )
        ],
        figures=[
            Figure(
                title="Tasks left by how many kinds the writer knows",
                x_title="kinds of task",
                y_title="tasks left",
                unit="",
                curves=[
                    Curve(
                        title="left",
                        points=[Point(x=value, y=row[1]) for value, row in zip(KINDS, kinds, strict=True)],
                    )
                ],
            )
        ],
        claims=[
            Claim(
                text="No two tasks that are left are alike",
                seen=f"largest ROUGE-L {max(row[2] for row in (*copies, *kinds)):.2f}",
                holds=all(row[2] <= 0.7 for row in (*copies, *kinds)),
            ),
            Claim(
                text="The more the writer repeats itself, the less is left of a call",
                seen=", ".join(f"{row[3]} of {row[0]}" for row in copies),
                holds=copies[0][3] > copies[1][3] > copies[2][3],
            ),
            Claim(
                text="The same number of calls leaves more from a writer that knows more kinds of task",
                seen=", ".join(f"{row[1]} of {row[0]}" for row in kinds),
                holds=kinds[0][1] < kinds[1][1] < kinds[2][1],
            ),
        ],
        limits=(
            "Different words are not different medicine: the filter sees wording only. That diversity helps a tuned model "
            "is the paper's claim and belongs to the tuning phase."
        ),
    )
