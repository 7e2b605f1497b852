"""The scanner of documents on real text: textbooks, consumer answers and abstracts are not flagged."""

from __future__ import annotations

import pytest

from osler.core.statistics.proportion import interval_of_proportion
from osler.data.published import locate, rows
from osler.experiments import experiment
from osler.knowledge.suspicious import suspicious

SOURCES = (
    ("openstax/passages.jsonl.gz", "text", 5),
    ("medquad/medquad.jsonl.gz", "answer", 20),
    ("cmexam_val/cmexam_val.jsonl.gz", "explanation", 5),
    ("deid_meddocan/meddocan.jsonl.gz", "text", 10),
)


@pytest.mark.real
@pytest.mark.parametrize(("name", "column", "every"), SOURCES)
def test_real_text_is_hardly_ever_flagged(name: str, column: str, every: int) -> None:
    found = [str(row[column] or "") for row in rows(locate(name, what="the test"), what="the test")][::every]
    flagged = sum(map(suspicious, found))
    ends, _ = interval_of_proportion(flagged, len(found))
    assert flagged / len(found) < 0.005
    assert ends.low < 0.005


@pytest.mark.real
def test_a_wrong_pooling_is_measured() -> None:
    outcome = experiment("chat_orthopedist", quick=True)
    assert not outcome.failed, [claim.seen for claim in outcome.failed]
    assert outcome.claims[0].holds
