"""Which trials fit this patient? Patients of SIGIR 2016 and TREC Clinical Trials 2021 and 2022 with judged trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from osler.core.block import block
from osler.core.types import Example, Passage, Split
from osler.data.sets.kept import as_json, kept, published_rows
from osler.data.sets.tables import filled, published_table


@block
class TrialSearch:
    """Patients, all as ``test``, of whom at least one trial that is held here was judged potential or eligible.

    ``meta["relevance"]`` holds the grade of each judged trial that is held: 0 not relevant, 1 excluded (TREC) or
    potential (SIGIR), 2 eligible. Most judged trials are NOT held (635 of them carry 900 of 75,061 judgements), so that
    figures do not compare with published ones. The target is the JSON list of trials with a grade, best first.
    ``input``: note, candidates (the judged trials, ((id, text), ...), by id). ``passages()``: all 4,868 trials.
    Source: Jin et al. 2024, Nat Commun 15:9074; Koopman & Zuccon 2016; Roberts et al. 2021, 2022; trial texts of
    ClinicalTrials.gov.
    """

    candidates: int = 1

    title: ClassVar[str] = "TrialGPT patients and judged trials"
    licence: ClassVar[str] = "public domain (NCBI, NIST, NLM)"
    citation: ClassVar[str] = "Jin et al., Matching patients to clinical trials with large language models, 2024"
    synthetic: ClassVar[bool] = False
    cautions: ClassVar[tuple[str, ...]] = (
        "Of the judged trials only about one in a hundred is held: recall and ranking over them do not compare with "
        "published figures.",
        "Of the 72 patients 30 have exactly one fitting trial that is held (median 2); the 112 without one are left out.",
    )

    def examples(self, split: Split) -> Sequence[Example]:
        """Every patient for ``test`` with at least ``candidates`` judged trials; none for other splits."""
        return kept(self, split, self._all)

    def passages(self) -> tuple[Passage, ...]:
        """The trials that can be found, 4,868 of them, each with its conditions, interventions and criteria."""
        columns = ("nct_id", "conditions", "interventions", "criteria")
        found = published_rows("trialgpt/ctgov_trials.jsonl.gz", columns, what=self.title)
        return tuple(Passage(id=row["nct_id"], text=trial_text(row)) for row in found)

    def _all(self) -> Iterator[tuple[Split, Example]]:
        found = published_rows("trialgpt/patients.jsonl.gz", ("cohort", "patient_id", "note"), what=self.title)
        filled(found, ("note",), what=self.title)
        texts = {passage.id: passage.text for passage in self.passages()}
        grades: dict[str, dict[str, int]] = {}
        for row in published_table(
            "trialgpt/qrels.tsv.gz", ("cohort", "patient_id", "nct_id", "score"), what=self.title
        ):
            if row["nct_id"] in texts:
                grades.setdefault(row["patient_id"], {})[row["nct_id"]] = int(row["score"])
        for row in found:
            relevance = grades.get(row["patient_id"], {})
            good = sorted((name for name, grade in relevance.items() if grade), key=lambda n: (-relevance[n], n))
            if not good or len(relevance) < self.candidates:
                continue
            yield (
                "test",
                Example(
                    id=row["patient_id"],
                    input={
                        "note": row["note"].strip(),
                        "candidates": tuple((name, texts[name]) for name in sorted(relevance)),
                    },
                    target=as_json(good),
                    meta={"relevance": relevance, "cohort": row["cohort"]},
                ),
            )


def trial_text(row: Mapping[str, Any]) -> str:
    """A trial as one text: conditions, interventions, and its criteria as they stand in the registry."""
    conditions, interventions = (", ".join(row[key]) for key in ("conditions", "interventions"))
    return f"Conditions: {conditions}\nInterventions: {interventions}\n{row['criteria'].strip()}"
