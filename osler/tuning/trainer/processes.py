"""The processes of one training: who they are, what they agree on, and gradients as one sum over all of them.

Any launcher that sets RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT starts a training in several processes
(torchrun, accelerate, Ray Train). Small facts go over gloo on the CPU, gradients over nccl where there are GPUs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from osler.core.errors import ModelError

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
Strategy = Literal["ddp", "fsdp"]
_BUCKET = 1 << 23  # elements that are summed over the processes at a time


class Processes:
    """One process: nothing to agree on. What the loop asks of its processes is written here."""

    rank = 0
    size = 1
    strategy: Strategy = "ddp"

    @property
    def writes(self) -> bool:
        """Whether this process writes files: the first alone does."""
        return self.rank == 0

    @property
    def scale(self) -> float:
        """What a loss is multiplied by before the backward pass, so that gradients come out as sums."""
        return 1.0

    def gathered(self, value: T) -> list[T]:
        """The ``value`` of every process, by rank; all must ask."""
        return [value]

    def told(self, value: T) -> T:
        """The value that the first process has; all must ask."""
        return value

    def begin(self, network: torch.nn.Module) -> None:
        """Make the networks of all processes equal, and shard them where the strategy says so."""

    def end(self, network: torch.nn.Module) -> None:
        """Undo ``begin``: plain, whole weights in every process."""

    def run(self, work: Callable[[], T]) -> T:
        """Do what calls the network, with all weights at hand."""
        return work()

    def add_gradients(self, weights: Sequence[torch.nn.Parameter]) -> None:
        """Sum the gradients over the processes."""

    def norm(self, weights: Sequence[torch.nn.Parameter], clip: float) -> float:
        """The norm of the whole gradient, which is cut to ``clip``."""
        import torch

        return float(torch.nn.utils.clip_grad_norm_(weights, clip))

    def whole(self, tensor: torch.Tensor) -> torch.Tensor:
        """A tensor of the network or the optimizer, whole, on the CPU; all processes must ask."""
        return tensor.detach().cpu()

    def fill(self, tensor: torch.Tensor, value: torch.Tensor) -> None:
        """Write a whole ``value`` into a tensor of the network or the optimizer."""
        tensor.copy_(value)

    def like(self, weight: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """A whole ``value`` placed as ``weight`` is (a state of the optimizer)."""
        return value.to(weight.device)


class Data(Processes):
    """Several processes with the whole network each ("ddp"). Their gradients are summed after the last pass."""

    def __init__(self) -> None:
        import torch.distributed as dist

        self.rank = dist.get_rank()
        self.size = dist.get_world_size()
        same = dist.get_backend() == "gloo"
        self._facts: Any = dist.group.WORLD if same else dist.new_group(backend="gloo")

    def gathered(self, value: T) -> list[T]:
        import torch.distributed as dist

        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value, group=self._facts)
        return found

    def told(self, value: T) -> T:
        import torch.distributed as dist

        held: list[Any] = [value]
        dist.broadcast_object_list(held, src=0, group=self._facts)
        return held[0]  # type: ignore[no-any-return]

    def begin(self, network: torch.nn.Module) -> None:
        import torch
        import torch.distributed as dist

        shapes = [(name, tuple(weight.shape), str(weight.dtype)) for name, weight in network.named_parameters()]
        if any(found != shapes for found in self.gathered(shapes)):
            raise ModelError("the processes of this training do not have the same network", kind="training")
        with torch.no_grad():
            for tensor in (*network.parameters(), *network.buffers()):
                flags = tensor.dtype == torch.bool  # gloo does not know them
                sent = tensor.to(torch.uint8) if flags else tensor.data
                dist.broadcast(sent, src=0)
                if flags:
                    tensor.copy_(sent)

    def add_gradients(self, weights: Sequence[torch.nn.Parameter]) -> None:
        import torch

        present = [any(flags) for flags in zip(*self.gathered([w.grad is not None for w in weights]), strict=True)]
        held = [weight for weight, there in zip(weights, present, strict=True) if there]
        for weight in held:
            if weight.grad is None:  # another process had use for it
                weight.grad = torch.zeros_like(weight)
        for bucket in _buckets([weight.grad for weight in held if weight.grad is not None]):
            _sum_over_processes(bucket)


def _buckets(tensors: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Tensors of one type in pieces of at most ``_BUCKET`` elements (one tensor at least)."""
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        bucket: list[torch.Tensor] = []
        for tensor in tensors:
            if tensor.dtype != dtype:
                continue
            if bucket and sum(one.numel() for one in bucket) + tensor.numel() > _BUCKET:
                yield bucket
                bucket = []
            bucket.append(tensor)
        if bucket:
            yield bucket


def _sum_over_processes(tensors: Sequence[torch.Tensor]) -> None:
    import torch
    import torch.distributed as dist

    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    for tensor, piece in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(piece.view_as(tensor))


_ONE = Processes()
_current: ContextVar[Processes] = ContextVar("processes", default=_ONE)


def current() -> Processes:
    """The processes that this training runs in: one, unless ``joined`` says otherwise."""
    return _current.get()


@contextmanager
def joined(strategy: Strategy = "ddp", *, timeout_s: float = 600.0) -> Iterator[Processes]:
    """Join the processes that the environment names, for all trainings in here; one process where it names none.

    ``timeout_s``: how long a process waits for the others before it gives up with an error.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield _ONE
        return
    import torch
    import torch.distributed as dist

    ours = not dist.is_initialized()  # Ray Train has set up the group by itself
    if ours:
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        dist.init_process_group(backend, timeout=timedelta(seconds=timeout_s))
    group: Processes
    if strategy == "fsdp":
        from osler.tuning.trainer.sharding import Sharded

        group = Sharded()
    else:
        group = Data()
    token = _current.set(group)
    try:
        yield group
    finally:
        _current.reset(token)
        if ours:
            dist.destroy_process_group()


def device_of() -> torch.device:
    """The device that trainings of this process run on: its GPU where there is one, else the CPU."""
    import torch

    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())


def total(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Sums by name over the processes."""
    found: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            found[name] = found.get(name, 0.0) + value
    return found
