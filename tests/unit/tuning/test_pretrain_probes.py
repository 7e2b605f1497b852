"""Probes on invented notes: tags by words, entities counted whole, a vocabulary from elsewhere."""

from __future__ import annotations

from osler.data.generated.invented_clinic import clinic
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.pretrain_probes import CONCEPTS, IDENTIFIERS, entities, entity_f1, tagged_notes, token_f1
from osler.tuning.pretrain_vocabulary import VocabularyFrom
from osler.tuning.tokenizers.pieces import WordPiece


def test_tags_stand_on_the_words_that_the_notes_name() -> None:
    diseases = clinic(10)
    notes = tagged_notes(diseases, 20, (*CONCEPTS, *IDENTIFIERS))
    drugs = {one.drug for one in diseases}
    for note in notes:
        assert len(note.words) == len(note.tags)
        assert {word for word, tag in zip(note.words, note.tags, strict=True) if tag == "B-drug"} <= drugs
        kinds = [kind for _, _, kind in sorted(entities(note.tags))]
        assert sorted(kinds) == sorted((*CONCEPTS, *IDENTIFIERS, "symptom"))
        assert [end - start for start, end, kind in entities(note.tags) if kind == "name"] == [2]


def test_a_dose_belongs_to_its_drug_where_it_is_asked_for() -> None:
    for note in tagged_notes(clinic(10), 10, CONCEPTS, doses=True):
        (start, end), *rest = [(start, end) for start, end, kind in entities(note.tags) if kind == "drug"]
        assert not rest
        assert note.words[end - 1] == "mg"
        assert end - start == 3


def test_entities_are_those_of_conlleval() -> None:
    assert entities(["B-a", "I-a", "B-a", "O", "I-b", "I-a"]) == {(0, 2, "a"), (2, 3, "a"), (4, 5, "b"), (5, 6, "a")}
    assert entities(["O", "O"]) == set()


def test_half_an_entity_counts_by_words_and_not_whole() -> None:
    gold, said = ["B-a", "I-a", "I-a", "O"], ["B-a", "I-a", "O", "O"]
    assert entity_f1(gold, said) == 0.0
    assert token_f1(gold, said) == 0.8
    assert entity_f1(["O"], ["O"]) == token_f1(["O"], ["O"]) == 1.0


def test_a_vocabulary_from_elsewhere_does_not_read_the_texts() -> None:
    block = VocabularyFrom(data=Invented(diseases=5, each=2), tokenizer=WordPiece(size=200))
    assert block.trained(["xylophone"]).get_vocab() == block.trained([]).get_vocab()
    assert not any("xyl" in word for word in block.trained(["xylophone"] * 50).get_vocab())
