"""Task heads on real abstracts: every gold mention comes back from its tags, and a few steps of tuning learn something."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from osler.core.types import Prediction
from osler.evaluation.metrics.structure.entities import EntityF1
from osler.recipes.tasks.disease_mentions import RECIPE as DISEASES
from osler.tuning.heads.answers import spans_in
from osler.tuning.heads.cases import case_of
from osler.tuning.heads.tagger import Tagger
from osler.tuning.heads.words import labels_of, read, spans_of
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made

pytestmark = [pytest.mark.real, pytest.mark.skipif(not os.environ.get("OSLER_DATA"), reason="needs OSLER_DATA")]


def test_gold_mentions_of_the_test_part_come_back_from_their_tags() -> None:
    import transformers

    from osler.models.minilm import model_folder

    tokenizer = transformers.AutoTokenizer.from_pretrained(model_folder())
    for example in DISEASES.examples("test"):
        case = case_of(DISEASES.prompt(example), example.target)
        wanted = spans_in(case)
        places = read(case.question, tokenizer, length=320, stride=64).places
        assert spans_of(places, labels_of(places, wanted, ("Disease",)), ("Disease",)) == sorted(wanted)


def test_a_few_steps_mark_more_than_nothing(tmp_path: Path) -> None:
    train = DISEASES.examples("train")[:80]
    schedule = Schedule(steps=10, batch_tokens=1024, learning_rate=5e-4, checkpoint_s=0.0)
    pairs = [(DISEASES.prompt(case), case.target) for case in train]
    model = made(Tagger(schedule=schedule, length=128, stride=16), pairs, shelf=tmp_path)
    losses = [row["loss"] for row in model.held.manifest["record"]["curve"]]
    assert losses[-1] < 0.6 * losses[0]
    case = DISEASES.examples("test")[0]
    reply = asyncio.run(model.generate(DISEASES.prompt(case).messages(), schema=DISEASES.schema))
    assert not isinstance(EntityF1(align=False).sums(case, Prediction(answer=reply.text)), str)
