"""The experiment on GeneGPT: its claims in a quick run, and its formula against a count by hand."""

from __future__ import annotations

import itertools
import re

import pytest

from osler.experiments import experiment
from osler.experiments.genegpt import PROMPTS, TAUGHT, theory
from osler.prompting.api_calls_texts import BLOCKS
from osler.tools.ncbi_genes import KINDS


def test_the_quick_run_holds() -> None:
    outcome = experiment("genegpt", quick=True)
    assert not outcome.failed, outcome.failed
    assert len(outcome.claims) == 7
    assert [row[0] for row in outcome.tables[0].rows] == [name for name, _ in PROMPTS.values()]
    assert len(outcome.tables[1].rows) == 5
    for curve in outcome.figures[1].curves:
        assert all(0 <= point.y <= 1 for point in curve.points)


@pytest.mark.parametrize(
    ("mask", "free", "share"),
    [
        ("111111", 0.0, 1.0),
        ("001001", 0.0, 3 / 6),
        ("001001", 1.0, 1.0),
        ("001000", 0.5, (2 + 3 * 0.5) / 6),  # two kinds shown, three others of E-utilities, none of BLAST
        ("000001", 1.0, 1 / 6),
        ("110000", 1.0, 0.0),
    ],
)
def test_the_formula_by_hand(mask: str, free: float, share: float) -> None:
    assert theory(mask, free) == pytest.approx(share)


def test_more_demonstrations_never_teach_less() -> None:
    masks = ["".join(bits) for bits in itertools.product("01", repeat=6)]
    for mask, free in itertools.product(masks, (0.0, 0.3, 1.0)):
        for at in range(6):
            assert theory(mask[:at] + "1" + mask[at + 1 :], free) >= theory(mask, free)


def test_what_is_taught_is_what_the_demonstrations_show() -> None:
    """The kinds of each demonstration, read off its addresses."""
    wanted = {
        "gene": ("alias", "location"),
        "snp": ("snp_gene", "snp_location"),
        "omim": ("disease",),
        "": ("alignment",),
    }
    for block, kinds in zip(BLOCKS[2:], TAUGHT, strict=True):
        found = re.search(r"[?&]db=(\w+)", block)
        assert kinds == wanted[found[1] if found else ""]
    assert sorted(itertools.chain(*TAUGHT)) == sorted(KINDS)
