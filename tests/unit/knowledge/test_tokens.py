"""What a term is: folding, scripts without spaces, stemming as published, and words that only ask."""

from __future__ import annotations

import asyncio
import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.types import Passage
from osler.knowledge import tokens
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.knowledge.porter import plural, stemmed
from osler.knowledge.tokens import asked, multilingual, terms

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from nltk.stem.porter import PorterStemmer


@given(st.text(max_size=60))
def test_plain_text_takes_a_shorter_way_to_the_same_words(text: str) -> None:
    ascii_only = text.encode("ascii", "ignore").decode()
    assert terms(ascii_only) == terms(ascii_only + " é")[:-1]
    assert multilingual(ascii_only) == multilingual(ascii_only + " é")[:-1]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Fièvre à l'hôpital, AÑO", ["fievre", "a", "l", "hopital", "ano"]),
        ("糖尿病 type 2", ["糖尿", "尿病", "糖", "尿", "病", "type", "2"]),
        ("癌", ["癌"]),
        ("アスピリン", ["アス", "スピ", "ピリ", "リン"]),
        ("당뇨병은", ["당뇨", "뇨병", "병은"]),
        ("Лёгкий й", ["лёгкий", "й"]),
        ("مُحَمَّد أسبرين", ["محمد", "اسبرين"]),
        ("मधुमेह। रोग", ["मधुमेह", "रोग"]),
        ("snake_case HbA1c ﬁne", ["snake", "case", "hba1c", "fine"]),
        ("", []),
        ("?!… _", []),
    ],
)
def test_languages(text: str, wanted: list[str]) -> None:
    assert multilingual(text) == wanted


@given(st.text(max_size=40))
def test_terms_of_a_text_find_it_again(text: str) -> None:
    """No term is empty, and what stands in a text is found by the text itself."""
    cut = multilingual(text)
    assert all(cut)
    made = BM25(collection=PassageList(items=(Passage(id="it", text=text), Passage(id="other", text="heart"))))
    found = [passage.id for passage, _ in asyncio.run(made.search(text, 2))]
    assert found[:1] == (["it"] if cut and cut != ["heart"] else found[:1])


WORDS = re.findall(
    r"\w+",
    """caresses ponies ties caress cats feed agreed plastered bled motoring sing conflated troubled sized hopping
tanned falling hissing fizzed failing filing happy sky relational conditional rational valenci hesitanci digitizer
conformabli radicalli differentli vileli analogousli vietnamization predication operator feudalism decisiveness
hopefulness callousness formaliti sensitiviti sensibiliti triplicate formative formalize electriciti electrical
hopeful goodness revival allowance inference airliner gyroscopic adjustable defensible irritant replacement
adjustment dependent adoption homologou communism activate angulariti homologous effective bowdlerize probate rate
cease controll roll diabetes insulin patients treated treatment therapies diagnoses myocardial infarction syzygy
yellow employ employed by ay oed eeds abilities generalizations oscillators""",
)
letters = st.text("abcdeilnostuyz", min_size=3, max_size=9)


@given(
    st.one_of(
        st.sampled_from(WORDS), st.builds(str.__add__, letters, st.sampled_from(["", "s", "ing", "ed", "ational"]))
    )
)
def test_stems_are_those_of_the_paper(word: str) -> None:
    wanted = PorterStemmer(mode="ORIGINAL_ALGORITHM").stem(word) if len(word) > 2 else word
    assert stemmed(word) == wanted


def test_every_listed_word_has_the_stem_of_the_paper() -> None:
    reference = PorterStemmer(mode="ORIGINAL_ALGORITHM")
    assert {word: stemmed(word) for word in WORDS if len(word) > 2} == {
        word: reference.stem(word) for word in WORDS if len(word) > 2
    }
    assert [stemmed(word) for word in ("糖尿病", "b12", "is", "fièvres")] == ["糖尿病", "b12", "is", "fièvres"]


def test_plurals_lose_their_s() -> None:
    given_words = ["therapies", "diseases", "drugs", "virus", "abscess", "gas", "shoes", "trees"]
    assert [plural(word) for word in given_words] == [
        *("therapy", "disease", "drug", "virus", "abscess"),
        *("gas", "shoe", "tree"),
    ]


def test_a_query_is_searched_by_what_tells_something() -> None:
    query = "What is the treatment of diabetes?"
    assert set(asked(query, "words", "", "english")) == {"treatment", "diabetes"}
    assert asked("What is it?", "words", "", "english") == {"what": 1, "is": 1, "it": 1}
    assert asked("treatments treatment", "words", "porter", "english") == {"treatment": 2}
    assert asked("", "multilingual", "porter", "english") == {}


def test_stems_of_deleted_words_are_forgotten() -> None:
    stemmed("hieronymus")
    assert stemmed.cache_info().currsize > 0
    tokens.forget()
    assert stemmed.cache_info().currsize == 0
