"""Self-chat: what is kept of broken transcripts, and how often the assistant asks."""

from __future__ import annotations

from osler.core.statistics.proportion import interval_of_proportion
from osler.core.types import Example
from osler.experiments.measure import ask
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated_writer import SimulatedWriter
from osler.prompting.self_chat import SelfChat, ask_rate, fault, turns
from osler.tasks.template import Template

TITLE = "Self-chat keeps only conversations, and its assistant does not ask"
SOURCE = "Baize, Xu et al. 2023, arXiv:2304.01196; on asking: BianQue, Chen et al. 2023, arXiv:2310.15896"
PLAIN = (
    "Conversations that a model holds with itself can be checked for their form; what they say, and how "
    "seldom the assistant asks back, stays what the model makes of it."
)
BROKEN = (0.0, 0.2, 0.5)
RATES = (0.0, 0.25, 0.46)
TASK = Template(title="Seeds", capability="knowledge and reasoning", question="{seed}")


async def run(setting: Setting) -> Outcome:
    seeds = [
        Example(id=f"s{at}", input={"seed": f"What should I know about finding {at}?"}, target="")
        for at in range(setting.cases(400))
    ]
    rows, kept = [], []
    good = True
    for broken in BROKEN:
        found = await ask(SelfChat(), SimulatedWriter(broken=broken, seed=setting.seed), TASK, seeds, seed=setting.seed)
        made = [one.answer for one in found.predictions if one.answer is not None]
        good = good and all(not fault(turns(text)) for text in made)
        ends, _ = interval_of_proportion(len(made), len(seeds))
        kept.append((len(made) / len(seeds), ends.low, ends.high))
        rows.append(
            [f"{100 * broken:.0f} %", f"{100 * kept[-1][0]:.1f} % ({100 * ends.low:.1f} to {100 * ends.high:.1f})"]
        )
    asked = []
    for rate in RATES:
        found = await ask(SelfChat(), SimulatedWriter(ask_rate=rate, seed=setting.seed), TASK, seeds, seed=setting.seed)
        rates = [ask_rate(turns(one.answer or "")) or 0.0 for one in found.predictions]
        asked.append(sum(rates) / len(rates))
    return Outcome(
        setup=(
            f"{len(seeds)} seed questions, one call each. The simulated writer breaks the form (somebody speaks twice in a "
            "row) with a planted probability, and ends a turn of the assistant in a question with another."
        ),
        tables=[
            TableOf(title="What is kept", columns=("transcripts broken", "kept"), rows=rows),
            TableOf(
                title="How often the assistant asks",
                columns=("planted", "measured in what is kept"),
                rows=[[f"{100 * a:.0f} %", f"{100 * b:.1f} %"] for a, b in zip(RATES, asked, strict=True)],
                about="Baize's prompt forbids questions (0 %); BianQue's data hold 46.2 % questions.",
            ),
        ],
        figures=[
            Figure(
                title="Transcripts kept",
                x_title="transcripts broken, percent",
                y_title="kept",
                curves=[
                    Curve(
                        title="kept",
                        points=[
                            Point(x=100 * x, y=y, low=low, high=high)
                            for x, (y, low, high) in zip(BROKEN, kept, strict=True)
                        ],
                    ),
                    Curve(title="theory", theory=True, points=[Point(x=100 * x, y=1 - x) for x in BROKEN]),
                ],
            )
        ],
        claims=[
            Claim(
                text="Every transcript that is kept is a conversation, and none that is one is lost",
                seen=", ".join(
                    f"{100 * y:.1f} % kept of {100 * x:.0f} % broken" for x, (y, _, _) in zip(BROKEN, kept, strict=True)
                ),
                holds=good and all(low <= 1 - x <= high for x, (_, low, high) in zip(BROKEN, kept, strict=True)),
            ),
            Claim(
                text="The ask rate of the data is the writer's, to be measured before anybody is tuned on it",
                seen=", ".join(
                    f"{100 * a:.0f} % planted, {100 * b:.1f} % measured" for a, b in zip(RATES, asked, strict=True)
                ),
                holds=all(abs(a - b) < 0.05 for a, b in zip(RATES, asked, strict=True)),
            ),
        ],
        limits="Whether what the assistant says is true is not looked at: a person or a judge must.",
    )
