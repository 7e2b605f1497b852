"""De-identification by rewriting: what the published measure sees, and what leak and retention see, of known systems."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import orjson

from osler.core.block import replace
from osler.core.statistics.proportion import interval_of_proportion
from osler.core.types import Example, Prediction
from osler.evaluation.metrics.structure import spans
from osler.evaluation.metrics.structure.deidentification import LeakPerDocument
from osler.experiments.measure import ask
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated_redactor import SimulatedRedactor
from osler.recipes.systems.deid_gpt import RECIPE
from osler.tasks.template import Template

TITLE = "A de-identified note must be judged by what leaks and by what is kept"
SOURCE = "DeID-GPT, Liu et al. 2023, arXiv:2303.11032; its measure as the released code computes it"
PLAIN = (
    "A note can do well on the published measure and still name the patient: what leaks and what is kept "
    "must be counted apart."
)
TASK = Template(
    title="Made-up notes with known identifiers",
    capability="structurization",
    question="{text}",
    schema={"type": "object", "properties": {"entities": {"type": "array"}}},
)
PER_NOTE, STANDING = 8, 2  # identifiers of a note, and those of them that stand alone between two spaces
LEAKS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.4)
UNTOUCHED, EMPTIED, CAREFUL = "nothing done", "everything masked", "careful (2 % missed)"
FITTED, EAGER, BLIND = (
    "masks only what that measure sees",
    "overeager (40 % of other words)",
    "half of all words at random",
)
_FINDINGS = (
    "Blood pressure 132/78, pulse regular at 74 a minute.",
    "Creatinine was 1.4 mg/dl and potassium 4.9 mmol/l.",
    "Lungs clear, no oedema, abdomen soft without tenderness.",
    "Metformin 500 mg twice daily was continued; ramipril was stopped for cough.",
    "The electrocardiogram showed sinus rhythm without ischaemia.",
    "Chest radiograph without infiltrate, heart not enlarged.",
)


@dataclasses.dataclass(frozen=True)
class Judged:
    """What each measure says of one system. Shares; ``left`` and ``documents`` with their counts for intervals."""

    published: float
    left: float
    documents: float
    tokens: float
    kept: float
    notes: int


async def run(setting: Setting) -> Outcome:
    notes = written(setting.cases(320), setting.seed)
    every = SimulatedRedactor(seed=setting.seed).keyed(notes, lettered=False)
    seen = [dataclasses.replace(note, target=_listed(_standing(note))) for note in notes]
    none = [dataclasses.replace(note, target=_listed([])) for note in notes]
    systems = {
        UNTOUCHED: replace(every, leak=1.0),
        EMPTIED: replace(every, over=1.0),
        CAREFUL: replace(every, leak=0.02, over=0.01),
        FITTED: every.keyed(seen, lettered=False),
        EAGER: replace(every, leak=0.02, over=0.4),
        BLIND: replace(every.keyed(none, lettered=False), over=0.5),
    }
    found = {name: await _judged(model, notes, setting.seed) for name, model in systems.items()}
    swept = [await _judged(replace(every, leak=leak), notes, setting.seed) for leak in LEAKS]
    return Outcome(
        setup=(
            f"{len(notes)} made-up notes with {PER_NOTE} identifiers each, {STANDING} of which are one word between two "
            "spaces; the others have several words or a stop or bracket beside them. A simulated model knows the "
            "identifiers, leaves some, and masks other words, with planted probabilities; the strategy, its instruction and "
            "the reading of the rewritten note are those of the recipe."
        ),
        tables=[_table(found)],
        figures=[_trade(found), _documents(swept)],
        claims=[*_of_published(found, len(notes)), *_of_pair(found), _of_documents(swept)],
        limits=(
            "The identifiers are made up and the model knows them: this tests measures, not models. Real notes name people "
            "in ways that no list of spans holds (a rare disease, a profession, a story), and no measure here sees those."
        ),
    )


def published(identifiers: Sequence[str], text: str) -> tuple[int, int]:
    """Leaked and all identifiers of a note as the released code counts them.

    An identifier has leaked where its whole text is one of the pieces that the rewritten note falls into at white space.
    """
    wanted = set(identifiers)
    return len(wanted & set(text.split())), len(wanted)


def written(n: int, seed: int) -> list[Example]:
    """``n`` notes; the target lists their identifiers with their places."""
    rng = random.Random(f"notes/{seed}")
    return [_note(at, rng) for at in range(n)]


def _note(at: int, rng: random.Random) -> Example:
    person, other, town, house = (_name(rng) for _ in range(4))
    name = f"{person} {_name(rng)}"
    day = f"{rng.randint(1, 12):02}/{rng.randint(1, 28):02}/{rng.randint(2015, 2024)}"
    phone = f"555 {rng.randint(1000, 9999)} {rng.randint(100, 999)}"
    mail = f"{person.lower()}@{house.lower()}.example"
    number = str(rng.randint(1_000_000, 9_999_999))
    findings = rng.sample(_FINDINGS, 4)
    said = (
        ("", name), (" came on ", day), (", file ", number), (" of the ward, brought from ", town),
        (" by ambulance. " + " ".join(findings[:2]) + " Referred by Dr. ", other), (", clinic of ", f"St. {house}"),
        (". " + " ".join(findings[2:]) + " Relatives: ", phone), (" (", mail),
    )  # fmt: skip
    text, held = "", []
    for before, what in said:
        text += before
        held.append({"start": len(text), "end": len(text) + len(what), "text": what, "type": "PHI"})
        text += what
    return Example(id=f"n{at}", input={"text": f"{text}). Seen again in two weeks."}, target=_listed(held))


def _name(rng: random.Random) -> str:
    return "".join(rng.choice("bdfgklmnrstvz") + rng.choice("aeiou") for _ in range(4)).capitalize()


def _listed(items: Sequence[object]) -> str:
    return orjson.dumps({"entities": list(items)}).decode()


def _standing(note: Example) -> list[dict[str, object]]:
    pieces = set(str(note.input["text"]).split())
    return [item for item in orjson.loads(note.target)["entities"] if item["text"] in pieces]


async def _judged(model: SimulatedRedactor, notes: Sequence[Example], seed: int) -> Judged:
    found = (await ask(RECIPE, model, TASK, notes, seed=seed)).predictions
    leaked = total = left = tokens_left = tokens = kept = others = 0
    documents = 0.0
    for note, one in zip(notes, found, strict=True):
        names = [str(item["text"]) for item in orjson.loads(note.target)["entities"]]
        counted, of = published(names, one.rationale)
        leaked, total = leaked + counted, total + of
        left += sum(name in one.rationale for name in names)
        documents += LeakPerDocument().score(note, one).value or 0.0
        here = _tokens(note, one)
        tokens_left, tokens, kept, others = tokens_left + here[0], tokens + here[1], kept + here[2], others + here[3]
    n = len(notes)
    return Judged(1 - leaked / total, left / total, documents / n, tokens_left / tokens, kept / others, n)


def _tokens(note: Example, found: Prediction) -> tuple[int, int, int, int]:
    """Words of identifiers that are left, and all; other words that are kept, and all."""
    text = str(note.input["text"])
    places = [place for place in spans.tokens(text) if text[place[0]].isalnum()]

    def of(answer: str) -> set[int]:
        return {at for at, _ in spans.marked(places, spans.read(spans.items(answer) or [], text, align=False))}

    private, hidden = of(note.target), of(found.answer or _listed([]))
    return len(private - hidden), len(private), len(places) - len(private | hidden), len(places) - len(private)


def _table(found: dict[str, Judged]) -> TableOf:
    return TableOf(
        title="Six systems by five measures",
        columns=(
            "system",
            "published accuracy",
            "identifiers left whole",
            "their words left",
            "notes that leak",
            "other words kept",
        ),
        rows=[
            [
                name,
                *(f"{100 * value:.1f} %" for value in (one.published, one.left, one.tokens, one.documents, one.kept)),
            ]
            for name, one in found.items()
        ],
        about="Published accuracy: 1 - leaked / all. High is good for it and for the last column, low for the three between.",
    )


def _trade(found: dict[str, Judged]) -> Figure:
    blind = [Point(x=10 * at, y=at / 10) for at in range(11)]
    measured = [
        Curve(title=name, joined=False, points=[Point(x=100 * one.tokens, y=one.kept)]) for name, one in found.items()
    ]
    return Figure(
        title="Leak against retention",
        x_title="words of identifiers left, percent",
        y_title="other words kept",
        curves=[*measured, Curve(title="theory: masking words at random", theory=True, points=blind)],
        about="A useful system stands at the top left. On the dashed line stands whoever masks without looking.",
    )


def _documents(swept: Sequence[Judged]) -> Figure:
    measured, theory = [], []
    for leak, one in zip(LEAKS, swept, strict=True):
        ends, _ = interval_of_proportion(round(one.documents * one.notes), one.notes)
        measured.append(Point(x=100 * leak, y=one.documents, low=ends.low, high=ends.high))
        theory.append(Point(x=100 * leak, y=any_left(leak)))
    return Figure(
        title=f"A note has {PER_NOTE} identifiers: few misses make many notes that leak",
        x_title="identifiers missed, percent (log scale)",
        y_title="notes that leak",
        scale="log",
        curves=[
            Curve(title="notes with an identifier left", points=measured),
            Curve(title=f"theory: 1 - (1 - miss)^{PER_NOTE}", theory=True, points=theory),
        ],
    )


def any_left(leak: float) -> float:
    """Probability that a note leaks where each of its identifiers is left with probability ``leak`` on its own."""
    return 1.0 - (1.0 - leak) ** PER_NOTE


def _of_published(found: dict[str, Judged], notes: int) -> list[Claim]:
    untouched, fitted = found[UNTOUCHED], found[FITTED]
    blind_spot = 1 - STANDING / PER_NOTE
    return [
        Claim(
            text=f"The published measure gives an untouched note {blind_spot:g}: it cannot see what is not one piece between spaces",
            seen=f"accuracy {untouched.published:.3f} where {100 * untouched.left:.0f} % of the identifiers are left",
            holds=abs(untouched.published - blind_spot) < 1e-9 and untouched.left == untouched.tokens == 1.0,
        ),
        Claim(
            text="A system can be perfect by the published measure and leak in every note",
            seen=f"'{FITTED}': accuracy {fitted.published:.3f}, {100 * fitted.left:.0f} % of identifiers left, {100 * fitted.documents:.0f} % of {notes} notes leak",
            holds=fitted.published == 1.0 and fitted.documents == 1.0 and abs(fitted.left - blind_spot) < 1e-9,
        ),
    ]


def _of_pair(found: dict[str, Judged]) -> list[Claim]:
    emptied, careful, blind = found[EMPTIED], found[CAREFUL], found[BLIND]
    best = [name for name, one in found.items() if one.tokens < 0.05 and one.kept > 0.95]
    return [
        Claim(
            text="Leak alone cannot tell a careful system from an empty page: retention does",
            seen=(
                f"'{EMPTIED}': {100 * emptied.tokens:.1f} % leak, {100 * emptied.kept:.1f} % kept; "
                f"careful: {100 * careful.tokens:.1f} % leak, {100 * careful.kept:.1f} % kept"
            ),
            holds=emptied.tokens <= careful.tokens
            and emptied.published == 1.0
            and emptied.kept < 0.01 < 0.95 < careful.kept,
        ),
        Claim(
            text="Only the careful system leaks less than 5 % of words and keeps more than 95 % of the others",
            seen=", ".join(best) or "none does",
            holds=best == [CAREFUL],
        ),
        Claim(
            text="Masking words at random keeps the same share of identifiers as of other words",
            seen=f"{100 * blind.tokens:.1f} % of words of identifiers and {100 * blind.kept:.1f} % of the others",
            holds=abs(blind.tokens - blind.kept) < 0.05,
        ),
    ]


def _of_documents(swept: Sequence[Judged]) -> Claim:
    off = [
        abs(one.documents - any_left(leak)) / (any_left(leak) * (1 - any_left(leak)) / one.notes) ** 0.5
        for leak, one in zip(LEAKS, swept, strict=True)
    ]
    at = LEAKS.index(0.02)
    return Claim(
        text=f"Notes that leak follow 1 - (1 - miss)^{PER_NOTE}: 2 % of identifiers missed is a leak in every seventh note",
        seen=f"{100 * swept[at].documents:.1f} % of notes (theory {100 * any_left(0.02):.1f} %); largest distance {max(off):.1f} standard errors",
        holds=max(off) < 3.5,
    )
