"""NYUTron at small scale: notes that change by year and by hospital, a reader pre-trained on them, and what that is worth."""

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
from osler.experiments.seeds import arm_told, gain_of_arms, gain_over_seeds, gain_told, mean_over_seeds
from osler.recipes.models.nyutron import TINY
from osler.tuning.logistic import fit
from osler.tuning.stage import made
from osler.tuning.tokenizers.symbols import Words

TITLE = "Notes drift by year and by site: what a random split hides, and what a hospital's own notes give"
SOURCE = "NYUTron, Jiang et al. 2023, Nature 619:357 (temporal test, tuning by site, comparison with tf-idf)"
PLAIN = (
    "A model tested on notes of the same years it learnt from looks better than it will be next year. Tuning on a hospital's "
    "own notes helps there, and reading many unlabelled notes first helps where labels are few."
)
LABELS = ("home", "back")
GRAVE, MILD, SHARED = 14, 14, 120  # meanings that raise the risk, that lower it, and words without one
YEARS = 6
OLD, NEW = (0, 1, 2, 3), (5,)
FEW, MANY = 100, 600


class Note(NamedTuple):
    text: str
    back: bool


async def run(setting: Setting) -> Outcome:
    seeds = range(setting.seed, setting.seed + (3 if setting.quick else 5))
    found = [await asyncio.to_thread(_seed, seed, setting.quick) for seed in seeds]
    many = _many(setting.quick)
    inflated = gain_of_arms(found, "later years", "same years")
    local = gain_of_arms(found, "other site, as trained", "other site, tuned there")
    few = gain_of_arms(found, f"words, {FEW} labels", f"reader, {FEW} labels")
    more = gain_of_arms(found, f"words, {many} labels", f"reader, {many} labels")
    narrowed = gain_over_seeds(
        [[one[f"reader, {many} labels"] - one[f"words, {many} labels"]] for one in found],
        [[one[f"reader, {FEW} labels"] - one[f"words, {FEW} labels"]] for one in found],
    )
    return Outcome(
        setup=(
            "Made-up notes of 24 words: some name grave or mild findings, which raise or lower the odds of coming back; each "
            f"finding has two names, and the share of the newer one rises over {YEARS} years, while another hospital uses names "
            "of its own. An encoder of two layers reads the unlabelled notes of the early years and of both hospitals "
            f"(masked words), then learns the label from {FEW} or {many} notes of the early years. Beside it logistic "
            f"regression on tf-idf of the same notes. {len(found)} seeds, each with notes of its own."
        ),
        tables=[
            TableOf(
                title="Area under the ROC curve",
                columns=("what", "AUC (95 % interval over seeds)"),
                rows=[[arm, arm_told(found, arm)] for arm in found[0]],
                about=f"The reader of the first four rows learnt from {many} labels.",
            )
        ],
        figures=[_figure(found, many)],
        claims=[
            Claim(
                text="A random split shows a higher AUC than a test on later years",
                seen=f"same years less later years: {gain_told(inflated)}",
                holds=inflated.settled,
            ),
            Claim(
                text="Tuning on notes of the other hospital raises the AUC there",
                seen=f"tuned there less as trained: {gain_told(local)}",
                holds=local.settled,
            ),
            Claim(
                text=f"With {FEW} labels the pre-trained reader beats words with weights",
                seen=f"reader less words: {gain_told(few)}",
                holds=few.settled,
            ),
            Claim(
                text=f"With {many} labels the pre-trained reader beats words with weights",
                seen=f"reader less words: {gain_told(more)}",
                holds=more.settled,
            ),
            Claim(
                text="The reader's advantage is greater with few labels",
                seen=f"advantage with {FEW} less that with {many}: {gain_told(narrowed)}",
                holds=narrowed.settled,
            ),
        ],
        limits=(
            "The drift here is one of names alone; in hospitals patients, treatments and the meaning of the label change as "
            "well. Notes without order or grammar are the best case for counting words. The paper's own gains are over "
            "structured baselines, which made-up notes do not have."
        ),
    )


def _many(quick: bool) -> int:
    return 200 if quick else MANY


def _seed(seed: int, quick: bool) -> Mapping[str, float]:
    draw = random.Random(f"nyutron/{seed}")
    many, tested = _many(quick), 300 if quick else 1500
    train = [_note(draw, draw.choice(OLD)) for _ in range(many)]
    sets = {
        "same years": [_note(draw, draw.choice(OLD)) for _ in range(tested)],
        "later years": [_note(draw, NEW[0]) for _ in range(tested)],
    }
    away = [_note(draw, draw.choice(OLD), away=True) for _ in range(tested)]
    local = [_note(draw, draw.choice(OLD), away=True) for _ in range(FEW)]
    free = [_note(draw, draw.choice(OLD), away=at % 4 == 0) for at in range(600 if quick else 4000)]
    head = replace(TINY, tokenizer=None, length=32, schedule=replace(TINY.schedule, epochs=4.0 if quick else 8.0))
    reading = replace(
        TINY.base,
        data=None,
        tokenizer=Words(),
        length=32,
        schedule=replace(TINY.base.schedule, steps=40 if quick else 600),
    )
    with tempfile.TemporaryDirectory() as shelf:
        told = [(Prompt(id=f"f{at}", question=note.text), "") for at, note in enumerate(free)]
        base = made(reading, told, seed=seed, shelf=shelf)
        big = made(replace(head, base=base), _pairs(train), seed=seed, shelf=shelf)
        small = made(replace(head, base=base, schedule=_longer(head)), _pairs(train[:FEW]), seed=seed, shelf=shelf)
        tuned = made(replace(head, base=big, schedule=_longer(head)), _pairs(local), seed=seed, shelf=shelf)
        out = {name: _auc(_read(big, notes), notes) for name, notes in sets.items()}
        out["other site, as trained"] = _auc(_read(big, away), away)
        out["other site, tuned there"] = _auc(_read(tuned, away), away)
        out[f"reader, {FEW} labels"] = _auc(_read(small, sets["same years"]), sets["same years"])
        out[f"reader, {many} labels"] = out["same years"]
    for n in (FEW, many):
        out[f"words, {n} labels"] = _auc(_weighed(train[:n], sets["same years"]), sets["same years"])
    return out


def _longer(head: Any) -> Any:
    """Four times the passes, for so few notes that a pass is a step or two."""
    return replace(head.schedule, epochs=4 * head.schedule.epochs)


def _note(draw: random.Random, year: int, *, away: bool = False) -> Note:
    """A note with 0 to 4 grave and 0 to 4 mild findings among other words; its label follows their difference."""
    newer = year / (YEARS - 1)
    bad, good = draw.randrange(5), draw.randrange(5)

    def named(kind: str, count: int) -> list[str]:
        out = []
        for _ in range(count):
            at = draw.randrange(GRAVE if kind == "grave" else MILD)
            spelled = "site" if away and at % 2 else "new" if draw.random() < newer else "old"
            # a word that stands with its finding in every spelling, as "fever" does with any name of an infection
            out += [f"{kind}{at}{spelled}", f"near{kind}{at % 7}"] if draw.random() < 0.5 else [f"{kind}{at}{spelled}"]
        return out

    words = named("grave", bad) + named("mild", good)
    words += [f"word{draw.randrange(SHARED)}" for _ in range(max(0, 24 - len(words)))]
    draw.shuffle(words)
    return Note(" ".join(words), draw.random() < 1 / (1 + math.exp(-1.2 * (bad - good))))


def _pairs(notes: Sequence[Note]) -> list[tuple[Prompt, str]]:
    return [(_asked(note), LABELS[note.back]) for note in notes]


def _asked(note: Note) -> Prompt:
    return Prompt(id="note", question=note.text, choices=LABELS)


def _read(model: Any, notes: Sequence[Note]) -> Any:
    async def risks() -> list[float]:
        found = await asyncio.gather(*(model.score(_asked(note).messages(), LABELS) for note in notes))
        return [reply.logprobs["back"] for reply in found]

    return np.array(asyncio.run(risks()))


def _weighed(train: Sequence[Note], tested: Sequence[Note]) -> Any:
    """Log-odds of logistic regression on tf-idf, rows of length one."""
    words = sorted({word for note in train for word in note.text.split()})
    places = {word: at for at, word in enumerate(words)}
    counts = np.zeros((len(train), len(words)))
    later = np.zeros((len(tested), len(words)))
    for rows, notes in ((counts, train), (later, tested)):
        for at, note in enumerate(notes):
            for word in note.text.split():
                if word in places:
                    rows[at, places[word]] += 1
    idf = np.log((1 + len(train)) / (1 + (counts > 0).sum(axis=0))) + 1

    def scaled(rows: Any) -> Any:
        held = rows * idf
        held /= np.maximum(np.linalg.norm(held, axis=1, keepdims=True), 1e-9)
        return np.hstack([held, np.ones((len(held), 1))])

    aims = np.array([int(note.back) for note in train])
    fitted = fit(scaled(counts), aims, np.ones((len(train), 2), np.bool_), l2=1.0 / len(train))
    scores = scaled(later) @ fitted.T
    return scores[:, 1] - scores[:, 0]


def _auc(risks: Any, notes: Sequence[Note]) -> float:
    """The chance that a patient who comes back has a higher risk than one who does not; ties count half."""
    from scipy.stats import rankdata

    back = np.array([note.back for note in notes])
    ranks = rankdata(risks)
    ill, well = int(back.sum()), int((~back).sum())
    return float((ranks[back].sum() - ill * (ill + 1) / 2) / (ill * well))


def _figure(found: Sequence[Mapping[str, float]], many: int) -> Figure:
    def curve(title: str, kind: str) -> Curve:
        points = []
        for n in (FEW, many):
            value, low, high = mean_over_seeds([[one[f"{kind}, {n} labels"]] for one in found])
            points.append(Point(x=n, y=value, low=max(0.0, low), high=min(1.0, high)))
        return Curve(title=title, points=points)

    return Figure(
        title="AUC by the number of labels",
        x_title="notes with a label",
        y_title="AUC, same years",
        curves=[curve("pre-trained reader", "reader"), curve("tf-idf and weights", "words")],
    )
