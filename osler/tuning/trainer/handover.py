"""What the launching process and its workers write to each other: the work as a file, progress, the end, a stop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from osler.core.block import from_spec, is_block, to_spec
from osler.core.types import Prompt
from osler.tuning.trainer.record import Progress
from osler.tuning.trainer.work import Pairs

if TYPE_CHECKING:
    from osler.tuning.stage import Stage
    from osler.tuning.trainer.launch import Launch

SPEC, PROGRESS, ENDING, STOP = "work.json", "progress.jsonl", "ending.json", "stop"


def written(
    folder: Path, stage: Stage, identity: Mapping[str, Any], pairs: Pairs, *, seed: int, launch: Launch
) -> Path:
    """The work as a file for workers. It holds the study's training cases, so only its owner may read it."""
    file = folder / SPEC
    file.touch(mode=0o600)
    work = {
        "stage": to_spec(stage),
        "shelf": str(Path(stage.shelf).absolute()) if stage.shelf else "",
        "identity": identity,
        "pairs": [[_prompt_json(prompt), answer] for prompt, answer in pairs],
        "seed": seed,
        "launch": to_spec(launch),
        "modules": modules_of(stage),
    }
    file.write_bytes(orjson.dumps(work))
    return file


def read(file: Path) -> dict[str, Any]:
    """The work of ``written``: stage, shelf, identity, pairs, seed, launch."""
    work: dict[str, Any] = orjson.loads(file.read_bytes())
    for name, place in work["modules"]:
        _import(name, place)
    work["stage"], work["launch"] = from_spec(work["stage"]), from_spec(work["launch"])
    work["pairs"] = [(_prompt_from(prompt), answer) for prompt, answer in work["pairs"]]
    return work


def modules_of(value: Any) -> list[list[str]]:
    """Name and file of each module that defines a block in ``value``; the file is "" for our own package."""
    found: dict[str, str] = {}
    _modules(value, found)
    return [[name, place] for name, place in found.items()]


def _modules(value: Any, found: dict[str, str]) -> None:
    if is_block(value):
        name = type(value).__module__
        place = getattr(sys.modules.get(name), "__file__", None) or ""
        found[name] = "" if name.partition(".")[0] == "osler" else str(Path(place).absolute())
        for one in fields(value):
            _modules(getattr(value, one.name), found)
    elif isinstance(value, Mapping):
        for item in value.values():
            _modules(item, found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _modules(item, found)


def _import(name: str, place: str) -> None:
    """Import a module of ours by its name, and one of the user's from its own file: no folder joins the path."""
    if name in sys.modules:
        return
    if not place:
        import_module(name)
        return
    spec = spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _prompt_json(prompt: Prompt) -> dict[str, Any]:
    return {one.name: to_spec(getattr(prompt, one.name)) for one in fields(prompt)}


def _prompt_from(held: Mapping[str, Any]) -> Prompt:
    found = {name: from_spec(value) for name, value in held.items() if name != "schema"}
    return Prompt(**found, schema=held["schema"])  # a schema is anybody's JSON, not a spec of ours


class Told:
    """What comes from the workers, for the launching process. ``folder`` is shared with them."""

    def __init__(self, folder: Path, tell: Callable[[Progress], None] | None) -> None:
        self.folder = folder
        self._tell = tell
        self._read = 0

    def pass_on(self) -> None:
        """Tell all whole lines of progress that came since the last time."""
        file = self.folder / PROGRESS
        if self._tell is None or not file.exists():
            return
        with file.open("rb") as opened:
            opened.seek(self._read)
            text = opened.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._tell(Progress(*orjson.loads(line)))

    def ask_to_stop(self, number: int) -> None:
        """Ask the workers to write a checkpoint and end."""
        (self.folder / STOP).write_text(str(number), "ascii")

    def ending(self) -> Mapping[str, Any]:
        """How the first worker that failed ended; {} where none could say."""
        files = sorted(self.folder.glob(f"*.{ENDING}"), key=lambda file: file.stat().st_mtime_ns)
        ends: Sequence[Mapping[str, Any]] = [orjson.loads(file.read_bytes()) for file in files]
        told = [end for end in ends if end.get("stopped") or end.get("ours")]
        return (told or ends or [{}])[0]


def say_to(folder: Path) -> Callable[[Progress], None]:
    """What a worker tells its progress by."""

    def say(progress: Progress) -> None:
        with (folder / PROGRESS).open("ab") as opened:
            opened.write(orjson.dumps([*progress[:2], dict(progress.losses), *progress[3:]]) + b"\n")

    return say
