"""ChatDoctor's point: a model tuned on doctors' replies answers as they do, about the diseases that it met in them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

from osler.core.block import replace
from osler.data.generated.invented_clinic import clinic
from osler.experiments.dialogue_arms import Values, better, figure, gain, limited, right, seeds, shorter, table, texts
from osler.experiments.outcome import Claim, Outcome, Setting
from osler.recipes.models.chatdoctor import TINY
from osler.tuning.dialogue.conversation import Conversation
from osler.tuning.dialogue.invented import InventedDialogues
from osler.tuning.sft import SFT

TITLE = "Tuning on doctors' replies teaches their answers, not those about diseases they never named"
SOURCE = "ChatDoctor, Li et al. 2023, arXiv:2303.14070"
PLAIN = (
    "Small models learnt general instructions, doctors' replies, or one after the other. They were asked new complaints about "
    "diseases that the doctors had met, and about diseases that they had not."
)
ARMS = ("instructions", "replies", "instructions, then replies")
CONSTANT = "one drug for all"
KNOWN = 12


async def run(setting: Setting) -> Outcome:
    known: dict[str, Values] = {arm: [] for arm in (CONSTANT, *ARMS)}
    whole: dict[str, Values] = {arm: [] for arm in known}
    unknown: dict[str, Values] = {arm: [] for arm in known}
    size = 0
    for seed in seeds(setting):
        cases = _cases(seed, 2 if setting.quick else 6)
        size = len(cases)
        met = [at for at, one in enumerate(cases) if int(one.of[0].removeprefix("disease:d")) < KNOWN]
        new = [at for at in range(size) if at not in set(met)]
        known[CONSTANT].append(_constant([cases[at] for at in met]))
        whole[CONSTANT].append([0.0] * len(met))
        unknown[CONSTANT].append([0.0] * len(new))
        with tempfile.TemporaryDirectory() as shelf:
            for arm, stage in _arms(setting).items():
                said = await texts(stage, cases, seed=seed, shelf=shelf)
                drug = [
                    float(bool(_drugs(one, at in set(met)) & set(text.split())))
                    for at, (one, text) in enumerate(zip(cases, said, strict=True))
                ]
                same = right(cases, said)
                known[arm].append([drug[at] for at in met])
                whole[arm].append([same[at] for at in met])
                unknown[arm].append([drug[at] for at in new])
    tuned = gain(known[CONSTANT], known["instructions, then replies"])
    first = gain(known["replies"], known["instructions, then replies"])
    beyond = gain(_means(unknown["instructions, then replies"]), _means(known["instructions, then replies"]))
    return Outcome(
        setup=(
            "Decoders with 0.09 million weights, 3 trainings each. The general instructions ask for single facts of 16 made-up "
            f"diseases; the doctors' replies (120) name disease, dose and drug to a complaint, for {KNOWN} of them. "
            f"Then each model gets {size} new complaints, about all 16."
        ),
        tables=[
            table(
                "The right drug in the reply",
                "learnt",
                ("diseases of the replies: drug", "the same words as the doctor", "other diseases: drug"),
                {arm: (known[arm], whole[arm], unknown[arm]) for arm in known},
                about=(
                    "95 % intervals over trainings and cases. A drug is right if it is that of one of these diseases with the sign. One drug for all "
                    "is the best that a reply can be which does not heed the complaint."
                ),
            )
        ],
        figures=[
            figure(
                "The right drug in the reply",
                "replies with the right drug",
                list(known),
                {
                    "diseases of the replies": [known[arm] for arm in known],
                    "other diseases": [unknown[arm] for arm in known],
                },
            )
        ],
        claims=[
            Claim(
                text="A model of general instructions tuned on doctors' replies heeds the complaint: it beats one drug for all",
                seen=tuned.told(),
                holds=better(tuned),
            ),
            Claim(
                text="General instructions first help over the replies alone",
                seen=first.told(),
                holds=better(first),
            ),
            Claim(
                text="Diseases outside the replies stay behind: they need looking up, ChatDoctor's knowledge brain",
                seen=beyond.told(),
                holds=better(beyond),
            ),
        ],
        limits=limited(
            "Instructions on all diseases were learnt, so the others' drugs stood in the first stage, but their signs stood nowhere: that a model "
            "cannot treat them is a check of the set-up rather than a finding. The paper's own figure, 0.4 points "
            "of BERTScore over ChatGPT, is on real questions and not repeated; whether replies are safe is not looked at. Changed after a first look: more and smaller steps, since "
            "every model gave one and the same reply to all; and the comparison with one drug for all.",
            setting,
        ),
    )


def _arms(setting: Setting) -> dict[str, SFT]:
    two = shorter(replace(TINY, base=shorter(TINY.base, setting, 40)), setting, 40)
    alone = replace(two, base=two.base.base, tokenizer=two.base.tokenizer)
    return {"instructions": two.base, "replies": alone, "instructions, then replies": two}


def _cases(seed: int, each: int) -> Sequence[Conversation]:
    return InventedDialogues(diseases=16, each=each, asks=0.0, seed=1000 + seed).conversations()


def _drugs(case: Conversation, known: bool) -> set[str]:
    """The drugs of all diseases, of the replies or of the others, that have the sign of the complaint."""
    said = set(case.turns[0].text.split())
    made_up = clinic(16)
    return {one.drug for one in (made_up[:KNOWN] if known else made_up[KNOWN:]) if said & set(one.symptoms)}


def _constant(cases: Sequence[Conversation]) -> list[float]:
    """1 where the drug that is right most often is right."""
    rows = [[float(one.drug in _drugs(case, True)) for case in cases] for one in clinic(16)[:KNOWN]]
    return max(rows, key=sum)


def _means(values: Values) -> Values:
    """One value for each training: two sets of other cases are compared training by training."""
    return [[sum(row) / len(row)] for row in values]
