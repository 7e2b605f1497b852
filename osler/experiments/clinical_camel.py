"""Clinical Camel's point: the same facts as plain text, as questions, or as dialogue, asked for in dialogue."""

from __future__ import annotations

from osler.core.block import replace
from osler.experiments.dialogue_arms import Values, better, figure, gain, limited, right, seeds, shorter, table, texts
from osler.experiments.outcome import Claim, Outcome, Setting
from osler.recipes.models.clinical_camel import TINY
from osler.tuning.dialogue.conversation import Conversation
from osler.tuning.dialogue.encoded_facts import EncodedFacts, Form
from osler.tuning.dialogue.mixture import MixedConversations

TITLE = "Facts are best recalled in the form in which they were learnt"
SOURCE = "Clinical Camel, Toma et al. 2023, arXiv:2305.12031"
PLAIN = (
    "Small models read the same made-up facts as plain text, as single questions, or as conversations, and were asked for them "
    "in a conversation. What was learnt as conversation should come back best."
)
FORMS: dict[str, Form] = {"plain text": "text", "questions": "questions", "dialogue": "dialogue"}


def data(form: Form, seed: int) -> MixedConversations:
    """Dialogues on ten diseases for all, and the facts of ten others in one form."""
    known, facts = TINY.data.parts
    each = 4 * facts.each if form == "text" else facts.each
    parts = (replace(known, seed=seed), replace(facts, form=form, each=each, seed=seed))
    # Every row of both parts is wanted, so the ratios are the sizes.
    mixed: MixedConversations = replace(TINY.data, parts=parts)
    return replace(mixed, ratios=tuple(float(len(part.conversations())) for part in parts))


async def run(setting: Setting) -> Outcome:
    found: dict[str, Values] = {name: [] for name in FORMS}
    cases: list[Conversation] = []
    for seed in seeds(setting):
        cases = _cases(seed)
        for name, form in FORMS.items():
            stage = shorter(replace(TINY, data=data(form, seed)), setting, 60)
            found[name].append(right(cases, await texts(stage, cases, seed=seed, max_tokens=6)))
    over_text = gain(found["plain text"], found["dialogue"])
    over_questions = gain(found["questions"], found["dialogue"])
    asked = gain(found["plain text"], found["questions"])
    return Outcome(
        setup=(
            "Decoders with 0.09 million weights from scratch, 3 trainings each. All learn dialogues on ten made-up diseases, so that all "
            "know the form, and the organ, test, drug and dangerous drug of ten others in one of three forms, for as many steps of as "
            f"many tokens. Then {len(cases)} facts of these ten are asked for in a conversation, after another question; the whole answer must be right."
        ),
        tables=[
            table("Right answers in dialogue", "facts learnt as", ("right",), {name: (found[name],) for name in FORMS})
        ],
        figures=[figure("Right answers in dialogue", "right", list(FORMS), {"right": [found[name] for name in FORMS]})],
        claims=[
            Claim(text="Dialogue is recalled better than plain text", seen=over_text.told(), holds=better(over_text)),
            Claim(
                text="Dialogue is recalled better than single questions, too",
                seen=over_questions.told(),
                holds=better(over_questions),
            ),
            Claim(text="Questions are recalled better than plain text", seen=asked.told(), holds=better(asked)),
        ],
        limits=limited(
            "Only recall in the form of dialogue is asked for, as in the idea of the method; a test in plain text would favour plain text. "
            "Templates write the dialogues, so nothing a teacher adds or gets wrong is in them. The text arm learns each token, "
            "the others the replies alone.",
            setting,
        ),
    )


def _cases(seed: int) -> list[Conversation]:
    """Each fact of the ten diseases once, after the greeting and one other exchange of the same conversation."""
    facts: EncodedFacts = replace(TINY.data.parts[1], form="dialogue", each=1, seed=1000 + seed)
    made = []
    for one in facts.conversations():
        for at in range(5, len(one.turns), 2):
            made.append(one._replace(id=f"{one.id}-{at}", turns=(*one.turns[:2], *one.turns[at - 3 : at + 1])))
    return made
