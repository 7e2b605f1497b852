"""Replies drawn from a causal network, all prompts in one batch, with the cache of keys and values.

Every row brings its own random numbers, so what it draws hangs on (seed, pass, row) and not on its batch.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sample(
    policy: Any,
    prompts: Sequence[Sequence[int]],
    uniform: NDArray[np.float64],
    *,
    ends: Collection[int],
    pad: int,
    temperature: float = 1.0,
    nucleus: float = 1.0,
) -> list[list[int]]:
    """The ids of a reply to each prompt, with the end that it drew, at most ``uniform.shape[1]`` tokens.

    uniform: numbers from 0 to 1, ``[prompts, tokens]``, by which tokens are drawn. temperature 0 takes the likeliest.
    nucleus: tokens are drawn from the likeliest that make up this share (Holtzman et al. 2020, arXiv:1904.09751).
    """
    import torch

    device = next(policy.parameters()).device
    longest = max(map(len, prompts))
    ids = torch.full((len(prompts), longest), pad, dtype=torch.long)
    mask = torch.zeros((len(prompts), longest), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt, dtype=torch.long)
        mask[row, longest - len(prompt) :] = 1
    drawn = torch.from_numpy(np.ascontiguousarray(uniform)).to(device)
    closing = torch.tensor(sorted(ends), dtype=torch.long, device=device)
    replies: list[list[int]] = [[] for _ in prompts]
    alive = torch.arange(len(prompts), device=device)
    ids, mask, cache = ids.to(device), mask.to(device), None
    with torch.inference_mode():
        for place in range(drawn.shape[1]):
            positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            found = policy(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = found.past_key_values
            tokens = _drawn(found.logits[:, -1].float(), drawn[alive, place], temperature, nucleus)
            for row, token in zip(alive.tolist(), tokens.tolist(), strict=True):
                replies[row].append(token)
            going = (~torch.isin(tokens, closing)).nonzero().squeeze(1)
            if not len(going):
                break
            if len(going) < len(alive):  # rows that have ended are taken out of the batch and the cache
                cache.batch_select_indices(going)
                alive, mask, tokens = alive[going], mask[going], tokens[going]
            ids = tokens[:, None]
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
    return replies


def _drawn(logits: Any, uniform: Any, temperature: float, nucleus: float = 1.0) -> Any:
    """A token for each row ``[n]`` of ``logits [n, vocabulary]``: where the running sum passes the row's number."""
    import torch

    if temperature == 0:
        return logits.argmax(1)
    shares = torch.softmax(logits.double() / temperature, dim=1)
    if nucleus < 1:
        ordered, places = shares.sort(dim=1, descending=True)
        beyond = ordered.cumsum(1) - ordered >= nucleus  # the token that passes the share still counts
        shares = shares.scatter(1, places, ordered.masked_fill(beyond, 0.0))
    shares = shares.cumsum(1)
    wanted = (uniform * shares[:, -1])[:, None]
    return torch.searchsorted(shares, wanted, right=True).squeeze(1).clamp(max=logits.shape[1] - 1)
