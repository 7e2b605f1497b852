"""Clinfo.ai's chain: articles are screened and summed up, and every reference of the answer opens an article that bears it out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from osler.core.statistics.proportion import interval_of_proportion
from osler.core.types import Passage, Strategy
from osler.evaluation.grounding.checker import ClaimChecker
from osler.experiments.formulary import DOSES, declined, formulary, states
from osler.experiments.measure import Right, ask
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.cited import Cited
from osler.prompting.screened_articles import ScreenedArticles
from osler.prompting.statements import statements
from osler.prompting.zero_shot import ZeroShot

TITLE = "References resolve: an invented one never stands in an answer that is held against what it cites"
SOURCE = "Clinfo.ai, Lozano et al. 2023, arXiv:2310.16146 (PubMedRS-200, on which the paper reports, is not held)"
PLAIN = (
    "References that a model writes can be invented. If each is looked up, and each statement is held against the article that "
    "it names, what is left can be opened and read; what cannot be borne out is not said."
)
INVENTS = (0.0, 0.1, 0.25, 0.5)
ARMS = ("as the model writes it", "references looked up", "statements held against them", "mended once")


async def run(setting: Setting) -> Outcome:
    n = setting.cases(160)
    drugs = formulary(n, seed=setting.seed)
    unknown = formulary(n // 4, seed=setting.seed, first=4_000)
    labels = [drug.passage("article") for drug in drugs]
    noise = [
        Passage(id=f"note-{at}", text=f"{drug.name} was given to mice; no dose is told.")
        for at, drug in enumerate(drugs)
    ]
    cases = [drug.example(f"q{at}") for at, drug in enumerate(drugs)]
    asked = [*cases, *(drug.example(f"u{at}") for at, drug in enumerate(unknown))]
    index = BM25(collection=PassageList(items=(*noise, *labels)))
    model = SimulatedSources(seed=setting.seed).keyed(asked, lettered=False)
    texts = {passage.id: passage.text for passage in (*labels, *noise)}
    found: dict[tuple[str, float], Right] = {}
    for invents in INVENTS:
        for name, arm in _arms(index).items():
            found[name, invents] = await ask(
                arm, dataclasses.replace(model, invents=invents), DOSES, asked, correct=states
            )
    return _told(found, texts, n, len(unknown))


def _arms(index: BM25) -> dict[str, Strategy]:
    free = ZeroShot(by="generate")

    def screened(inner: Strategy) -> ScreenedArticles:
        return ScreenedArticles(index=index, queries=1, k=4, articles=4, most=2, inner=inner)

    return {
        ARMS[0]: screened(Cited(inner=free, checker=None, unsupported="keep")),
        ARMS[1]: screened(Cited(inner=free, checker=None)),
        ARMS[2]: screened(Cited(inner=free)),
        ARMS[3]: screened(Cited(inner=free, unsupported="repair")),
    }


def _invented(found: Right, texts: Mapping[str, str]) -> tuple[int, int]:
    """Answers with a reference that opens nothing, of the answers that were given."""
    given = [one for one in found.predictions if not declined(one)]
    return sum(any(line.invented for line in statements(one.answer or "", texts)) for one in given), len(given)


def _borne_out(found: Right, texts: Mapping[str, str]) -> tuple[int, int]:
    """Statements that an article they name bears out, of those in given answers."""
    checker = ClaimChecker()
    every = [line for one in found.predictions if not declined(one) for line in statements(one.answer or "", texts)]
    good = sum(
        bool(line.cited)
        and checker.check_fact(line.plain, "\n".join(texts[name] for name in line.cited)).status == "supported"
        for line in every
    )
    return good, len(every)


def _told(found: Mapping[tuple[str, float], Right], texts: Mapping[str, str], n: int, unknown: int) -> Outcome:
    checked = [found[name, knob] for name in ARMS[1:] for knob in INVENTS]
    raw, once = found[ARMS[0], INVENTS[-1]], found[ARMS[3], INVENTS[-1]]
    silent = [sum(map(declined, one.predictions[n:])) for one in found.values()]
    screened = sum("relevant: 1 of" in one.rationale for one in raw.predictions[:n])
    right = {name: [sum(found[name, knob].right[:n]) for knob in INVENTS] for name in ARMS}
    return Outcome(
        setup=(
            f"{n:,} questions on doses of made-up drugs, each with an article that states the dose and a note that names the drug "
            f"and does not; {unknown} more on drugs of which nothing is held. The simulated model writes the query, judges and sums "
            "up what is found (BM25, four passages), and in its answer cites a passage that was never shown with the probability "
            "on the x axis."
        ),
        tables=[
            TableOf(
                title=f"At {INVENTS[-1]:g}: half of the references invented",
                columns=(
                    "references",
                    "answers with an invented one",
                    "statements borne out",
                    "right answers",
                    "calls",
                ),
                rows=[
                    [
                        name,
                        _share(*_invented(found[name, INVENTS[-1]], texts)),
                        _share(*_borne_out(found[name, INVENTS[-1]], texts)),
                        _share(right[name][-1], n),
                        f"{found[name, INVENTS[-1]].calls / (n + unknown):.1f}",
                    ]
                    for name in ARMS
                ],
            )
        ],
        figures=[
            Figure(
                title="Right answers that are left",
                x_title="probability that the model invents the reference",
                y_title="right answers",
                curves=[_curve(name, right[name], n) for name in (ARMS[0], *ARMS[2:])]
                + [
                    Curve(title="theory: not invented", theory=True, points=[Point(x=p, y=1 - p) for p in INVENTS]),
                    Curve(title="theory: not twice", theory=True, points=[Point(x=p, y=1 - p * p) for p in INVENTS]),
                ],
            )
        ],
        claims=[
            Claim(
                text="Every reference in a held answer opens an article that was shown",
                seen=f"{sum(_invented(one, texts)[0] for one in checked)} invented ones in {len(checked) * n:,} answers; "
                f"{_share(*_invented(raw, texts))} as the model writes it",
                holds=not any(_invented(one, texts)[0] for one in checked) and _invented(raw, texts)[0] > 0,
            ),
            Claim(
                text="Every statement is borne out by the article that it names",
                seen=_share(*_borne_out(found[ARMS[2], INVENTS[-1]], texts)),
                holds=len(set(_borne_out(found[ARMS[2], INVENTS[-1]], texts))) == 1,
            ),
            Claim(
                text="Mending once wins back what was left out, as often as the second try is not invented too",
                seen=f"{_share(right[ARMS[3]][-1], n)} right, {_share(right[ARMS[2]][-1], n)} without",
                holds=_near(right[ARMS[3]][-1], n, 1 - INVENTS[-1] ** 2)
                and _near(right[ARMS[2]][-1], n, 1 - INVENTS[-1]),
            ),
            Claim(
                text="Of drugs that no article names nothing is said",
                seen=f"{sum(silent)} of {unknown * len(silent):,} not answered",
                holds=all(one == unknown for one in silent),
            ),
            Claim(
                text="Articles that only name the drug are screened out",
                seen=f"{screened} of {n} answers from one relevant article, {once.calls / (n + unknown):.1f} calls a question",
                holds=screened == n and right[ARMS[0]][0] == n,
            ),
        ],
        limits=(
            "The simulated model judges relevance by the drug's name and dose and cites one article a statement. How often a real "
            "model invents references, and how well it screens, is for a study on real articles."
        ),
    )


def _near(part: int, of: int, theory: float) -> bool:
    ends, _ = interval_of_proportion(part, of)
    return bool(ends.low <= theory <= ends.high or abs(part / of - theory) < 0.05)


def _curve(title: str, held: Sequence[int], of: int) -> Curve:
    points = []
    for knob, part in zip(INVENTS, held, strict=True):
        ends, _ = interval_of_proportion(part, of)
        points.append(Point(x=knob, y=part / of, low=ends.low, high=ends.high))
    return Curve(title=title, points=points)


def _share(part: int, of: int) -> str:
    if not of:
        return "none"
    ends, _ = interval_of_proportion(part, of)
    return f"{100 * part / of:.1f} % ({100 * ends.low:.1f} to {100 * ends.high:.1f})"
