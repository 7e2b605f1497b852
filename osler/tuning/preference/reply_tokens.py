"""Log-probabilities, entropy and hidden states at the tokens of replies: the head reads these places and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import torch


class Padded(NamedTuple):
    """Prompts with replies, padded on the right. ids and mask: ``[n, length]``. rows and places: where each reply token
    stands, in the order of the rows; targets: the tokens there; filled: ``[n, longest reply]``, which of it is real."""

    ids: torch.Tensor
    mask: torch.Tensor
    rows: torch.Tensor
    places: torch.Tensor
    targets: torch.Tensor
    filled: torch.Tensor


class Read(NamedTuple):
    """At each reply token: its log-probability, the entropy in nats, and the hidden state before it."""

    logprobs: torch.Tensor
    entropy: torch.Tensor
    hidden: torch.Tensor


def padded(prompts: Sequence[Sequence[int]], replies: Sequence[Sequence[int]], pad: int, device: Any) -> Padded:
    import torch

    whole = [[*prompt, *reply] for prompt, reply in zip(prompts, replies, strict=True)]
    longest = max(map(len, whole))
    ids = torch.full((len(whole), longest), pad, dtype=torch.long)
    mask = torch.zeros((len(whole), longest), dtype=torch.long)
    filled = torch.zeros((len(whole), max(map(len, replies))), dtype=torch.bool)
    rows: list[int] = []
    places: list[int] = []
    for row, (prompt, reply) in enumerate(zip(prompts, replies, strict=True)):
        ids[row, : len(whole[row])] = torch.tensor(whole[row], dtype=torch.long)
        mask[row, : len(whole[row])] = 1
        filled[row, : len(reply)] = True
        rows += [row] * len(reply)
        places += range(len(prompt), len(whole[row]))
    at, to = torch.tensor(rows, dtype=torch.long), torch.tensor(places, dtype=torch.long)
    found = Padded(ids, mask, at, to, ids[at, to], filled)
    return Padded(*(part.to(device) for part in found))


def read(policy: Any, batch: Padded, *, temperature: float = 1.0, entropy: bool = False) -> Read:
    """What ``policy`` says of each reply token, ``[tokens]`` each (``hidden``: ``[tokens, width]``), in float32."""
    import torch

    hidden, logits = _at(policy, batch)
    scaled = logits.float() / temperature
    chances = torch.log_softmax(scaled, dim=1)
    logprobs = chances.gather(1, batch.targets[:, None]).squeeze(1)
    spread = -(chances.exp() * chances).sum(1) if entropy else torch.zeros_like(logprobs)
    return Read(logprobs, spread, hidden.float())


def _at(policy: Any, batch: Padded) -> tuple[Any, Any]:
    """Hidden states and logits at the places before the reply tokens."""
    model = policy.get_base_model() if hasattr(policy, "get_base_model") else policy
    given = {"input_ids": batch.ids, "attention_mask": batch.mask, "use_cache": False}
    config = model.config
    plain = not any(getattr(config, name, None) for name in ("final_logit_softcapping", "logit_scale"))
    trunk, head = model.base_model, model.get_output_embeddings()
    if plain and trunk is not model and head is not None:
        hidden = trunk(**given).last_hidden_state[batch.rows, batch.places - 1]
        return hidden, head(hidden)
    found = model(**given, output_hidden_states=True)
    return found.hidden_states[-1][batch.rows, batch.places - 1], found.logits[batch.rows, batch.places - 1]


def summed(values: torch.Tensor, batch: Padded) -> torch.Tensor:
    """Token values ``[tokens]`` added up over each reply, ``[n]``."""
    import torch

    out = torch.zeros(batch.filled.shape[0], dtype=values.dtype, device=values.device)
    return out.index_add(0, batch.rows, values)


def spread(values: torch.Tensor, batch: Padded) -> torch.Tensor:
    """Token values as a table ``[n, longest reply]``, 0 where there is no token."""
    import torch

    out = torch.zeros(batch.filled.shape, dtype=values.dtype, device=values.device)
    out[batch.filled] = values
    return out
