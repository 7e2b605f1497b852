"""Steps around a corpus: cleaning, filtering, mixing by ratio, replay, holding out, and the account of all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.tuning.corpora.cleaning import Cleaned, cleaned
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.corpus import Text
from osler.tuning.corpora.filtering import STOP_WORDS, QualityFiltered
from osler.tuning.corpora.given_texts import GivenTexts
from osler.tuning.corpora.held_out import FirstTexts, SplitOff
from osler.tuning.corpora.mixture import Mixture, Rehearsal
from osler.tuning.corpora.step import account, followed


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("pneu-\nmonia of the lung", "pneumonia of the lung"),
        ("the Epstein-\nBarr virus", "the Epstein-\nBarr virus"),
        ("IL-\n6 and 5-\n10 mg", "IL-\n6 and 5-\n10 mg"),
        ("a\u00a0b \t c\u200b\u00add", "a b cd"),
        ("e\u0301tude \u201cx\u201d patient\u2019s", '\u00e9tude "x" patient\'s'),
        ("10 m\u00b2, H\u2082O, \u00bd", "10 m\u00b2, H\u2082O, \u00bd"),
        ("a\r\nb\rc\x00\x0bd", "a\nb\ncd"),
        ("a\n\n\n\n\nb  \n  c", "a\n\nb\nc"),
        ("Text.\n\u00a9 2020 The Authors. All rights reserved.\nMore.", "Text.\nMore."),
        ("Text.\nPage 3 of 10\nMore.", "Text.\nMore."),
        ("the landing page 3 is long", "the landing page 3 is long"),
        ("copyright of a gene", ""),
    ],
)
def test_cleaning(raw: str, clean: str) -> None:
    assert cleaned(raw) == clean


def test_boilerplate_and_hyphens_can_stay() -> None:
    assert cleaned("x\nPage 3\ny", boilerplate=False) == "x\nPage 3\ny"
    assert cleaned("pneu-\nmonia", hyphens=False) == "pneu-\nmonia"


@given(
    st.text(alphabet=st.sampled_from("ab1 \n\r\t-\u00a0\u00ad\u00e9\u0301\u2010\u2028\u200bP©.pageright "), max_size=60)
)
@settings(max_examples=400)
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once
    assert "\x00" not in once
    assert once == once.strip()


_GOOD = (
    "The patient was admitted with acute chest pain that had begun at rest, and an electrocardiogram showed changes "
    "in the leads of the inferior wall. She was treated with aspirin and was well on the next day."
)
_SPANISH = "El paciente fue ingresado por un dolor en el pecho y se le dio una dosis de la aspirina con buen efecto."
_GERMAN = "Der Patient wurde mit Schmerzen in der Brust auf die Station gebracht und mit Aspirin sowie Ruhe behandelt."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_GOOD, ""),
        ("As tolerated.", "too few words"),
        ("12.5 33.1 (4.5) 17/22 88.0 kg 99 = 3.3 [12, 44] p 0.01 of 12 and 33 for 18 in 77 with 6", "few letters"),
        (_SPANISH, "few stop words"),
        ("aspirin ibuprofen naproxen diclofenac paracetamol metamizole tramadol codeine", "few stop words"),
        ("\n".join(["Print this page of the site for a friend in need."] * 9), "repeated lines"),
        ("the drug and the dose are given to the patient " * 60, "repetition"),
        ("a b c d e f g h i j k of to in " * 2, "word length"),
    ],
)
def test_reasons_to_leave_out(text: str, reason: str) -> None:
    assert QualityFiltered(corpus=GivenTexts()).reason(text) == reason


def test_languages_are_told_apart() -> None:
    texts = {"en": _GOOD, "es": _SPANISH, "de": _GERMAN}
    for language in texts:
        kept = QualityFiltered(corpus=GivenTexts(given=tuple(texts.values())), language=language)
        assert [text.text for text in kept.texts()] == [texts[language]]
    chinese = "患者因胸痛入院，心电图显示下壁改变，给予阿司匹林治疗后好转。"
    assert QualityFiltered(corpus=GivenTexts(), language="zh").reason(chinese) == ""
    assert QualityFiltered(corpus=GivenTexts(), language="zh").reason(_GOOD) == "too few words"
    assert QualityFiltered(corpus=GivenTexts(), language="").reason(_GERMAN) == ""
    with pytest.raises(SpecError, match="no language"):
        QualityFiltered(corpus=GivenTexts(), language="xx")
    assert all(len(set(words)) == len(words) for words in STOP_WORDS.values())


def _corpus(name: str, sizes: list[int]) -> GivenTexts:
    return GivenTexts(
        given=tuple("x" * size for size in sizes), ids=tuple(f"{name}{i}" for i in range(len(sizes))), source=name
    )


@given(
    st.lists(st.integers(1, 50), min_size=5, max_size=60),
    st.lists(st.integers(1, 50), min_size=5, max_size=60),
    st.floats(0.1, 10),
    st.sampled_from([1.0, 0.5, 2.0, 3.7]),
)
@settings(max_examples=60)
def test_a_mixture_holds_its_ratio_to_within_a_text(a: list[int], b: list[int], ratio: float, repeats: float) -> None:
    mixture = Mixture(parts=(_corpus("a", a), _corpus("b", b)), ratios=(ratio, 1), repeats=repeats)
    texts, report = followed(mixture)
    found = list(texts)
    assert len({text.id for text in found}) == len(found)
    total = min(repeats * sum(a) * (ratio + 1) / ratio, repeats * sum(b) * (ratio + 1))
    for name, wanted in (("a", total * ratio / (ratio + 1)), ("b", total / (ratio + 1))):
        assert abs(report.sources[name] - wanted) <= 50
    assert found == list(from_spec(to_spec(mixture)).texts())


def test_the_parts_of_a_mixture_run_side_by_side() -> None:
    mixture = Mixture(parts=(_corpus("a", [10] * 90), _corpus("b", [10] * 30)), ratios=(3, 1), unit="texts")
    texts = list(mixture.texts())
    assert len(texts) == 120
    for start in range(0, 120, 12):
        assert 2 <= sum(text.source == "b" for text in texts[start : start + 12]) <= 4


def test_a_mixture_keeps_its_texts_when_another_part_changes() -> None:
    def of_a(other: GivenTexts) -> set[str]:
        mixture = Mixture(parts=(_corpus("a", [9] * 50), other), unit="texts", size=40)
        return {text.id for text in mixture.texts() if text.source == "a"}

    assert of_a(_corpus("b", [5] * 50)) == of_a(_corpus("c", [7] * 80))


def test_a_mixture_that_cannot_be_is_told() -> None:
    parts = (_corpus("a", [10]), _corpus("b", [10]))
    with pytest.raises(DataError, match="more text than there is: 20"):
        list(Mixture(parts=parts, size=30).texts())
    with pytest.raises(SpecError, match="as many ratios"):
        Mixture(parts=parts, ratios=(1.0,))
    with pytest.raises(DataError, match="part 2 of the mixture has no text"):
        list(Mixture(parts=(parts[0], GivenTexts(given=("",)))).texts())


def test_made_text_is_told_and_never_loses_its_tag() -> None:
    mixture = Mixture(parts=(_corpus("a", [100] * 40), Invented(diseases=10)), ratios=(1, 1))
    report = mixture.report()
    assert {text.made for text in mixture.texts() if text.source == "invented"} == {"template"}
    assert report.made_share == pytest.approx(0.5, abs=0.05)
    assert report.made["template"] == report.sources["invented"]
    assert "% made" in report.lines()[0]


def test_replay_takes_all_of_the_corpus_and_the_share_of_general_text() -> None:
    own, general = _corpus("own", [50] * 100), _corpus("general", [20] * 400)
    report = Rehearsal(corpus=own, general=general, share=0.2).report()
    assert report.sources["own"] == 5000
    assert report.sources["general"] == pytest.approx(1250, abs=20)
    with pytest.raises(DataError, match="set repeats higher"):
        list(Rehearsal(corpus=own, general=general, share=0.9).texts())
    assert Rehearsal(corpus=own, general=general, share=0.9, repeats=6.0).report().sources["general"] == pytest.approx(
        45_000, abs=20
    )


def test_a_split_parts_a_corpus_and_keeps_pieces_together() -> None:
    corpus = GivenTexts(given=("x",) * 2000, ids=tuple(f"d{i // 2}:{i % 2}" for i in range(2000)))
    sides = {
        side: {text.id for text in SplitOff(corpus=corpus, side=side, share=0.1, upto=":").texts()}
        for side in ("train", "held_out")
    }
    assert len(sides["train"]) + len(sides["held_out"]) == 2000
    assert not sides["train"] & sides["held_out"]
    assert 140 < len(sides["held_out"]) < 260
    documents = {side: {name.partition(":")[0] for name in ids} for side, ids in sides.items()}
    assert not documents["train"] & documents["held_out"]
    fewer = GivenTexts(given=("x",) * 100, ids=corpus.ids[:100])
    held = {text.id for text in SplitOff(corpus=fewer, side="held_out", share=0.1, upto=":").texts()}
    assert held == sides["held_out"] & set(fewer.ids)


def test_the_first_texts() -> None:
    corpus = _corpus("a", [10] * 9)
    assert len(list(FirstTexts(corpus=corpus, texts_most=4).texts())) == 4
    assert len(list(FirstTexts(corpus=corpus, characters=25).texts())) == 3
    assert len(list(FirstTexts(corpus=corpus).texts())) == 9


def test_the_account_tells_every_step() -> None:
    corpus = GivenTexts(given=(_GOOD, " " + _GOOD, "As\u200b tolerated.", "\x00"))
    report = QualityFiltered(corpus=Cleaned(corpus=corpus)).report()
    assert (report.texts, dict(report.dropped)) == (2, {"too few words": 1})
    below = report.below[0]
    assert (below.texts, below.changed, dict(below.dropped)) == (3, 2, {"empty": 1})
    assert below.below[0].texts == 4
    assert below.below[0].below == ()
    assert report.json()["below"][0]["below"][0]["name"] == "GivenTexts"
    assert len(report.lines()) == 3
    assert "1 too few words" in report.lines()[0]
    assert account(CohortNotes(patients=2)).texts == 2


def test_texts_are_left_as_they_are_but_for_their_text() -> None:
    corpus = GivenTexts(given=("a  b",), links=(("z",),), made="m")
    assert list(Cleaned(corpus=corpus).texts()) == [Text("0", "a b", "given", ("z",), "m")]
