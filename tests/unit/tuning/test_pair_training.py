"""Training of cross-encoders, on a tiny random encoder: what is learnt, what the folder holds, what a kill leaves."""

from __future__ import annotations

import asyncio
import importlib.util
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from osler.core.errors import DataError, ModelError, SpecError
from osler.core.types import Passage
from osler.models.cross_encoder import CrossEncoder
from osler.models.entailment import LABELS, Entailment
from osler.tuning.entailment import train_entailment
from osler.tuning.entailment_data import Case
from osler.tuning.pair_training import (
    Judged,
    Listed,
    PairTraining,
    Progress,
    read_manifest,
    train_pairs,
)

pytestmark = [
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")),
        reason="the extra 'local' (torch, transformers) is not installed",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

WORDS = ("fever", "cough", "metformin", "diabetes", "chest", "pain", "yes", "no", "maybe", "urgent", "routine")
# The right text is the one that denies nothing: a rule that a tiny encoder finds in a few steps.
LISTS = [
    Listed(word, (f"She has {word} today.", *(f"She has not {other} today." for other in WORDS[:4]))) for word in WORDS
] * 6


def save_encoder(folder: Path) -> str:
    """A tiny BERT with a word tokenizer, so that a list can be learnt in seconds."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    names = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "She", "has", "today", "not", ".", *WORDS]
    raw = Tokenizer(models.WordLevel({name: place for place, name in enumerate(names)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]"
    )
    made.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_encoder(tmp_path_factory.mktemp("tiny-encoder"))


def small(base: str, **changes: object) -> PairTraining:
    settings = {"base": base, "epochs": 8, "batch": 6, "learning_rate": 1e-3, "max_length": 24, "bfloat16": False}
    return PairTraining(**(settings | changes))  # type: ignore[arg-type]


def test_a_re_ranker_learns_to_put_the_right_text_first(base: str, tmp_path: Path) -> None:
    told: list[Progress] = []
    trained = train_pairs(LISTS, tmp_path / "ranker", small(base, epochs=6), tell=told.append)
    assert trained.fresh
    assert len(told) == len(trained.losses) == 66
    assert told[-1].step == told[-1].steps == 66
    assert told[-1].left == 0
    assert trained.losses[0] == pytest.approx(1.61, abs=0.3)  # the log of 5 texts: nothing is known at first
    assert trained.losses[-1] < 0.3
    model = trained.model()
    assert model.labels == ("relevance",)
    found = [(Passage(id=word, text=f"She has {word}{' today' * (word == 'no')}."), 0.0) for word in ("no", "yes")]
    found += [(Passage(id="not", text="She has not pain today."), 0.0)]
    values = asyncio.run(model.relevance("fever", found))
    assert values[:2].min() > values[2]


def test_the_same_seed_gives_the_same_weights_and_another_does_not(base: str, tmp_path: Path) -> None:
    one, two, other = (
        train_pairs(LISTS, tmp_path / str(place), small(base, epochs=1, seed=seed)).folder
        for place, seed in enumerate((1, 1, 2))
    )
    weights = [(folder / "model.safetensors").read_bytes() for folder in (one, two, other)]
    assert weights[0] == weights[1] != weights[2]
    assert CrossEncoder(path=str(one)).content_hash() == CrossEncoder(path=str(two)).content_hash()


def test_the_manifest_says_what_decided_the_weights(base: str, tmp_path: Path) -> None:
    settings = small(base, epochs=1)
    folder = train_pairs(LISTS, tmp_path / "m", settings, about={"checked": {"copies": 0}}).folder
    held = read_manifest(folder)
    assert held["kind"] == "listwise"
    assert held["cases"] == len(LISTS)
    assert held["settings"]["seed"] == 0
    assert held["about"] == {"checked": {"copies": 0}}
    assert len(held["losses"]) == 11
    assert len(held["data"]) == len(held["base"]) == 32
    assert not any(word in (folder / "training.json").read_text("utf-8") for word in WORDS)
    again = train_pairs(LISTS, folder, settings)
    assert not again.fresh
    assert list(again.losses) == held["losses"]
    with pytest.raises(DataError, match="holds something else"):
        train_pairs(LISTS[1:], folder, settings)
    with pytest.raises(DataError, match="holds no training of ours"):
        read_manifest(tmp_path)


def test_frozen_layers_stay_as_they_were(base: str, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    before = load_file(Path(base) / "model.safetensors")
    folder = train_pairs(LISTS, tmp_path / "f", small(base, epochs=1, frozen_layers=1)).folder
    after = {name.removeprefix("bert."): value for name, value in load_file(folder / "model.safetensors").items()}
    same = {name for name, value in before.items() if (value == after[name]).all()}
    assert {name for name in before if name.startswith(("embeddings.", "encoder.layer.0."))} == same
    with pytest.raises(SpecError, match="has not 9 layers"):
        train_pairs(LISTS, tmp_path / "g", small(base, frozen_layers=9))
    assert not list(tmp_path.glob(".g*"))


def test_labels_are_learnt_and_become_an_entailment_model(base: str, tmp_path: Path) -> None:
    cases = []
    for word in WORDS:
        cases += [
            Case(f"She has {word}.", f"She has {word} today.", "supported", "as it stands", word),
            Case(f"She has {word}.", f"She has not {word} today.", "contradicted", "denied", word),
            Case(f"She has {word}.", "today urgent.", "unsupported", "found", word),
        ]
    model, trained = train_entailment(cases * 3, tmp_path / "e", settings=small(base, epochs=20))
    assert trained.manifest["labels"] == list(LABELS)
    assert trained.manifest["about"]["cases by kind"]["denied"] == 33
    found = asyncio.run(model.verdicts([(case.claim, case.text) for case in cases]))
    right = sum(chances.label == case.label for chances, case in zip(found, cases, strict=True))
    assert right == len(cases)
    assert isinstance(model, Entailment)
    with pytest.raises(DataError, match="1 modules or abstracts are both"):
        train_entailment(cases[3:], tmp_path / "x", tested=[cases[3]])


def test_claims_that_are_tested_are_not_trained_on(base: str, tmp_path: Path) -> None:
    cases = [Case(f"She has {word} today.", "It is so.", "supported", "k", word) for word in WORDS]
    tested = [case._replace(source="elsewhere") for case in cases[:3]]
    _, trained = train_entailment(cases, tmp_path / "c", settings=small(base, epochs=1), tested=tested)
    assert trained.manifest["cases"] == len(cases) - 3
    assert trained.manifest["about"]["claims left out as copies of tested ones"] == 3


def test_a_store_learns_which_documents_a_model_was_trained_on(base: str, tmp_path: Path) -> None:
    from osler.knowledge.document import Document
    from osler.knowledge.store import KnowledgeStore

    with KnowledgeStore(tmp_path / "store", create=True) as store:
        store.put([Document(id=name, text=f"She has {name}.") for name in ("fever", "cough", "pain")])
        passages = ["fever/v1/0-14", "fever/v1/3-9", "cough/v1/0-14", "somewhere-else"]
        for _ in range(2):
            train_pairs(LISTS[:6], tmp_path / "ranker", small(base, epochs=1), store=store, passages=passages)
        (use,) = store.uses("fever")
        assert (use.kind, use.name) == ("model", "ranker")
        assert "listwise" in use.detail
        assert [len(store.uses(name)) for name in ("fever", "cough", "pain")] == [1, 1, 0]


def test_what_cannot_be_trained_on_is_refused(base: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="nothing to train on"):
        train_pairs([], tmp_path / "a", small(base))
    with pytest.raises(SpecError, match="a list needs two"):
        train_pairs([Listed("a", ("b",))], tmp_path / "a", small(base))
    with pytest.raises(SpecError, match="none of the 3 labels"):
        train_pairs([Judged("a", "b", "true")], tmp_path / "a", small(base), labels=LABELS)
    with pytest.raises(SpecError, match="share of the steps"):
        small(base, warm_up=1.0)
    with pytest.raises(ModelError, match="the loss was no number"):
        train_pairs(LISTS, tmp_path / "n", small(base, learning_rate=1e18, weight_decay=1e18, warm_up=0.0))
    assert list(tmp_path.iterdir()) == []


def test_a_killed_training_leaves_no_model(base: str, tmp_path: Path) -> None:
    program = f"""
    import sys
    from osler.tuning.pair_training import Listed, PairTraining, train_pairs
    lists = [Listed("fever", ("She has fever.", "She has pain."))] * 4000
    settings = PairTraining(base={base!r}, epochs=50, batch=2, max_length=24, bfloat16=False)
    train_pairs(lists, {str(tmp_path / "killed")!r}, settings, tell=lambda p: print(p.step, flush=True))
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline().strip() == b"1"
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert not (tmp_path / "killed").exists()
    assert list(tmp_path.glob(".killed.*.part"))
    trained = train_pairs(LISTS[:6], tmp_path / "killed", small(base, epochs=1))
    assert trained.fresh
    assert [item.name for item in tmp_path.iterdir()] == ["killed"]
