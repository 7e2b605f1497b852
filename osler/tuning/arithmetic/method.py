"""What all ways of merging share: where a weight stands, whose share counts how much, and what a small change is added to."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from osler.core.errors import SpecError

if TYPE_CHECKING:
    import torch

Part = Literal["attention", "feed_forward", "rest"]
_FORWARD = ("mlp", "ffn", "feed_forward", "intermediate", "experts", "lin1", "lin2", "fc1", "fc2")


class Place(NamedTuple):
    """Where a tensor stands: its name, the block it is in (None outside of them), how many blocks there are, and the seed
    of the merge."""

    name: str
    block: int | None = None
    blocks: int = 0
    seed: int = 0

    @property
    def part(self) -> Part:
        """What the tensor does in its block; norms and all that is outside of blocks are the rest."""
        if self.block is None:
            return "rest"
        words = self.name.lower().split(".")
        if any("norm" in word or word.startswith("ln_") for word in words):
            return "rest"
        if any("attn" in word or "attention" in word for word in words):
            return "attention"
        bert = any(one == "output" and two == "dense" for one, two in itertools.pairwise(words))
        return "feed_forward" if bert or any(word in _FORWARD for word in words) else "rest"

    def number(self, model: int) -> int:
        """A seed of its own for this tensor of the model ``model``."""
        told = f"{self.seed}/{model}/{self.name}".encode()
        return int.from_bytes(hashlib.blake2b(told, digest_size=7).digest(), "big")


@runtime_checkable
class Method(Protocol):
    """A block that merges a tensor of several models."""

    @property
    def from_base(self) -> bool:
        """Whether it adds changes to a base, which it must then be given."""
        ...

    def refuse(self, models: int) -> None:
        """SpecError where it cannot merge so many models."""
        ...

    def merged(self, tensors: Sequence[torch.Tensor], base: torch.Tensor | None, place: Place) -> torch.Tensor:
        """The merged tensor, of the shape and the wide type that ``tensors`` and ``base`` have."""
        ...


def places(names: Iterable[str], seed: int = 0) -> list[Place]:
    """The place of each tensor name; the first number in a name is that of its block."""
    found = [(name, re.search(r"\.(\d+)\.", name)) for name in names]
    blocks = max((int(number[1]) + 1 for _, number in found if number), default=0)
    return [Place(name, int(number[1]) if number else None, blocks, seed) for name, number in found]


def shares_of(shares: Sequence[float], models: int) -> tuple[float, ...]:
    """``shares``, or an equal one for each where there are none."""
    return tuple(shares) if shares else (1 / models,) * models


def refuse_shares(name: str, shares: Sequence[float], models: int) -> None:
    if not models or (shares and len(shares) != models):
        raise SpecError(
            f"{name} has {len(shares)} shares for {models} models", hint="give one share for each model, or none"
        )


def check_density(name: str, density: float, shares: Sequence[float]) -> None:
    if not 0 < density <= 1:
        raise SpecError(f"{name}.density must be above 0 and at most 1, got {density:g}", hint="density = 0.5")
    if any(not math.isfinite(share) or share <= 0 for share in shares):
        raise SpecError(f"{name}.shares must be above 0", hint="leave out a model instead of giving it 0")


def moved(start: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """``start + change``, and ``start`` bit for bit where nothing changes (a zero would lose its sign)."""
    import torch

    return torch.where(change == 0, start, start + change)


def need_base(base: torch.Tensor | None) -> torch.Tensor:
    if base is None:
        raise SpecError("this merge adds changes to a base and has none", hint="give merged.base")
    return base


def elected(changes: Sequence[torch.Tensor], shares: Sequence[float], *, mean: bool) -> torch.Tensor:
    """The changes that have the sign which weighs more (Yadav et al. 2023, sections 3.2 and 3.3), by their shares: added up,
    or with ``mean`` averaged over those that count at a place. Where both signs weigh the same, plus is taken."""
    import torch

    weighed = [share * change for share, change in zip(shares, changes, strict=True)]
    sign = torch.where(sum_of(weighed) >= 0, 1.0, -1.0).to(weighed[0].dtype)
    agree = [change.sign() == sign for change in weighed]
    found = sum_of([change * one for change, one in zip(weighed, agree, strict=True)])
    if not mean:
        return found
    over = sum_of([share * one.to(found.dtype) for share, one in zip(shares, agree, strict=True)])
    return torch.where(over == 0, found, found / torch.where(over == 0, 1.0, over))


def sum_of(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    found = parts[0]
    for part in parts[1:]:
        found = found + part
    return found
