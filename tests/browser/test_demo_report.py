"""The report of a real run, opened in Chromium: nothing is fetched, nothing fails, what it says is what was found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.browser
STUDY = """
question = "Is the page of a real run sound?"
task = "trial_matching"
data = { source = "cohort", patients = 8, train_patients = 12, trials = 4 }
models = ["majority", { use = "simulated", skill = 0.8, format_failure = 0.1 }]
systems = ["zero_shot", "structured"]
exclude = [{ model = "majority", system = "structured" }]
metrics = ["accuracy", "macro_f1", "parse_rate"]
"""


def test_the_page_of_a_real_run(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    (tmp_path / "page.toml").write_text(STUDY, encoding="utf-8")
    words = [sys.executable, "-m", "osler", "run", "page.toml"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "reports" / "page"
    watched = open_page((folder / "report.html").as_uri(), width=1280, height=900)
    page = watched.page
    assert not watched.problems
    results = json.loads((folder / "bundle" / "results.json").read_text(encoding="utf-8"))
    text = page.inner_text("main")
    for row in results["systems"]:
        assert row["name"] in text
        assert f"{100 * row['estimates']['accuracy']['value']:.1f} %" in text
    assert "synthetic" in text.lower()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
