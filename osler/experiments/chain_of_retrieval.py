"""Chain of retrieval on answers with planted false claims: what a search mends, and what it cannot."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from osler.core.statistics.proportion import interval_of_proportion
from osler.core.types import Example, Passage, Prediction
from osler.experiments.formulary import DOSES, Drug, formulary
from osler.experiments.measure import Right, ask
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.chain_of_retrieval import ChainOfRetrieval
from osler.prompting.zero_shot import ZeroShot

TITLE = "A chain of retrieval mends false claims that the sources settle, as far as the verdicts can be trusted"
SOURCE = "Med-PaLM 2, Singhal et al. 2025, Nature Medicine 31:943 (chain of retrieval)"
PLAIN = (
    "Taking an answer apart and looking each claim up takes most errors out of it, if the sources know better and the model "
    "judges by them. A judge that errs lets errors through and throws out what was right."
)
VERIFIES = (0.5, 0.7, 0.9, 1.0)
CLAIMS = 4
FALSE = 0.4  # share of the claims of a first answer that are planted as false


@dataclasses.dataclass(frozen=True)
class Counts:
    """Claims in answers: false ones, and true ones, of so many."""

    false: int
    true: int
    planted: int
    right: int

    def left(self) -> tuple[float, float, float]:
        """Share of the planted false claims that still stand, with its interval."""
        ends, _ = interval_of_proportion(self.false, max(1, self.planted))
        return self.false / max(1, self.planted), ends.low, ends.high

    def told(self) -> str:
        share, low, high = self.left()
        return f"{100 * share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


async def run(setting: Setting) -> Outcome:
    n = setting.cases(200)
    drugs = formulary(CLAIMS * n, seed=setting.seed)
    groups = [drugs[CLAIMS * at : CLAIMS * (at + 1)] for at in range(n)]
    rng = random.Random(f"planted/{setting.seed}")
    planted = [[rng.random() < FALSE for _ in group] for group in groups]
    cases = [_case(f"q{at}", group, wrong) for at, (group, wrong) in enumerate(zip(groups, planted, strict=True))]
    full = BM25(collection=PassageList(items=tuple(drug.passage() for drug in drugs)))
    empty = BM25(collection=PassageList(items=(Passage(id="x", text="Nothing of use stands here."),)))
    reader = SimulatedSources(knows=1.0, seed=setting.seed).keyed(cases, lettered=False)
    before = await ask(ZeroShot(by="generate"), reader, DOSES, cases)
    first = _counted(before, groups, planted)
    method = ChainOfRetrieval(index=full, claims=CLAIMS, k=2)
    after, calls = {}, 0
    for verifies in VERIFIES:
        found = await ask(method, dataclasses.replace(reader, verifies=verifies), DOSES, cases)
        after[verifies] = _counted(found, groups, planted)
        calls = found.calls
    nothing = _counted(await ask(ChainOfRetrieval(index=empty, claims=CLAIMS), reader, DOSES, cases), groups, planted)
    best, kept = after[1.0], after[1.0].true / best_of(first)
    return Outcome(
        setup=(
            f"{n:,} answers of {CLAIMS} claims on doses of made-up drugs; each claim is planted as false with probability {FALSE}. "
            "The simulated model takes them apart, a search (BM25, labels of all drugs) finds two passages for each, and it "
            f"judges and rewrites; {calls / n:.1f} calls an answer. The x axis is how often its verdict is right."
        ),
        tables=[
            TableOf(
                title="Planted false claims that still stand in the answer",
                columns=("verdicts right", "false claims left", "true claims kept", "false claims put right"),
                rows=[
                    ["first answer", first.told(), _of(first.true, best_of(first)), "0"],
                    *(
                        [f"{knob:g}", one.told(), _of(one.true, best_of(first)), str(one.right)]
                        for knob, one in after.items()
                    ),
                    ["1, sources know nothing", nothing.told(), _of(nothing.true, best_of(first)), str(nothing.right)],
                ],
            )
        ],
        figures=[
            Figure(
                title="False claims left in the answer",
                x_title="probability that a verdict is right",
                y_title="planted false claims that still stand",
                curves=[
                    Curve(title="after the chain", points=[_point(knob, one) for knob, one in after.items()]),
                    Curve(
                        title="theory: 1 minus the probability",
                        theory=True,
                        points=[Point(x=knob, y=1 - knob) for knob in VERIFIES],
                    ),
                ],
            )
        ],
        claims=[
            Claim(
                text="With right verdicts no planted false claim is left, and every one is put right",
                seen=f"{best.told()} left; {best.right} of {first.planted} put right",
                holds=best.false == 0 and best.right == first.planted,
            ),
            Claim(
                text="True claims are not lost with right verdicts",
                seen=f"{100 * kept:.1f} % kept",
                holds=best.true == best_of(first),
            ),
            Claim(
                text="False claims are left as often as verdicts are wrong",
                seen="; ".join(f"{knob:g}: {one.told()}" for knob, one in after.items()),
                holds=all(
                    one.left()[1] <= 1 - knob <= one.left()[2] or abs(one.left()[0] - 1 + knob) < 0.05
                    for knob, one in after.items()
                ),
            ),
            Claim(
                text="Where the sources know nothing, nothing is put right: claims are left out, true ones too",
                seen=f"{nothing.right} put right, {nothing.true} of {best_of(first)} true claims kept",
                holds=nothing.right == 0 and nothing.true == 0,
            ),
        ],
        limits=(
            "The simulated model rewrites exactly as the findings say and finds a contradiction by the overlap of words. In the "
            "paper physicians preferred the answers; it gives no count of claims mended."
        ),
    )


def best_of(first: Counts) -> int:
    """True claims that the first answers held."""
    return first.true


def _case(name: str, group: Sequence[Drug], wrong: Sequence[bool]) -> Example:
    said = " ".join(drug.wrong if bad else drug.sentence for drug, bad in zip(group, wrong, strict=True))
    return Example(
        id=name,
        input={"question": "At what doses are " + ", ".join(drug.name for drug in group) + " given?"},
        target=" ".join(drug.sentence for drug in group),
        meta={"subject": "no such subject", "first": said, "wrong": "Nothing can be said."},
    )


def _counted(found: Right, groups: Sequence[Sequence[Drug]], planted: Sequence[Sequence[bool]]) -> Counts:
    false = true = right = 0
    for said, group, wrong in zip(found.predictions, groups, planted, strict=True):
        for drug, bad in zip(group, wrong, strict=True):
            states = drug.sentence in _text(said)
            false += drug.wrong in _text(said)
            true += states and not bad
            right += states and bad
    return Counts(false, true, sum(map(sum, planted)), right)


def _text(said: Prediction) -> str:
    return said.answer or ""


def _point(knob: float, one: Counts) -> Point:
    share, low, high = one.left()
    return Point(x=knob, y=share, low=low, high=high)


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}"
