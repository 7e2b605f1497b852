"""The invented medicine: no word twice, facts that texts really tell, spans that are exact."""

from __future__ import annotations

import random

import pytest

from osler.core.errors import DataError
from osler.data.generated.invented_clinic import abstract, clinic, dialogue, facts, note, question


def test_a_clinic_is_the_same_for_the_same_seed_and_its_words_are_its_own() -> None:
    made = clinic(60, seed=3)
    assert made == clinic(60, seed=3)
    assert made != clinic(60, seed=4)
    words = [word for one in made for word in (one.name, one.drug, one.test)]
    assert len(set(words)) == len(words)
    assert all(one.avoid != one.drug for one in made)


def test_an_abstract_tells_every_fact() -> None:
    for disease in clinic(20):
        text = abstract(disease, random.Random(disease.id))
        assert all(fact.tail in text.split() and fact.head in text.split() for fact in facts(disease))


@pytest.mark.parametrize("placeholders", [False, True])
def test_spans_of_a_note_are_exact(placeholders: bool) -> None:
    for disease in clinic(20):
        made = note(disease, random.Random(disease.id), placeholders=placeholders)
        held = {made.text[span.start : span.end] for span in made.spans}
        assert {disease.name, disease.drug, disease.test} <= held
        kinds = [span.kind for span in made.spans]
        assert ("name" in kinds) != placeholders
        assert kinds.count("symptom") == 2
        assert ("[NAME]" in made.text) == placeholders


def test_a_question_has_one_right_option() -> None:
    diseases = clinic(30)
    for disease in diseases:
        for fact in facts(disease):
            made = question(fact, diseases, random.Random(0))
            assert made.options[made.answer] == fact.tail
            assert len(set(made.options)) == len(made.options) == 4
            own = {one.tail for one in facts(disease) if one.relation == fact.relation}
            assert own & set(made.options) == {fact.tail}


@pytest.mark.parametrize(("share", "turns"), [(0.0, 2), (1.0, 4)])
def test_a_doctor_asks_as_often_as_told(share: float, turns: int) -> None:
    for disease in clinic(10):
        said = dialogue(disease, random.Random(1), asks=share)
        assert len(said) == turns
        assert sum(turn.asks for turn in said) == (turns - 2) // 2
        assert said[-1].by == "doctor"
        assert disease.drug in said[-1].text


def test_a_clinic_has_its_limits() -> None:
    assert len(clinic(400)) == 400
    with pytest.raises(DataError, match="1 to 400"):
        clinic(401)
