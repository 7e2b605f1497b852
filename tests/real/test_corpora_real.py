"""The open texts of the data folder as a corpus: counts, links, doubles, molecules that come back."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from osler.core.types import Split
from osler.data.sets.pubmedqa import PubMedQA
from osler.tuning.corpora.cleaning import Cleaned, cleaned
from osler.tuning.corpora.contamination import overlap_with
from osler.tuning.corpora.deduplication import Deduplicated
from osler.tuning.corpora.filtering import QualityFiltered
from osler.tuning.corpora.open_texts import PARTS, OpenTexts
from osler.tuning.corpora.step import account
from osler.tuning.tokenizers.symbols import Smiles

pytestmark = pytest.mark.real
EVERY: tuple[Split, ...] = ("train", "valid", "test")


def test_all_parts_are_there_with_different_ids() -> None:
    seen: set[str] = set()
    report = account(OpenTexts(splits=EVERY))
    for text in OpenTexts(splits=EVERY).texts():
        assert text.id not in seen
        assert text.made == ""
        seen.add(text.id)
    assert set(report.sources) == set(PARTS)
    assert report.texts == 69_128
    assert 73_000_000 < report.characters < 73_400_000


def test_test_cases_are_left_out_unless_asked_for() -> None:
    whole, usual = (account(OpenTexts(parts=("pubmedqa",), splits=splits)) for splits in (EVERY, EVERY[:2]))
    assert (whole.texts, usual.texts) == (1000, 500)
    assert overlap_with(OpenTexts(parts=("pubmedqa",), splits=EVERY), PubMedQA()).dirty == 500
    assert overlap_with(OpenTexts(parts=("pubmedqa",)), PubMedQA()).dirty < 50


def test_links_are_of_the_data() -> None:
    texts = {text.id: text for text in OpenTexts(parts=("passages", "plaba")).texts()}
    linked = [text for text in texts.values() if text.links]
    assert len(linked) > 15_000
    assert all(other.partition(":")[0] == text.id.partition(":")[0] for text in linked for other in text.links)
    assert all(other in texts for text in linked if text.source == "passages" for other in text.links)


def test_steps_on_real_texts() -> None:
    report = QualityFiltered(corpus=Deduplicated(corpus=Cleaned(corpus=OpenTexts(splits=EVERY, first=400)))).report()
    below = report.below[0]
    assert below.below[0].texts > 4_900
    assert below.dropped["equal"] > 20
    assert 0.9 < report.texts / below.texts < 1
    assert report.characters > 0.95 * below.characters


def test_cleaning_real_texts_twice_changes_nothing_more() -> None:
    for text in OpenTexts(splits=EVERY, first=150).texts():
        once = cleaned(text.text)
        assert cleaned(once) == once
        assert len(once) > 0.97 * len(" ".join(text.text.split())) - 5


def test_molecules_come_back(data_folder: Path) -> None:
    found: list[str] = []
    for name in ("clintox", "esol", "chembl_smiles"):
        with gzip.open(data_folder / "molecules" / f"{name}.csv.gz", "rt") as opened:
            found += [row["smiles"].strip() for row in csv.DictReader(opened)][:20_000]
    made = Smiles().trained(found)
    ids = made(found, add_special_tokens=False)["input_ids"]
    assert made.batch_decode(ids) == found
    assert len(made) < 1000
