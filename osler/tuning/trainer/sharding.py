"""Every process holds a share of the weights, gradients and optimizer state ("fsdp"): torch's ``fully_shard``.

The layers of the network (elements of its module lists) are gathered one at a time, everything else for the length of
a forward pass. Transformers' and accelerate's FSDP settings fall back to whole copies on a CPU without a word; this
shards on gloo as on nccl, so tests on a CPU test it. Parameter *objects* are replaced: hold modules, not parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from osler.core.errors import ModelError
from osler.tuning.trainer.processes import Data, Strategy

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks")


class Sharded(Data):
    """Several processes with a share of the network each."""

    strategy: Strategy = "fsdp"

    def __init__(self) -> None:
        super().__init__()
        self._whole: Any = None
        self._plain: list[tuple[torch.nn.Module, type, dict[str, Any]]] = []
        self._places: list[list[tuple[torch.nn.Module, str]]] = []

    @property
    def scale(self) -> float:
        return float(self.size)  # fully_shard takes the mean over the processes

    def begin(self, network: torch.nn.Module) -> None:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        from osler.tuning.trainer.sharding_layers import Whole

        super().begin(network)
        kind = next(network.parameters()).device.type
        mesh = init_device_mesh(kind, (self.size,))
        self._remember(network)
        for layer in _layers(network):
            fully_shard(layer, mesh=mesh)
        self._whole = fully_shard(Whole(network), mesh=mesh)

    def end(self, network: torch.nn.Module) -> None:
        """Whole weights on the CPU again, as plain modules: they may be too many for one GPU."""
        import torch

        if self._whole is None:
            return
        self._reshard()
        whole: list[torch.nn.Parameter] = []
        for places in self._places:
            module, name = places[0]
            weight = module._parameters[name]
            assert weight is not None
            whole.append(torch.nn.Parameter(self.whole(weight), requires_grad=weight.requires_grad))
        for module, kind, state in self._plain:
            module.__class__ = kind
            for name, hooks in state.items():
                held = getattr(module, name)
                held.clear()
                held.update(hooks)
            for key in [key for key in vars(module) if key.startswith("__composable")]:
                del module.__dict__[key]  # torch's mark that the module is sharded
        for places, parameter in zip(self._places, whole, strict=True):
            for module, name in places:
                module._parameters[name] = parameter
        self._whole, self._plain, self._places = None, [], []
        network.to("cpu")

    def run(self, work: Callable[[], T]) -> T:
        import torch

        found: T = self._whole(work)
        if not torch.is_grad_enabled():
            self._reshard()  # after a backward pass this happens by itself
        return found

    def add_gradients(self, weights: Sequence[torch.nn.Parameter]) -> None:
        """Nothing is left to do: every backward pass has summed its own."""

    def norm(self, weights: Sequence[torch.nn.Parameter], clip: float) -> float:
        import torch

        found: Any = torch.nn.utils.clip_grad_norm_(weights, clip)
        return float(found.full_tensor() if hasattr(found, "full_tensor") else found)

    def whole(self, tensor: torch.Tensor) -> torch.Tensor:
        held: Any = tensor.detach()
        return (held.full_tensor() if hasattr(held, "full_tensor") else held).cpu()

    def fill(self, tensor: torch.Tensor, value: torch.Tensor) -> None:
        tensor.copy_(self.like(tensor, value))

    def like(self, weight: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        from torch.distributed.tensor import distribute_tensor

        held: Any = weight
        if not hasattr(held, "placements"):
            return value.to(weight.device)
        return distribute_tensor(value.to(weight.device), held.device_mesh, held.placements, src_data_rank=None)

    def _reshard(self) -> None:
        from torch.distributed.fsdp import FSDPModule

        for module in self._whole.modules():
            if isinstance(module, FSDPModule):
                module.reshard()

    def _remember(self, network: torch.nn.Module) -> None:
        """What every module was before, and all the places where each weight stands (tied weights have several)."""
        places: dict[int, list[tuple[torch.nn.Module, str]]] = {}
        for module in network.modules():
            self._plain.append((module, type(module), {name: dict(getattr(module, name)) for name in _HOOKS}))
            for name, weight in module._parameters.items():
                if weight is not None:
                    places.setdefault(id(weight), []).append((module, name))
        self._places = list(places.values())


def _layers(network: torch.nn.Module) -> list[torch.nn.Module]:
    """The outermost elements of module lists whose weights stand nowhere else in the network."""
    import torch

    stands: dict[int, int] = {}
    for module in network.modules():
        for weight in module._parameters.values():
            if weight is not None:
                stands[id(weight)] = stands.get(id(weight), 0) + 1
    found: list[torch.nn.Module] = []
    inside: set[int] = set()
    for module in network.modules():
        if id(module) in inside or not isinstance(module, torch.nn.ModuleList):
            continue
        inside |= {id(one) for one in module.modules()}
        for layer in module:
            held: dict[int, int] = {}
            for one in layer.modules():
                for weight in one._parameters.values():
                    if weight is not None:
                        held[id(weight)] = held.get(id(weight), 0) + 1
            if held and all(stands[key] == count for key, count in held.items()):
                found.append(layer)
    return found


def refuse_updates() -> ModelError:
    """The error of a method that samples within its updates: its forward passes differ from process to process."""
    return ModelError(
        "a method that samples while it trains cannot be sharded",
        hint='use strategy = "ddp" in the launch',
        kind="unsupported",
    )
