"""CPLLM trained at small scale: codes of visits as bare ids, as descriptions, and as descriptions that are one new word each."""

from __future__ import annotations

import asyncio
import math
import random
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from osler.core.block import replace
from osler.core.types import Prompt
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.seeds import arm_told, gain_of_arms, gain_told, mean_over_seeds
from osler.recipes.models.cpllm import TINY
from osler.tuning.logistic import fit
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made

TITLE = "Codes of visits as words: what descriptions and new words give over ids and over counting codes"
SOURCE = "CPLLM, Ben Shoham and Rappoport 2023, arXiv:2309.11295 (PR-AUC; descriptions added as new tokens)"
PLAIN = (
    "A model that reads past diagnoses as words can use what their names share, also of rare codes. Whether that beats "
    "simple counting of codes is tested on made-up patients of whom one in twenty falls ill."
)
ORGANS = ("kidney", "heart", "liver", "lung", "bowel", "brain", "skin", "bone")
KINDS = ("failure", "infection", "injury", "stones", "inflammation", "tumour")
COURSES = ("acute", "chronic")
CODES = tuple(f"{course} {organ} {kind}" for course in COURSES for organ in ORGANS for kind in KINDS)
IDS = tuple(f"q{at}" for at in range(len(CODES)))
LABELS = ("no", "yes")
PREVALENCE = 0.05
ARMS = ("ids", "descriptions", "descriptions as new words", "counts of codes")


class Patient(NamedTuple):
    """``codes``: of the visits, in their order. ``ill``: whether kidney failure follows."""

    codes: tuple[int, ...]
    ill: bool


async def run(setting: Setting) -> Outcome:
    seeds = range(setting.seed, setting.seed + (3 if setting.quick else 5))
    found = [await asyncio.to_thread(_seed, seed, setting.quick) for seed in seeds]
    words = gain_of_arms(found, "ids", "descriptions")
    tokens = gain_of_arms(found, "descriptions", "descriptions as new words")
    counts = gain_of_arms(found, "counts of codes", "descriptions as new words")
    return Outcome(
        setup=(
            f"Made-up patients with 4 to 9 coded diagnoses from {len(CODES)} codes, drawn as a chain in which a visit tends "
            "to concern the organ of the last one; few codes are frequent. The risk of kidney failure hangs on course, organ "
            f"and kind of what came before and on its order; {100 * PREVALENCE:.0f} % fall ill. A decoder of two layers learns "
            "next words on the histories of patients without labels, told as descriptions; then a head learns from "
            f"{_sizes(setting.quick)[1]:,} labelled patients, whose codes are written as ids, as descriptions, or as descriptions "
            f"that are one new word each. Beside them logistic regression on counts of codes. {len(found)} seeds, each with "
            "patients of its own."
        ),
        tables=[
            TableOf(
                title="Area under the precision-recall curve",
                columns=("codes as", "PR-AUC (95 % interval over seeds)"),
                rows=[[arm, arm_told(found, arm)] for arm in ARMS],
                about=f"By chance it is {PREVALENCE:.2f}. {_sizes(setting.quick)[2]:,} test patients a seed.",
            )
        ],
        figures=[_figure(found)],
        claims=[
            Claim(
                text="Descriptions are better than ids",
                seen=f"descriptions less ids: {gain_told(words)}",
                holds=words.settled,
            ),
            Claim(
                text="Descriptions as new words are better than in the model's own tokens",
                seen=f"new words less descriptions: {gain_told(tokens)}",
                holds=tokens.settled,
            ),
            Claim(
                text="The language model is better than logistic regression on counts of codes",
                seen=f"new words less counts: {gain_told(counts)}",
                holds=counts.settled,
            ),
        ],
        limits=(
            "A decoder of two layers that has read some thousand made-up histories is no Llama-2: it knows no medicine from "
            "elsewhere, which is what descriptions are to call up. Differences between seeds include those of patients; with so "
            "few seeds and one case in twenty, gains of one to three points, as the paper reports, are too small to be seen here."
        ),
    )


def _sizes(quick: bool) -> tuple[int, int, int]:
    """Patients without labels, with labels, and of the test."""
    return (300, 500, 600) if quick else (3000, 2000, 2500)


def _seed(seed: int, quick: bool) -> Mapping[str, float]:
    draw = random.Random(f"cpllm/{seed}")
    free, labelled, tested = (_patients(n, draw) for n in _sizes(quick))
    wanted = np.array([one.ill for one in tested])
    out = {"counts of codes": _average_precision(_counted(labelled, tested), wanted)}
    base = Pretrain(
        base=TINY.base,
        objectives=(NextToken(),),
        tokenizer=TINY.tokenizer,
        length=96,
        schedule=Schedule(epochs=2.0 if quick else 4.0, batch_tokens=2048, learning_rate=2e-3, precision="float32"),
    )
    schedule = replace(TINY.schedule, epochs=2.0 if quick else 6.0)
    with tempfile.TemporaryDirectory() as shelf:
        told = [(Prompt(id=f"f{at}", question=_told_as(one, "descriptions")), "") for at, one in enumerate(free)]
        ready = made(base, told, seed=seed, shelf=shelf)
        for arm in ARMS[:3]:
            new = {"ids": IDS, "descriptions as new words": CODES}.get(arm, ())
            head = replace(TINY, base=ready, tokenizer=None, words=new, schedule=schedule)
            model = made(head, [(_asked(one, arm), LABELS[one.ill]) for one in labelled], seed=seed, shelf=shelf)
            out[arm] = _average_precision(asyncio.run(_risks(model, tested, arm)), wanted)
    return out


def _patients(n: int, draw: random.Random) -> list[Patient]:
    """Histories, and the illest of them by risk and chance as ill: exactly the prevalence."""
    order = list(range(len(CODES)))
    random.Random("codes").shuffle(order)
    weights = [1 / (order[at] + 3) for at in range(len(CODES))]
    near = {
        organ: [weight * (6.0 if organ == _parts(at)[1] else 1.0) for at, weight in enumerate(weights)]
        for organ in ("", *ORGANS)
    }
    histories: list[tuple[int, ...]] = []
    for _ in range(n):
        codes: list[int] = []
        for _ in range(draw.randrange(4, 10)):
            codes += draw.choices(range(len(CODES)), near[_parts(codes[-1])[1] if codes else ""])
        histories.append(tuple(codes))
    risks = [_risk(codes) - math.log(1 / max(draw.random(), 1e-12) - 1) for codes in histories]
    ill = set(sorted(range(n), key=lambda at: -risks[at])[: round(PREVALENCE * n)])
    return [Patient(codes, at in ill) for at, codes in enumerate(histories)]


def _parts(code: int) -> tuple[str, str, str]:
    course, organ, kind = CODES[code].split()
    return course, organ, kind


def _risk(codes: Sequence[int]) -> float:
    """Log-odds: any disease of the kidney, more if chronic, most if an acute one follows; heart and kidney together."""
    seen = [_parts(code) for code in codes]
    kidney = [at for at, part in enumerate(seen) if part[1] == "kidney"]
    chronic = [at for at in kidney if seen[at][0] == "chronic"]
    then = bool(chronic) and any(at > chronic[0] and seen[at][0] == "acute" for at in kidney)
    heart = any(part[1] == "heart" and part[2] == "failure" for part in seen)
    return 1.0 * min(2, len(kidney)) + 1.0 * bool(chronic) + 2.0 * then + 1.5 * (heart and bool(kidney))


def _told_as(one: Patient, arm: str) -> str:
    names = IDS if arm == "ids" else CODES
    return " , ".join(names[code] for code in one.codes)


def _asked(one: Patient, arm: str) -> Prompt:
    return Prompt(id="patient", question=_told_as(one, arm), choices=LABELS)


async def _risks(model: Any, patients: Sequence[Patient], arm: str) -> Any:
    replies = await asyncio.gather(*(model.score(_asked(one, arm).messages(), LABELS) for one in patients))
    return np.array([reply.logprobs["yes"] for reply in replies])


def _counted(labelled: Sequence[Patient], tested: Sequence[Patient]) -> Any:
    """Log-odds of logistic regression on how often each code stands in a history."""

    def rows(patients: Sequence[Patient]) -> Any:
        out = np.ones((len(patients), len(CODES) + 1))
        for at, one in enumerate(patients):
            out[at, 1:] = np.bincount(one.codes, minlength=len(CODES))
        return out

    aims = np.array([int(one.ill) for one in labelled])
    fitted = fit(rows(labelled), aims, np.ones((len(labelled), 2), np.bool_), l2=0.003)
    scores = rows(tested) @ fitted.T
    return scores[:, 1] - scores[:, 0]


def _average_precision(risks: Any, wanted: Any) -> float:
    """The mean of the precision at each ill patient, by falling risk; equal risks count as one step."""
    order = np.argsort(-risks, kind="stable")
    hits, places = np.cumsum(wanted[order]), np.arange(1, len(order) + 1)
    ends = np.append(np.flatnonzero(np.diff(risks[order])), len(order) - 1)
    gained = np.diff(np.concatenate([[0], hits[ends]]))
    return float((gained * hits[ends] / places[ends]).sum() / wanted.sum())


def _figure(found: Sequence[Mapping[str, float]]) -> Figure:
    points = []
    for at, arm in enumerate(ARMS):
        value, low, high = mean_over_seeds([[one[arm]] for one in found])
        points.append(Point(x=at, y=value, low=max(0.0, low), high=min(1.0, high)))
    chance = [Point(x=at, y=PREVALENCE) for at in range(len(ARMS))]
    return Figure(
        title="Finding those who will fall ill",
        x_title="codes as",
        y_title="PR-AUC",
        curves=[
            Curve(title="test patients", points=points, joined=False),
            Curve(title="chance", points=chance, theory=True),
        ],
        names={float(at): arm for at, arm in enumerate(ARMS)},
    )
