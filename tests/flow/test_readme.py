"""What the README shows must work as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def run(words: list[str], cwd: Path) -> str:
    done = subprocess.run([sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_ten_line_study_runs_and_so_do_the_commands(tmp_path: Path) -> None:
    [study] = blocks("toml")
    assert len(study.strip().splitlines()) <= 10
    commands = [line.split("#")[0].split() for line in README.splitlines() if line.startswith("osler ")]
    assert len(commands) >= 8
    written: list[str] = []
    for words in commands:
        if words[1] == "bench":
            continue
        if words[1] == "new":
            run(words, tmp_path)
            (tmp_path / "my.toml").write_text(study, encoding="utf-8")
            continue
        if words[1] == "show":
            import json

            results = json.loads((tmp_path / "reports/my/bundle/results.json").read_text(encoding="utf-8"))
            words = [word if word != "CASE" else results["cases"][0]["id"] for word in words]
        run(words, tmp_path)
        written.append(words[1])
    assert written == ["check", "run", "status", "show", "score", "list"]
    assert (tmp_path / "reports/my/report.html").stat().st_size > 20_000


def test_every_link_of_readme_and_docs_leads_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_every_page_is_within_two_clicks_of_the_readme() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in README or f"({page.name})" in index, page.name
