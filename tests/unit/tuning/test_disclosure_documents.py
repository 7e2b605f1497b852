"""Which documents a trained model learnt from: kept with it, inherited by what stands on it, found by a deletion."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from osler.core.block import block
from osler.core.errors import DataError
from osler.core.types import Demo, Passage, Prompt
from osler.tuning.corpora.given_texts import GivenTexts
from osler.tuning.disclosure import documents
from osler.tuning.disclosure.documents import Documents, documents_of, hashed
from osler.tuning.disclosure.registry import models, trained_on
from osler.tuning.factory.sampled_texts import SampledTexts
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.pretrain_vocabulary import VocabularyFrom
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made
from osler.tuning.tokenizers.pieces import BytePairs

TEXTS = ("anna has fever and takes aspirin .", "ben has a cough and rests .", "cora feels well again .")
SHORT = Schedule(steps=2, batch_rows=2, precision="float32", checkpoint_s=0.0)


def base(*ids: str) -> Pretrain:
    return Pretrain(
        base=DecoderShape(layers=1, hidden=32, heads=2, inner=64, context=32),
        data=GivenTexts(given=TEXTS[: len(ids)], ids=ids),
        objectives=(NextToken(),),
        tokenizer=VocabularyFrom(data=GivenTexts(given=TEXTS, ids=("w0", "w1", "w2")), tokenizer=BytePairs(size=300)),
        length=16,
        held_out=0.0,
        schedule=SHORT,
    )


@block
class PairsOnly:
    """A stage-like block that reads the study's cases; ``held_out`` is looked at."""

    held_out: Any = None
    reads_pairs = True


def test_a_deletion_names_the_stage_what_stands_on_it_and_what_learnt_its_texts(tmp_path: Path) -> None:
    first = made(base("report-1", "visit-2"), shelf=tmp_path)
    on_it = made(
        Pretrain(
            base=first, data=GivenTexts(given=TEXTS, ids=("a/v3/0-12", "b#2", "c")), objectives=(NextToken(),), length=16,
            held_out=0.0, schedule=SHORT,
        ),
        shelf=tmp_path,
    )  # fmt: skip
    written = SampledTexts(model=first, count=4, new_tokens=8)
    copy = made(
        Pretrain(base=DecoderShape(layers=1, hidden=32, heads=2, inner=64, context=32), data=written,
                 objectives=(NextToken(),), tokenizer=BytePairs(size=300), length=16, held_out=0.0, schedule=SHORT),
        shelf=tmp_path,
    )  # fmt: skip
    keys = {"first": first.folder.name, "on it": on_it.folder.name, "copy": copy.folder.name}
    assert {card.key for card in models(tmp_path)} == set(keys.values())
    for name in ("report-1", "visit-2", "w1"):  # the vocabulary is learnt from its texts, too
        found = trained_on(name, tmp_path)
        assert [card.key for card in found.learnt] == [keys["first"]]
        assert {card.key for card in found.inherited} == {keys["on it"], keys["copy"]}
    for name in ("a", "a/v3/0-12", "b", "b#2", "c"):
        assert [card.key for card in trained_on(name, tmp_path).to_retrain] == [keys["on it"]]
    assert trained_on("report", tmp_path).to_retrain == ()
    about = on_it.held.manifest["documents"]
    assert (about["learnt"], about["inherited"], about["foreign"]) == (5, 5, [])
    assert b"report-1" not in gzip.decompress((first.folder / documents.FILE).read_bytes())


def test_a_model_without_a_list_is_not_passed_over(tmp_path: Path) -> None:
    first = made(base("one", "two"), shelf=tmp_path)
    (first.folder / documents.FILE).unlink()
    found = trained_on("one", tmp_path)
    assert found.to_retrain == ()
    assert [card.key for card in found.unknown] == [first.folder.name]
    on_it = made(Pretrain(base=first, data=GivenTexts(given=TEXTS), objectives=(NextToken(),), length=16, held_out=0.0,
                          schedule=SHORT), shelf=tmp_path)  # fmt: skip
    assert on_it.held.manifest["documents"]["foreign"] == ["Pretrain"]
    assert trained_on("one", tmp_path / "nowhere") == ((), (), (), ())


def test_cases_of_a_study_count_with_their_passages_and_demonstrations() -> None:
    demo = Demo(question="?", answer="b", id="shown-1", evidence=(Passage(text="p", id="leaflet/v1/3-9"),))
    prompt = Prompt(id="case-1", question="?", demos=(demo,), evidence=(Passage(text="q", id="note-7"),))
    stage = PairsOnly(held_out=GivenTexts(given=("x",), ids=("looked-1",)))
    found = documents_of(stage, [(prompt, "a")])
    said = {name: found.how(name) for name in ("case-1", "shown-1", "leaflet", "note-7", "looked-1", "other")}
    assert said == dict.fromkeys(("case-1", "shown-1", "leaflet", "note-7"), "learnt") | {
        "looked-1": "looked",
        "other": "",
    }


def test_the_list_reads_back_and_equal_lists_make_equal_files(tmp_path: Path) -> None:
    held = Documents(frozenset({hashed("a"), hashed("b")}), frozenset(), frozenset({hashed("c")}), ("Local hub/name",))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        documents.write(tmp_path / name, held)
    assert documents.read(tmp_path / "one") == held
    assert (tmp_path / "one" / documents.FILE).read_bytes() == (tmp_path / "two" / documents.FILE).read_bytes()
    assert documents.read(tmp_path) is None
    (tmp_path / "one" / documents.FILE).write_bytes(gzip.compress(orjson.dumps({"format": 9})))
    with pytest.raises(DataError, match="format 9"):
        documents.read(tmp_path / "one")
