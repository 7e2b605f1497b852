"""What the benchmark of training trains: five networks with their rows, as Osler's learners and as other trainers read
them. Weights, rows, masks, optimiser and schedule are the same for all sides; dropout is 0 everywhere."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osler.bench import train_data
from osler.core.block import replace
from osler.models.encoder import Encoder
from osler.models.local import Local
from osler.tuning.networks.shapes import DecoderShape, EncoderShape
from osler.tuning.schedule import Schedule
from osler.tuning.stage import folder_of
from osler.tuning.trainer.learner import Key, Learner, draws
from osler.tuning.trainer.order import Order

NOTHING = -100  # a label that no loss reads
SEED = 0
VOCABULARY = 8_000
RECIPE = Schedule(steps=1, batch_rows=1, learning_rate=1e-4, warm_up=0.0, decay="linear", weight_decay=0.01)


@dataclass(frozen=True)
class Sizes:
    """``rows`` of a batch and ``steps`` of a round for each contest, in the order of ``CONTESTS``; ``wide``: whether the
    networks have their full size (a trial takes tiny ones)."""

    rows: tuple[int, ...]
    steps: tuple[int, ...]
    rounds: int
    curve_steps: int
    memory: bool
    wide: bool = True


@dataclass(frozen=True)
class Contest:
    """``fresh``: the network with the same weights each time. ``learner``: of a network and a precision. ``items``: the
    rows as other trainers read them, with ``tokens`` real ones each. ``lengths``: by which Osler orders rows. ``reader``:
    makes the network one that gives its own loss. ``folder``: of the network and its tokenizer where a side reads them.
    """

    key: str
    title: str
    schedule: Schedule
    fresh: Callable[[], Any]
    learner: Callable[[Any, str], Learner]
    items: Sequence[Mapping[str, Any]]
    tokens: Sequence[int]
    lengths: Sequence[int]
    reader: Callable[[Any], Any] = lambda network: network
    folder: str = ""
    tokenizer: Any = None

    def order(self, steps: int = 0) -> list[list[int]]:
        """The rows of each of Osler's steps."""
        held = self.schedule
        order = Order(
            self.lengths, seed=SEED, steps=held.steps, epochs=1.0, batch_tokens=1, batch_rows=held.batch_rows
        )  # fmt: skip
        return [order[step][1] for step in range(steps or held.steps)]


def collated(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows padded to the longest: input_ids, attention_mask, labels (one number a row, or one a token)."""
    import torch

    longest = max(len(one["input_ids"]) for one in items)

    def padded(name: str, fill: int) -> Any:
        return torch.tensor([[*one[name], *[fill] * (longest - len(one[name]))] for one in items])

    mask = [[1] * len(one["input_ids"]) + [0] * (longest - len(one["input_ids"])) for one in items]
    single = isinstance(items[0]["labels"], int)
    labels = torch.tensor([one["labels"] for one in items]) if single else padded("labels", NOTHING)
    return {"input_ids": padded("input_ids", 0), "attention_mask": torch.tensor(mask), "labels": labels}


def masked_language(folder: Path, rows: int, steps: int, wide: bool) -> Contest:
    """Masked language continued on the installed MiniLM, rows of 128 tokens."""
    import transformers

    from osler.tuning.networks.encoder_heads import encoder
    from osler.tuning.objectives.masked_language import MaskedLanguage
    from osler.tuning.pretrain_learner import PretrainLearner
    from osler.tuning.pretrain_rows import vocabulary_of

    place = folder_of(Encoder())
    tokenizer = transformers.AutoTokenizer.from_pretrained(place, local_files_only=True)
    objective, vocabulary = MaskedLanguage(), vocabulary_of(tokenizer, "encoder")
    held = _whole_rows(tokenizer, objective, 128 if wide else 16, rows * steps, vocabulary)
    network = encoder(place if wide else _small_encoder(), vocabulary.size, vocabulary.pad, seed=SEED)
    shown = [objective.change(row, draws(Key(SEED, 0), at), vocabulary) for at, row in enumerate(held)]
    return Contest(
        "masked",
        f"masked language continued on MiniLM, 22.7M, {rows} x 128 tokens",
        replace(RECIPE, steps=steps, batch_rows=rows),
        lambda: copy.deepcopy(_without_dropout(network)),
        lambda network, _: PretrainLearner(network, held, [], (objective,), vocabulary, seed=SEED),
        [{"input_ids": row.ids.tolist(), "labels": _listed(row.targets)} for row in shown],
        [len(row.ids) for row in held],
        [len(row.ids) for row in held],
    )


def next_token(folder: Path, rows: int, steps: int, wide: bool) -> Contest:
    """Next token from scratch on a Llama of 6 layers, rows of 256 tokens without padding."""
    from osler.tuning.objectives.next_token import NextToken
    from osler.tuning.pretrain_learner import PretrainLearner
    from osler.tuning.pretrain_rows import vocabulary_of

    tokenizer, objective = _decoder_tokenizer(), NextToken()
    vocabulary = vocabulary_of(tokenizer, "decoder")
    length = 256 if wide else 16
    held = _whole_rows(tokenizer, objective, length, rows * steps, vocabulary)
    shape = DecoderShape(layers=6, hidden=256, heads=4, inner=688) if wide else _SMALL
    network = shape.network(VOCABULARY, vocabulary.pad, bos=vocabulary.begin, eos=vocabulary.end, seed=SEED)
    return Contest(
        "next",
        f"next token from scratch, Llama 6 x 256, {_millions(network)}, {rows} x 256 tokens",
        replace(RECIPE, steps=steps, batch_rows=rows, learning_rate=5e-4),
        lambda: copy.deepcopy(network),
        lambda network, _: PretrainLearner(network, held, [], (objective,), vocabulary, seed=SEED),
        [{"input_ids": row.ids.tolist(), "labels": _after_first(row.ids.tolist())} for row in held],
        [len(row.ids) for row in held],
        [len(row.ids) for row in held],
    )


def tuned(folder: Path, rows: int, steps: int, wide: bool) -> Contest:
    """Supervised fine-tuning of a decoder of about 2M weights on replies, rows of mixed length."""
    from osler.tuning.dialogue.rows import rows_of
    from osler.tuning.preference.causal import causal_of
    from osler.tuning.sft_learner import DialogueLearner

    place = decoder_folder(folder, wide)
    network, tokenizer = causal_of(Local(path=str(place)))
    found = train_data.conversations(rows * steps)
    held = rows_of(found, tokenizer, learn="replies", length=512, ends=frozenset({tokenizer.eos_token_id})).rows
    labels = [[one if yes else NOTHING for one, yes in zip(row.ids, row.learnt, strict=True)] for row in held]
    return Contest(
        "sft",
        f"fine-tuning on replies, Llama {_millions(network)}, {rows} rows",
        replace(RECIPE, steps=steps, batch_rows=rows),
        lambda: causal_of(Local(path=str(place)))[0],
        lambda network, _: DialogueLearner(network, held),
        [{"input_ids": list(row.ids), "labels": _after_first(one)} for row, one in zip(held, labels, strict=True)],
        [len(row.ids) for row in held],
        [len(row.ids) for row in held],
        folder=str(place),
        tokenizer=tokenizer,
    )


def preferred(folder: Path, rows: int, steps: int, wide: bool) -> Contest:
    """Direct preference optimisation of the same decoder. Osler's learner reads the reference when it is made."""
    from osler.tuning.preference.causal import causal_of
    from osler.tuning.preference.chat_rows import ChatRows
    from osler.tuning.preference.dpo import DPO
    from osler.tuning.preference.dpo_learning import DPOLearner

    place = decoder_folder(folder, wide)
    base = Local(path=str(place))
    network, tokenizer = causal_of(base)
    held = train_data.preferences(rows * steps)
    schedule = replace(RECIPE, steps=steps, batch_rows=rows)

    def learner(network: Any, precision: str) -> Learner:
        stage = DPO(base=base, data=None, length=512, schedule=replace(schedule, precision=precision))
        return DPOLearner(network, ChatRows(tokenizer, 512), held, [], stage)

    chat = ChatRows(tokenizer, 512)
    ids = [chat.row(one.prompt, (one.chosen, one.rejected)) for one in held]
    return Contest(
        "dpo",
        f"preferences (DPO), Llama {_millions(network)}, {rows} pairs",
        schedule,
        lambda: causal_of(base)[0],
        learner,
        [
            {"prompt_ids": prompt, "chosen_ids": replies[0], "rejected_ids": replies[1], "prompt": "", "chosen": "", "rejected": ""}
            for prompt, replies in ids
        ],
        [2 * len(prompt) + sum(map(len, replies)) for prompt, replies in ids],
        [2 * (len(prompt) + max(map(len, replies))) for prompt, replies in ids],
        folder=str(place),
        tokenizer=tokenizer,
    )  # fmt: skip


def classified(folder: Path, rows: int, steps: int, wide: bool) -> Contest:
    """A classifier on texts of mixed length, a BERT of 4 layers from scratch."""
    from osler.bench.train_layers import Labelled
    from osler.tuning.heads.head_layers import HeadNetwork
    from osler.tuning.heads.learner import HeadLearner, Row
    from osler.tuning.heads.losses import LabelLoss
    from osler.tuning.networks.encoder_heads import seeded
    from osler.tuning.tokenizers.pieces import WordPiece

    found = train_data.labelled(rows * steps)
    tokenizer = WordPiece(size=VOCABULARY).trained([text for text, _ in found])
    ids = [tokenizer(text, truncation=True, max_length=512)["input_ids"] for text, _ in found]
    aims = [train_data.LABELS.index(label) for _, label in found]
    shape = EncoderShape(hidden=192, inner=768, dropout=0.0) if wide else _small_encoder()
    with seeded(SEED):
        body = shape.network(VOCABULARY, tokenizer.pad_token_id, seed=SEED)
        body.pooler = None
        network = HeadNetwork(body, {"label": len(train_data.LABELS)}, reads="mean", dropout=0.0, typed=False)
    held = [Row(tuple(one), aim={"label": [aim]}) for one, aim in zip(ids, aims, strict=True)]
    return Contest(
        "classifier",
        f"classifier on texts of mixed length, BERT 4 x 192, {rows} rows",
        replace(RECIPE, steps=steps, batch_rows=rows),
        lambda: copy.deepcopy(network),
        lambda network, _: HeadLearner(network, held, LabelLoss(("label",)), pad=0, shares={}),
        [{"input_ids": one, "labels": aim} for one, aim in zip(ids, aims, strict=True)],
        [len(one) for one in ids],
        [len(one) for one in ids],
        reader=Labelled,
    )


CONTESTS: tuple[Callable[[Path, int, int, bool], Contest], ...] = (
    masked_language, next_token, tuned, preferred, classified
)  # fmt: skip
_SMALL = DecoderShape(layers=2, hidden=32, heads=2, inner=48)


def decoder_folder(folder: Path, wide: bool) -> Path:
    """A chat decoder with fresh weights on the disk, where TRL looks for the reference. Made once."""
    from osler.models.quiet import quiet
    from osler.tuning.dialogue.templates import give_template

    place = folder / "decoder"
    if not place.is_dir():
        tokenizer = _decoder_tokenizer()
        give_template(tokenizer, "plain")
        shape = DecoderShape(layers=4, hidden=128, heads=4, inner=344) if wide else _SMALL
        pad, end = tokenizer.pad_token_id, tokenizer.eos_token_id
        network = shape.network(VOCABULARY, pad, bos=tokenizer.bos_token_id, eos=end, seed=SEED)
        with quiet():
            network.save_pretrained(place)
        tokenizer.save_pretrained(place)
    return place


def _decoder_tokenizer() -> Any:
    from osler.tuning.tokenizers.pieces import BytePairs

    return BytePairs(size=VOCABULARY).trained(train_data.documents(20_000))


def _small_encoder() -> EncoderShape:
    return EncoderShape(layers=2, hidden=32, heads=2, inner=48, dropout=0.0)


def _whole_rows(tokenizer: Any, objective: Any, length: int, count: int, vocabulary: Any) -> list[Any]:
    """``count`` rows of just ``length`` tokens, so that nothing is padded. Of a decoder's documents these are the pieces
    from the middle, without the tokens at the ends of a text."""
    from osler.tuning.objectives.objective import extra_tokens
    from osler.tuning.pretrain_rows import documents_of, rows_of

    most = length + (extra_tokens(vocabulary) if objective.family == "decoder" else 0)

    found: list[Any] = []
    texts = train_data.documents(10**9)
    while len(found) < count:
        documents = documents_of([next(texts)], tokenizer)
        rows = rows_of(documents, (objective,), most, vocabulary, seed=SEED, packed=False)
        found += [row for row in rows if len(row.ids) == length]
    return found[:count]


def _without_dropout(network: Any) -> Any:
    for module in network.modules():
        if type(module).__name__ == "Dropout":
            module.p = 0.0
        for name in ("dropout_prob", "attention_dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    return network


def _after_first(labels: list[int]) -> list[int]:
    """Nothing comes before a first token, so no loss may count it."""
    return [NOTHING, *labels[1:]]


def _listed(targets: Any) -> list[int]:
    return [int(one) for one in targets]


def _millions(network: Any) -> str:
    return f"{sum(weight.numel() for weight in network.parameters()) / 1e6:.1f}M"
