"""AlpaCare, a model tuned on diverse machine-made instructions (Zhang et al. 2023, arXiv:2310.14558)."""

from osler.models.local import Local
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented_tasks import InventedTasks
from osler.tuning.dialogue.vocabulary import WordsOfStages
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

RECIPE = SFT(
    base=Local(path="meta-llama/Llama-2-7b-hf"),
    data=ConversationFiles(paths=("MedInstruct-52k.jsonl",), made="GPT-4: self-instruct, gpt-3.5-turbo: answers"),
    template="alpaca",
    length=1024,
    schedule=Schedule(
        epochs=3.0,
        batch_rows=128,
        micro_tokens=8192,
        learning_rate=2e-5,
        warm_up=0.03,
        decay="cosine",
        weight_decay=0.0,
    ),
)
TINY = SFT(
    base=Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=96),
        data=Invented(diseases=16, each=12, kind="abstracts"),
        objectives=(NextToken(),),
        tokenizer=WordsOfStages(data=(InventedTasks(diseases=16, each=2),)),
        length=96,
        held_out=0.0,
        schedule=Schedule(steps=250, batch_tokens=1024, learning_rate=5e-3, weight_decay=0.0, precision="float32"),
    ),
    data=InventedTasks(diseases=16, rows=96),
    template="vicuna",
    length=48,
    schedule=Schedule(steps=160, batch_tokens=512, learning_rate=2e-3, weight_decay=0.0, precision="float32"),
)
REPORTED = {"relative_gain_free_form_at_most": 38.1, "relative_gain_benchmarks": 6.7}
DIFFERS = (
    "the 52,000 instructions could not be read; the block SelfInstructed makes such ones from seed tasks, with any model",
    "both figures are recalled; they are the largest relative gains in percent, over the general models that the paper compares",
    "the tiny preset asks for facts that were pre-trained, in eight kinds of task made by templates",
)
