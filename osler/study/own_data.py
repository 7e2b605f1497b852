"""Texts and dialogues that a stage learns from, beside the study's cases: what of the test cases stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from osler.evaluation.consultation.engine import Interactive
from osler.study.dataset import Dataset, case_text, inside
from osler.study.resolve import Study
from osler.tuning.corpora.contamination import overlap_with
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.dialogue.conversation import Conversations
from osler.tuning.preference.preference import Preferences
from osler.tuning.stage import Stage


def contaminated(study: Study, data: Dataset) -> list[str]:
    """A warning for each model whose own texts hold runs of words of test cases. DataError where texts are missing."""
    if isinstance(study.task, Interactive):
        return []
    tested = {example.id: case_text(example, study.task) for example in data.test}
    found = []
    for entry in study.models:
        for held in inside(entry.block):
            corpus = texts_of(getattr(held, "data", None)) if isinstance(held, Stage) else None
            if corpus is None:
                continue
            met = overlap_with(corpus, tested)
            if met.dirty:
                found.append(f"{entry.name} learns from texts that hold words of test cases: {met.told()}")
    return found


def texts_of(data: Any) -> Corpus | None:
    """What a stage learns from as texts; None for cases of a task, which are held against each other elsewhere."""
    if isinstance(data, Corpus):
        return data
    return _Spoken(data) if isinstance(data, (Conversations, Preferences)) else None


@dataclass(frozen=True)
class _Spoken:
    """Conversations or preferences as a corpus: a text for each."""

    data: Any

    def texts(self) -> Iterator[Text]:
        if isinstance(self.data, Conversations):
            for one in self.data.conversations():
                yield Text(one.id, "\n".join(turn.text for turn in one.turns), one.source, made=one.made)
        else:
            for row in self.data.preferences():
                said = [turn.text for turn in row.prompt]
                yield Text(row.id, "\n".join([*said, row.chosen, row.rejected]), row.source)
