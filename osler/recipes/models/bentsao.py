"""BenTsao, formerly HuaTuo, a model tuned on a knowledge graph (Wang et al. 2023, arXiv:2304.06975)."""

from osler.models.local import Local
from osler.tuning.dialogue.encoded_facts import EncodedFacts
from osler.tuning.dialogue.mixture import MixedConversations
from osler.tuning.dialogue.published import BenTsaoQuestions
from osler.tuning.dialogue.vocabulary import WordsOfStages
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.peft.lora import LoRA
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

RECIPE = SFT(
    base=Local(path="huggyllama/llama-7b"),
    data=BenTsaoQuestions(part="knowledge"),
    template="bentsao",
    learn="replies",
    length=256,
    adapter=LoRA(rank=8, alpha=16.0, dropout=0.05, targets=("q", "v")),
    schedule=Schedule(epochs=10.0, batch_rows=128, micro_tokens=8192, learning_rate=3e-4, weight_decay=0.0),
)
TINY = SFT(
    base=SFT(
        base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=48),
        data=MixedConversations(
            parts=(
                EncodedFacts(diseases=20, last=10, relations=("organ", "drug"), each=4),
                EncodedFacts(diseases=20, form="text", relations=("dose", "avoid", "alarm"), each=4),
            ),
        ),
        template="vicuna",
        tokenizer=WordsOfStages(
            data=(EncodedFacts(diseases=20, each=6), EncodedFacts(diseases=20, each=1, form="look_up")),
        ),
        length=48,
        schedule=Schedule(steps=120, batch_tokens=1024, learning_rate=5e-3, weight_decay=0.0, precision="float32"),
    ),
    data=EncodedFacts(diseases=20, first=10, relations=("organ", "drug"), each=4),
    length=48,
    adapter=LoRA(rank=16, alpha=32.0, dropout=0.0, targets="all"),
    schedule=Schedule(steps=300, batch_tokens=1024, learning_rate=4e-3, weight_decay=0.0, precision="float32"),
)
REPORTED = {"sus_safety": 2.88, "sus_usability": 2.12, "sus_smoothness": 2.47, "sus_usability_llama": 1.21}
DIFFERS = (
    "four fifths of the published 8,658 questions are learnt; the others are kept for validation and test",
    "new questions are made with the block GraphQuestions from any knowledge graph; CMeKG itself is not in the data folder",
    "the scales of safety, usability and smoothness (1 to 3, five people) and their values are recalled",
    "the wording of the template is recalled",
)
