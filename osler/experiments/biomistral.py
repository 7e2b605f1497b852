"""BioMistral's merges at toy size: what going on with medical text loses, what merging gives back, and fewer bits."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from osler.core.block import block
from osler.data.generated.invented_clinic import clinic, facts, question, sentence
from osler.experiments.measure import Gain
from osler.experiments.outcome import Claim, Figure, Outcome, Setting, TableOf
from osler.experiments.pretraining import claim, curve, lower, mean_told, no_gain, over_seeds, schedule, told
from osler.experiments.seeds import gain_over_seeds
from osler.models.quantised_folder import network_of
from osler.tuning.arithmetic.dare import Dare
from osler.tuning.arithmetic.linear import LinearMerge
from osler.tuning.arithmetic.merged import Merged
from osler.tuning.arithmetic.quantised import Precision, Quantised
from osler.tuning.arithmetic.slerp import Slerp
from osler.tuning.arithmetic.ties import Ties
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.pretrain_figures import perplexity
from osler.tuning.tokenizers.symbols import Words

TITLE = "Going on with medical text forgets, and merging with the old weights brings part of it back"
SOURCE = "BioMistral, Labrak et al. 2024, arXiv:2402.10373, at the size of a toy on two invented medicines"
PLAIN = (
    "A language model that is taught a field forgets part of what it knew. Its weights were then mixed with those from before, "
    "and it was counted what came back and what was lost."
)
GENERAL, MEDICAL = 0, 1  # which of the invented medicines is the earlier knowledge, which the field
BEFORE, AFTER, CURVES, TIES, DARE = "before", "after medical text", "SLERP, its curves", "TIES", "DARE-TIES"
BITS: Mapping[str, tuple[Precision, int]] = {
    "int8, groups of 32": ("int8", 32),
    "int4, groups of 32": ("int4", 32),
    "int4, one scale for each row": ("int4", 0),
    "nf4": ("nf4", 0),
}


@block
class WordsOfAll:
    """The words of ``corpora``, whatever texts they are asked for: models that are to be merged share their vocabulary."""

    corpora: tuple[Corpus, ...] = (Invented(seed=0), Invented(seed=1))

    def trained(self, texts: Corpus | Iterable[Text | str]) -> Any:
        return Words(kind="decoder").trained(one for corpus in self.corpora for one in corpus.texts())


class Cases(NamedTuple):
    """Sentences of which one in each group is true: ``texts``, the group's ``starts`` and the place of the true one."""

    texts: list[str]
    starts: list[int]
    right: list[int]


class Seen(NamedTuple):
    """Right answers on both worlds, one value for each case, and what the folder says of itself."""

    general: list[float]
    medical: list[float]
    about: Mapping[str, Any]
    slower: float

    @property
    def mixed(self) -> list[float]:
        return self.general + self.medical


async def run(setting: Setting) -> Outcome:
    diseases = 6 if setting.quick else 12
    arms, ts = stages(setting.quick, diseases)
    cases = [cases_of(world, diseases) for world in (GENERAL, MEDICAL)]

    def look(name: str, folder: Path, seed: int) -> Seen:
        first, second = answered(folder, cases)
        about = orjson.loads((folder / "training.json").read_bytes())["about"]
        slower = slowed(folder, BITS[name][0]) if name in BITS and seed == setting.seed else 0.0
        return Seen(first, second, about, slower)

    found = await over_seeds(arms, look, seed=setting.seed)
    general = {name: [one.general for one in held] for name, held in found.items()}
    medical = {name: [one.medical for one in held] for name, held in found.items()}
    mixed = {name: [one.mixed for one in held] for name, held in found.items()}
    return Outcome(
        setup=(
            f"Two invented medicines of {diseases} diseases stand for general and for medical knowledge. A decoder of 2 layers of "
            "width 64 learns the first; its training goes on with the second alone, as BioMistral's went on with articles. The two "
            "models are merged: on the line (linear) and on the arc (SLERP) between them, by BioMistral's courses of t over the "
            "blocks, by TIES and by DARE-TIES with density and share 0.5. Each model chooses, of four sentences that differ in one "
            f"word, the one it finds likeliest: {len(cases[0].right)} cases of the first and {len(cases[1].right)} of the second "
            "medicine, 25 % by chance, 3 trainings each. The model after medical text is also held in fewer bits."
        ),
        tables=[merges(general, medical, mixed, ts), bits(found, mixed)],
        figures=[
            Figure(
                title="From the model before (t = 0) to the model after medical text (t = 1)",
                x_title="t",
                y_title="right answers",
                curves=[
                    curve(f"{title}, {kind}", {t: of[arm(kind, t)] for t in (0.0, *ts, 1.0)})
                    for title, of in (("general", general), ("medical", medical), ("both", mixed))
                    for kind in (("linear", "SLERP") if title == "both" else ("linear",))
                ],
                about="With 95 % intervals over trainings and cases.",
            )
        ],
        claims=claims(found, general, medical, mixed),
        limits=(
            "The general and the medical model share no facts, and both are tiny: a toy's weights are filled to the brim, where a "
            "large model changes little. BioMistral's base knew medicine before. The merged models are not tuned further. The "
            "course of t for feed-forward layers is the public example. A first run with fewer steps (150 and 75 in place of 250 each) taught "
            "little medicine, 37 % right, and was replaced; all claims but the price, which was added later, came out the same. Time is that of this processor and of layers of width 64."
        ),
    )  # fmt: skip


def stages(quick: bool, diseases: int) -> tuple[dict[str, Any], tuple[float, ...]]:
    """All models by name, and the values of t between the two parents."""
    worlds = [Invented(diseases=diseases, each=8, seed=world) for world in (GENERAL, MEDICAL)]
    tokens = 1024 if quick else 2048
    form: dict[str, Any] = {"objectives": (NextToken(),), "length": 128, "held_out": 0.0}
    before = Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=128),
        data=worlds[GENERAL],
        tokenizer=WordsOfAll(corpora=tuple(worlds)),
        schedule=schedule(28 if quick else 250, tokens=tokens),
        **form,
    )
    after = Pretrain(
        base=before,
        data=worlds[MEDICAL],
        schedule=schedule(28 if quick else 250, tokens=tokens, rate=2e-3),
        **form,
    )
    ts = (0.5,) if quick else (0.1, 0.25, 0.5, 0.75, 0.9)
    pair = (before, after)
    line = {arm("linear", t): Merged(models=pair, method=LinearMerge(shares=(1 - t, t))) for t in ts}
    arc = {arm("SLERP", t): Merged(models=pair, method=Slerp(attention=(t,), feed_forward=(t,), rest=t)) for t in ts}
    named = {
        CURVES: Merged(models=pair, method=Slerp()),
        TIES: Merged(base=before, models=(after,), method=Ties(density=0.5, shares=(0.5,))),
        DARE: Merged(base=before, models=(after,), method=Dare(density=0.5, shares=(0.5,))),
    }
    held = {name: Quantised(base=after, precision=kind, group=group) for name, (kind, group) in BITS.items()}
    return {BEFORE: before, AFTER: after, **line, **arc, **named, **held}, ts


def arm(kind: str, t: float) -> str:
    """The name of the merge at ``t``; its ends are the parents."""
    return BEFORE if t == 0 else AFTER if t == 1 else f"{kind}, t = {t:g}"


def cases_of(world: int, diseases: int) -> Cases:
    """Every fact of a medicine among three that are not true; facts on words of both medicines are left out."""
    known, other = clinic(diseases, seed=world), clinic(diseases, seed=1 - world)
    shared = {name for one in other for name in (one.name, one.drug)}
    found = Cases([], [], [])
    draw = random.Random(f"merge {world}")
    for fact in (fact for one in known for fact in facts(one) if fact.head not in shared):
        asked = question(fact, known, draw)
        wording = draw.random()
        found.starts.append(len(found.texts))
        found.right.append(asked.answer)
        found.texts.extend(sentence(fact._replace(tail=tail), random.Random(wording)) for tail in asked.options)
    return found


def answered(folder: Path, cases: Sequence[Cases]) -> list[list[float]]:
    """For each set of cases 1 where the true sentence is the one that the model finds the likeliest, else 0."""
    sums = perplexity(folder, [text for one in cases for text in one.texts], length=64).sums
    found, at = [], 0
    for one in cases:
        held = sums[at : at + len(one.texts)]
        ends = [*one.starts[1:], len(one.texts)]
        groups = zip(one.starts, ends, one.right, strict=True)
        found.append([float(int(held[start:end].argmin()) == right) for start, end, right in groups])
        at += len(one.texts)
    return found


def slowed(folder: Path, kind: str) -> float:
    """Time of a pass with weights that stay packed and are made whole layer by layer, over that of whole weights; the
    median of alternating passes in this process."""
    import copy

    import torch
    import transformers

    from osler.models.adapter_quantised_layers import Quantised as Layer

    whole = network_of(transformers.AutoModelForCausalLM, folder, dtype=torch.float32, local_files_only=True).eval()
    packed = copy.deepcopy(whole)
    for name, module in list(packed.model.named_modules()):
        if isinstance(module, torch.nn.Linear):
            above, _, leaf = name.rpartition(".")
            setattr(packed.model.get_submodule(above), leaf, Layer(module, kind))
    ids = torch.arange(16 * 64).reshape(16, 64) % whole.config.vocab_size
    spent: dict[bool, list[float]] = {False: [], True: []}
    with torch.inference_mode():
        for turn in range(14):
            network = packed if turn % 2 else whole
            started = time.perf_counter()
            network(input_ids=ids)
            spent[bool(turn % 2)].append(time.perf_counter() - started)
    return statistics.median(spent[True][1:]) / statistics.median(spent[False][1:])


def merges(general: Any, medical: Any, mixed: Any, ts: Sequence[float]) -> TableOf:
    names = [BEFORE, *(arm(kind, t) for kind in ("linear", "SLERP") for t in ts), CURVES, TIES, DARE, AFTER]
    return TableOf(
        title="Merged models",
        columns=("model", "general", "medical", "both", "general, more than after medical text", "both, more than the better parent"),
        rows=[
            [
                name,
                *(mean_told(of[name], share=True) for of in (general, medical, mixed)),
                "" if name in (BEFORE, AFTER) else told(gain_over_seeds(general[AFTER], general[name])),
                "" if name in (BEFORE, AFTER) else told(smaller_gain(mixed, name)),
            ]
            for name in names
        ],
        about="Shares of right answers with 95 % intervals over trainings and cases.",
    )  # fmt: skip


def smaller_gain(mixed: Any, name: str) -> Gain:
    """What a merged model gains over the parent that it gains less over."""
    return min((gain_over_seeds(mixed[parent], mixed[name]) for parent in (BEFORE, AFTER)), key=lambda one: one.value)


def bits(found: Mapping[str, Sequence[Seen]], mixed: Any) -> TableOf:
    first = found[next(iter(BITS))][0].about
    rows = [["float32", f"{first['bytes_before'] / 1000:.0f}", "32", "0", mean_told(mixed[AFTER], share=True), "", "1"]]
    for name in BITS:
        about, seen = found[name][0].about, found[name]
        rows.append([
            name,
            f"{about['bytes'] / 1000:.0f}",
            f"{about['bits_per_weight']:.2f}",
            f"{100 * statistics.fmean(one.about['relative_error'] for one in seen):.2f} %",
            mean_told(mixed[name], share=True),
            told(gain_over_seeds(mixed[AFTER], mixed[name])),
            f"{seen[0].slower:.1f}",
        ])  # fmt: skip
    return TableOf(
        title="The model after medical text in fewer bits",
        columns=("held in", "kB on disk", "bits of a weight", "error", "both, right", "change", "time if kept packed"),
        rows=rows,
        about=(
            "Error: root mean square of what rounding moved, over that of the weights. Made whole when it is loaded, a model is asked "
            "with float32 weights and so takes their time. The last column is the time of a pass over that where layers stay packed in "
            "memory (one scale for each row) and are made whole when used: the median of alternating passes of one model, rough on a "
            "busy machine. Fewer bits save space here; for time, kernels that multiply them would be needed."
        ),
    )  # fmt: skip


def claims(found: Mapping[str, Sequence[Seen]], general: Any, medical: Any, mixed: Any) -> list[Claim]:
    error = {name: [[one.about["relative_error"]] for one in found[name]] for name in BITS}
    eight, four, rows, _ = BITS
    return [
        claim("Going on with medical text forgets general knowledge", lower(general[BEFORE], general[AFTER])),
        claim("SLERP by its curves brings back part of it", gain_over_seeds(general[AFTER], general[CURVES])),
        claim("DARE-TIES brings back part of it", gain_over_seeds(general[AFTER], general[DARE])),
        claim("The price: SLERP by its curves knows less medicine", lower(medical[AFTER], medical[CURVES])),
        claim("SLERP knows more of both than the better parent", smaller_gain(mixed, CURVES)),
        claim("DARE-TIES knows more of both than the better parent", smaller_gain(mixed, DARE)),
        claim("DARE-TIES is the best merge: better than SLERP", gain_over_seeds(mixed[CURVES], mixed[DARE])),
        no_gain("8 bits lose less than 2 points", lower(mixed[AFTER], mixed[eight]), margin=0.02),
        claim("Groups of 32 round with less error than rows, in 4 bits", lower(error[rows], error[four]), "of the weights"),
    ]  # fmt: skip
