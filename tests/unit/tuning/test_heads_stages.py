"""Task heads as models: they learn, answer in the task's form, come back from their folder, and refuse what cannot be."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from osler.core.block import from_spec, replace, to_spec
from osler.core.errors import DataError, ModelError, SpecError
from osler.core.types import Passage, Prompt
from osler.tuning.heads.classifier import Classifier, label_shares
from osler.tuning.heads.multi_label import MultiLabel
from osler.tuning.heads.regressor import Regressor
from osler.tuning.heads.span_reader import SpanReader
from osler.tuning.heads.tagger import Tagger
from osler.tuning.networks.shapes import DecoderShape, EncoderShape
from osler.tuning.peft.lora import LoRA
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made
from osler.tuning.tokenizers.symbols import Words

BASE = EncoderShape(layers=2, hidden=32, heads=4, inner=64, context=64, dropout=0.0)
FAST = Schedule(steps=60, batch_rows=12, learning_rate=5e-3, precision="float32", checkpoint_s=0.0)
SICK = ("asthma", "gout", "malaria")
COMMON: dict[str, Any] = {"base": BASE, "tokenizer": Words(), "schedule": FAST, "dropout": 0.0}
ENTITIES = {
    "type": "object",
    "properties": {"spans": {"type": "array", "items": {"properties": {"type": {"enum": ["Disease"]}}}}},
}


def texts() -> list[tuple[str, str]]:
    return [(f"patient {at % 7} has {SICK[at % 3]} and pain today .", SICK[at % 3]) for at in range(36)]


def tagged() -> list[tuple[Prompt, str]]:
    out = []
    for at in range(len(texts())):
        text, items = "", []
        for part, name in (texts() * 2)[at : at + 1 + at % 5]:
            start = len(text) + part.index(name)
            items.append({"start": start, "end": start + len(name), "text": name, "type": "Disease"})
            text += part + " "
        out.append((Prompt(id=str(at), question=text), json.dumps({"entities": items})))
    return out


def labelled(**more: Any) -> list[tuple[Prompt, str]]:
    return [(Prompt(id=str(at), question=text, choices=SICK, **more), name) for at, (text, name) in enumerate(texts())]


def said(model: Any, prompt: Prompt, **more: Any) -> str:
    return str(asyncio.run(model.generate(prompt.messages(), **more)).text)


def test_a_tagger_answers_with_exact_places_in_the_form_of_the_schema(tmp_path: Path) -> None:
    model = made(Tagger(length=16, stride=4, **COMMON), tagged(), shelf=tmp_path)
    long = " ".join(text for text, _ in texts()[:9])
    found = json.loads(said(model, Prompt(id="long", question=long), schema=ENTITIES))["spans"]
    assert [item["text"] for item in found] == [name for _, name in texts()[:9]]
    assert all(long[item["start"] : item["end"]] == item["text"] for item in found)
    none = {"properties": {"spans": {"type": "array", "items": {"properties": {"type": {"enum": ["Gene"]}}}}}}
    assert json.loads(said(model, Prompt(id="long", question=long), schema=none)) == {"spans": []}


def test_a_classifier_scores_choices_and_comes_back_the_same(tmp_path: Path) -> None:
    model = made(Classifier(**COMMON), labelled(), shelf=tmp_path)
    prompt = labelled()[4][0]
    reply = asyncio.run(model.score(prompt.messages(), SICK))
    assert reply.text == "gout"
    assert sum(2.718281828**value for value in reply.logprobs.values()) == pytest.approx(1.0, abs=1e-6)
    again = from_spec(to_spec(model))
    assert asyncio.run(again.score(prompt.messages(), SICK)).logprobs == reply.logprobs
    with pytest.raises(ModelError, match="other labels"):
        asyncio.run(model.score(prompt.messages(), ("flu", "none")))
    with pytest.raises(ModelError, match="cannot generate"):
        said(model, prompt)


def test_a_lettered_prompt_is_answered_by_the_text_of_its_options(tmp_path: Path) -> None:
    model = made(Classifier(**COMMON), labelled(), shelf=tmp_path)
    turned = Prompt(id="x", question=texts()[0][0], choices=tuple(reversed(SICK)), lettered=True)
    assert asyncio.run(model.score(turned.messages(), turned.labels)).text == "C"


def test_a_label_of_parts_is_put_together_by_the_table(tmp_path: Path) -> None:
    table = {"lung | any": "asthma", "joint | any": "gout", "blood | mild": "malaria", "blood | grave": "malaria"}
    model = made(Classifier(table=table, shares=(1.0, 0.5), **COMMON), labelled(), shelf=tmp_path)
    assert asyncio.run(model.score(labelled()[2][0].messages(), SICK)).text == "malaria"
    losses = model.held.manifest["record"]["curve"][0]
    assert losses["loss"] == pytest.approx(losses["part0"] + 0.5 * losses["part1"], rel=1e-5)
    about = Classifier(table=table).learnt([])
    even = {f"part{place}": [0.0] * len(names) for place, names in enumerate(about["classes"])}
    shares = {name: 2.718281828**value for name, value in label_shares([even], about).items()}
    assert shares["malaria"] == pytest.approx(2 * shares["gout"])


def test_a_decoder_reads_the_last_token_and_an_adapter_leaves_its_base_alone(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    small = {
        **COMMON,
        "base": DecoderShape(layers=2, hidden=32, heads=4, inner=64, context=64),
        "tokenizer": Words(kind="decoder"),
    }
    first = made(Classifier(**small), labelled(), shelf=tmp_path)
    assert asyncio.run(first.score(labelled()[1][0].messages(), SICK)).text == "gout"
    adapted = Classifier(base=first, adapter=LoRA(rank=4, targets="all"), schedule=FAST)
    second = made(adapted, labelled(), shelf=tmp_path)
    assert asyncio.run(second.score(labelled()[1][0].messages(), SICK)).text == "gout"
    before, after = (load_file(one.folder / "model.safetensors") for one in (first, second))
    assert all((before[name] == after[name]).all() for name in before)
    count = second.held.manifest["about"]["parameters"]
    assert count["trained"] < 0.4 * count["all"]


def test_labels_spans_of_evidence_and_values_are_learnt(tmp_path: Path) -> None:
    several = [
        (Prompt(id=str(at), question=text), json.dumps({"codes": [{"code": name}, {"code": "pain"}]}))
        for at, (text, name) in enumerate(texts())
    ]
    schema = {"properties": {"codes": {"type": "array", "items": {"properties": {"code": {}, "evidence": {}}}}}}
    found = json.loads(said(made(MultiLabel(**COMMON), several, shelf=tmp_path), several[1][0], schema=schema))
    assert {item["code"] for item in found["codes"]} == {"gout", "pain"}
    assert found["codes"][0]["evidence"] == ""

    asked = [
        (Prompt(id=str(at), question="which disease ?", evidence=(Passage(id="1", text=text),)), name)
        for at, (text, name) in enumerate(texts())
    ]
    reader = made(SpanReader(length=20, **{**COMMON, "schedule": replace(FAST, steps=120)}), asked, shelf=tmp_path)
    assert said(reader, asked[1][0]) == "gout"

    numbers = [(prompt, str(float(at % 3))) for at, (prompt, _) in enumerate(several)]
    valued = made(Regressor(**COMMON), numbers, shelf=tmp_path)
    assert [round(float(said(valued, prompt))) for prompt, _ in numbers[:3]] == [0, 1, 2]


def test_looks_at_held_out_cases_have_figures(tmp_path: Path) -> None:
    schedule = replace(FAST, evaluate_every=20, keep="best")
    model = made(Tagger(length=32, stride=8, **{**COMMON, "schedule": schedule}), tagged(), shelf=tmp_path)
    looks = model.held.manifest["record"]["looks"]
    assert looks
    assert looks[-1]["entity_f1"] == pytest.approx(1.0)
    assert looks[-1]["loss"] < looks[0]["loss"] + 1


def test_new_words_begin_as_the_mean_of_their_pieces(tmp_path: Path) -> None:
    first = made(Classifier(**COMMON), labelled(), shelf=tmp_path)
    from osler.tuning.heads.network import Plan, fresh

    network, tokens = fresh(first, None, (), Plan(sizes={"a": 2}, words=("has asthma",)), 0, tmp_path)
    table = network.body.get_input_embeddings().weight
    pieces = [tokens.convert_tokens_to_ids(word) for word in ("has", "asthma")]
    row = table[tokens.convert_tokens_to_ids("has asthma")]
    assert (row - table[pieces].mean(0)).abs().max().item() < 1e-6


def test_what_cannot_be_learnt_is_refused(tmp_path: Path) -> None:
    wrong = [(Prompt(id="a", question="no such text"), tagged()[0][1])]
    with pytest.raises(DataError, match="does not fit the text"):
        made(Tagger(**COMMON), wrong, shelf=tmp_path)
    with pytest.raises(DataError, match="no number"):
        made(Regressor(**COMMON), labelled(), shelf=tmp_path)
    with pytest.raises(DataError, match="its answer in its evidence"):
        made(SpanReader(**COMMON), labelled(), shelf=tmp_path)
    with pytest.raises(DataError, match="table does not give"):
        made(Classifier(table={"a | b": "flu"}, **COMMON), labelled(), shelf=tmp_path)
    with pytest.raises(SpecError, match="same number of parts"):
        Classifier(table={"a | b": "flu", "a": "cold"})
    with pytest.raises(SpecError, match="tokenizer"):
        made(Classifier(base=BASE, schedule=FAST), labelled(), shelf=tmp_path)
