"""What all training stages share: a model made from a model and data, once, kept on the shelf, served from its folder.

A stage is a block that is a Model. Before training it is a plan; ``train`` gives a copy whose field ``weights`` names
what came out, by hash, so that the id evaluated is the id served. The base may be a stage itself: it is trained first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from osler.core.block import canonical, digest, replace, to_spec
from osler.core.content import content_hash_of
from osler.core.errors import ModelError, SpecError
from osler.core.types import Message, Reply
from osler.data.source import Source
from osler.models.embedding import Embedded
from osler.models.encoder import Encoder
from osler.models.local import Local
from osler.models.minilm import Floats, model_folder
from osler.tuning.schedule import Schedule
from osler.tuning.shelf import Held, Shelf
from osler.tuning.trainer.launch import Launch
from osler.tuning.trainer.making import found_or_built
from osler.tuning.trainer.record import Record
from osler.tuning.trainer.work import Pairs, Tell, Work

__all__ = ["Pairs", "Record", "Stage", "Tell", "Work", "base_hash", "folder_of", "made", "stages_in"]
FORMAT = 1
_HERE = Launch()


class Stage:
    """The part of a training stage that is the same for all; a stage is ``@block class X(Stage)`` with these fields.

    ``build`` trains and writes a model folder that ``Local`` can read; it returns the record and figures for the card.
    ``data_hash`` names the data. ``reads_pairs`` says whether the study's training cases are learnt from.
    """

    base: Any
    schedule: Schedule
    weights: str
    shelf: str

    operational: ClassVar[tuple[str, ...]] = ("shelf",)

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        raise NotImplementedError

    def data_hash(self, pairs: Pairs) -> str:
        """Hash of all rows that are learnt from; called before training, and part of its identity."""
        raise NotImplementedError

    @property
    def reads_pairs(self) -> bool:
        """Whether cases of the study's task are what this stage learns; False where it has texts or dialogues of its own."""
        data = getattr(self, "data", None)
        return data is None or isinstance(data, Source)

    @property
    def wants_pairs(self) -> bool:
        """Whether this stage, or one that it stands on, learns from cases of the study's task."""
        return self.reads_pairs or any(stage.wants_pairs for stage in stages_in(self))

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "score", "train"})

    async def train(self, pairs: Pairs = (), *, seed: int = 0, tell: Tell | None = None) -> Self:
        """A copy with weights: trained now, base first, or found on the shelf. ``tell``: see ``made``."""
        return await asyncio.to_thread(made, self, pairs, seed=seed, tell=tell)

    @property
    def folder(self) -> Path:
        """The folder of the trained model. ModelError before training, and where it is not on this machine."""
        return self.held.folder

    @property
    def held(self) -> Held:
        known: Held | None = self.__dict__.get("_held")
        if known is not None:
            return known
        name = type(self).__name__
        if not self.weights:
            raise ModelError(f"{name} has not been trained", hint="osler train, or model.train()", kind="untrained")
        key, _, weights = self.weights.partition("/")
        found = Shelf(self.shelf).find(key)
        if found is None or found.manifest["weights"] != weights:
            raise ModelError(
                f"the trained {name} {self.weights} is not on this machine",
                hint="copy its folder to the folder OSLER_MODELS, or train it again",
                kind="missing",
            )
        self.__dict__["_held"] = found
        return found

    def content_hash(self) -> str:
        return self.weights or digest(canonical(to_spec(self, identity=True)))

    @property
    def local(self) -> Local:
        """The trained model as a Local over its folder."""
        return Local(path=str(self.folder))

    @property
    def context(self) -> int:
        """Tokens that the trained model reads; 0, not known, before training."""
        return self.local.context if self.weights else 0

    async def count(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        return await self.local.count(messages, schema=schema, tools=tools)

    async def embed(self, texts: Sequence[str]) -> Floats:
        return await self.local.embed(texts)

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        return await self.local.embedded(texts)

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        return await self.local.generate(
            messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self.local.score(messages, choices)


def _holds_stage(value: Any) -> bool:
    return any(isinstance(item, Stage) for item in (value if isinstance(value, tuple) else (value,)))


def stages_in(stage: Stage) -> list[Stage]:
    """The stages that stand in the fields of a stage, not those inside them."""
    values = [getattr(stage, name) for name in stage.__dataclass_fields__]  # type: ignore[attr-defined]
    flat = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return [item for item in flat if isinstance(item, Stage)]


def made(
    model: Any,
    pairs: Pairs = (),
    *,
    seed: int = 0,
    shelf: str | Path = "",
    tell: Tell | None = None,
    launch: Launch = _HERE,
) -> Any:
    """``model`` with weights: every stage in it trained, base first, or found on the shelf; anything else as it is.

    ``shelf``: the folder of the models, in place of the stage's own. ``tell``: gets the stage's name and its progress.
    ``launch``: in how many processes, and who starts them.
    """
    if not isinstance(model, Stage):
        return model
    if model.weights:
        _ = model.held  # it must be there, and unchanged; it stays on its own shelf
        return model
    here = replace(model, shelf=str(shelf)) if shelf else model

    def trained(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(trained, value))
        return made(value, pairs, seed=seed, shelf=here.shelf, tell=tell, launch=launch)

    held_in = {name: getattr(here, name) for name in here.__dataclass_fields__}  # type: ignore[attr-defined]
    inner = {name: trained(value) for name, value in held_in.items() if _holds_stage(value)}
    ready = replace(here, **inner) if inner else here
    used = pairs if ready.reads_pairs else ()
    if ready.reads_pairs and not len(used):
        raise SpecError(
            f"{type(ready).__name__} has no data to learn from",
            hint="give it data = ..., or a study with training cases",
        )
    held = _find_or_build(ready, used, seed, tell, launch)
    done = replace(here, weights=f"{held.folder.name}/{held.manifest['weights']}")
    done.__dict__["_held"] = held
    return done


def _find_or_build(stage: Stage, pairs: Pairs, seed: int, tell: Tell | None, launch: Launch) -> Held:
    identity = {
        "format": FORMAT,
        "stage": type(stage).__name__,
        "spec": to_spec(stage, identity=True),
        "base": base_hash(stage.base),
        "data": stage.data_hash(pairs),
        "seed": seed,
    }
    return found_or_built(stage, identity, pairs, seed=seed, tell=tell, launch=launch)


def base_hash(base: Any) -> str:
    """Hash of the weights of a base; of a shape or of anything without a folder, of its spec."""
    if isinstance(base, Stage):
        return base.weights
    folder = folder_of(base)
    return content_hash_of(folder) if folder is not None else digest(canonical(to_spec(base, identity=True)))


def folder_of(model: Any) -> Path | None:
    """The folder that a model's weights are in; None for a shape and for what has no folder.

    ``Encoder()`` is the installed MiniLM. A hub name is looked up among the models downloaded to this machine, and
    downloaded where ``local_files_only`` is false.
    """
    if isinstance(model, Stage):
        return model.folder
    if isinstance(model, Encoder):
        return model_folder("")
    if isinstance(model, Local):
        return Path(model.path) if Path(model.path).is_dir() else _snapshot(model)
    return None


def _snapshot(model: Local) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(model.path, revision=model.revision or None, local_files_only=model.local_files_only)
        )
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the base {model.path!r} is not on this machine",
            hint="download it and give its folder, or set local_files_only = false",
            kind="missing",
        ) from error
