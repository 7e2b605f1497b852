"""``osler knowledge add`` and ``update`` over documents that are there already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

LABEL = """---
id: zelvarine
title: Zelvarine label
licence: CC0
valid_to: 2099-01-01
---
# Dosage

Adults take 40 mg of zelvarine once daily.

# Warnings

Not in pregnancy.
"""


@pytest.fixture
def shelf(workplace: Any) -> Path:
    folder = workplace.path / "leaflets"
    folder.mkdir()
    (folder / "label.md").write_text(LABEL, encoding="utf-8")
    (folder / "aspirin.txt").write_text("Aspirin thins the blood. Take 100 mg daily.", encoding="utf-8")
    workplace.osler("knowledge", "add", "kb", "leaflets", "--source", "shelf")
    path: Path = workplace.path
    return path / "kb"


def test_add_names_what_it_changes_and_does_not_bring_back_an_older_version(workplace: Any, shelf: Path) -> None:
    (workplace.path / "new.md").write_text(LABEL.replace("40 mg", "20 mg"), encoding="utf-8")
    workplace.osler("knowledge", "update", "kb", "new.md", "--id", "zelvarine", "--why", "new label")
    said = workplace.osler("knowledge", "add", "kb", "leaflets", "--source", "shelf")
    assert said.status == 0
    assert "equals version 1 of zelvarine, which was changed since; left as it is (use update to bring it back)" in (
        " ".join(said.out.split())
    )
    assert said.out.endswith("Nothing was changed: 1 as they were, 1 left as they are.\n")
    assert "20 mg" in workplace.osler("knowledge", "show", "kb", "--id", "zelvarine").out
    (workplace.path / "leaflets" / "aspirin.txt").write_text("Aspirin thins the blood. Take 75 mg.", encoding="utf-8")
    said = workplace.osler("knowledge", "add", "kb", "leaflets", "--source", "shelf", "--json").json
    assert (said["created"], said["updated"], said["unchanged"]) == (0, 1, 0)
    assert said["updated_ids"] == [{"id": "aspirin", "before": 1, "after": 2}]
    assert (said["created_ids"], said["left_ids"]) == ([], ["zelvarine"])
    (workplace.path / "leaflets" / "aspirin.txt").write_text("Aspirin thins the blood. Take 50 mg.", encoding="utf-8")
    assert "changed: aspirin, version 2 -> 3\n" in workplace.osler("knowledge", "add", "kb", "leaflets").out
    back = workplace.osler("knowledge", "update", "kb", "leaflets/label.md", "--id", "zelvarine")
    assert "zelvarine is now version 3" in back.out


def test_an_update_keeps_what_the_file_does_not_say(workplace: Any, shelf: Path) -> None:
    (workplace.path / "bare.md").write_text("# Dosage\n\nAdults take 10 mg of zelvarine.\n", encoding="utf-8")
    said = workplace.osler("knowledge", "update", "kb", "bare.md", "--id", "zelvarine")
    assert "bare.md: does not say its source, title, licence, valid to: kept as before" in said.out
    held = workplace.osler("knowledge", "show", "kb", "--id", "zelvarine", "--json").json
    assert [held[name] for name in ("title", "source", "licence", "valid_to")] == [
        "Zelvarine label", "shelf", "CC0", "2099-01-01",
    ]  # fmt: skip
    workplace.osler("knowledge", "update", "kb", "bare.md", "--id", "zelvarine", "--source", "desk", "--licence", "MIT")
    held = workplace.osler("knowledge", "show", "kb", "--id", "zelvarine", "--json").json
    assert (held["source"], held["licence"], held["title"]) == ("desk", "MIT", "Zelvarine label")
