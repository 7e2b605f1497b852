"""Med-PaLM, instruction prompt tuning of a frozen model (Singhal et al. 2023, arXiv:2212.13138)."""

from osler.models.local import Local
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedQuestions
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.peft.prompt_tuning import PromptTuning
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT
from osler.tuning.tokenizers.symbols import Words

RECIPE = SFT(
    base=Local(path="meta-llama/Llama-2-70b-chat-hf"),
    data=ConversationFiles(paths=("exemplars.jsonl",)),
    adapter=PromptTuning(length=100, start="uniform", spread=0.5),
    learn="replies",
    length=2048,
    schedule=Schedule(
        steps=200, batch_rows=32, learning_rate=3e-3, warm_up=0.0, decay="constant", weight_decay=1e-5, clip=0.0
    ),
)
TINY = SFT(
    base=SFT(
        base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=64),
        data=InventedQuestions(diseases=12, each=2),
        tokenizer=Words(kind="decoder"),
        length=40,
        schedule=Schedule(steps=300, batch_rows=64, learning_rate=5e-3, weight_decay=0.0, precision="float32"),
    ),
    data=InventedQuestions(diseases=12, each=1, relations=("drug", "test"), seed=1),
    adapter=PromptTuning(length=20),
    length=40,
    schedule=Schedule(steps=60, batch_rows=32, learning_rate=3e-2, weight_decay=0.0, precision="float32"),
)
REPORTED = {
    "medqa": 67.6,
    "medmcqa": 57.6,
    "pubmedqa": 79.0,
    "consensus with science, Flan-PaLM": 61.9,
    "consensus with science, Med-PaLM": 92.6,
    "consensus with science, clinicians": 92.9,
    "possible harm, Flan-PaLM": 29.7,
    "possible harm, Med-PaLM": 5.9,
}
DIFFERS = (
    "the base of the paper is Flan-PaLM 540B, which is not public; a public chat model stands in its place",
    "the 40 exemplars that clinicians wrote are not public; the file named here is yours to give",
    "clinicians picked the checkpoint among learning rates of 0.001, 0.003 and 0.01 and weight decays of 1e-3 and 1e-5",
    "that the rate was constant and gradients not clipped is not published",
    "the figures on multiple choice are those of prompting; only the ratings of long answers are of the tuned prompt",
    "another count of exemplars, 65, circulates for the journal version [R]",
)
