"""A reply that is a label and nothing else is read at once, by the rule it always had."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from osler.evaluation.parsing import EMPTY, parse

words = st.text(alphabet="abcdefgh ", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(st.lists(words, min_size=2, max_size=6, unique=True), st.data())
def test_the_bare_label_is_itself(labels: list[str], data: st.DataObject) -> None:
    label = data.draw(st.sampled_from(labels))
    found = parse(label, labels)
    assert (found.answer, found.rule, found.rationale, found.evidence) == (label, "alone", "", None)
    assert parse(label, labels, mode="strict").answer is None


def test_a_letter_is_read_before_an_option_of_that_name() -> None:
    assert parse("A", ("A", "B"), choices=("B", "A"), lettered=True).answer == "A"
    assert parse("", ("", "x")).rule == EMPTY
