"""Log-probabilities, sampling and reward models against transformers itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osler.core.errors import DataError, ModelError
from osler.core.types import Message, Part
from osler.models.local import Local
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.preference.invented import InventedTalks
from osler.tuning.preference.lexicographic import RulePreferences, Says
from osler.tuning.preference.reward_model import RewardModel
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT
from osler.tuning.stage import made

TALKS = InventedTalks(diseases=4, each=1)
SHAPE = DecoderShape(layers=2, hidden=32, heads=2, inner=48, context=64)
RULE = RulePreferences(rule=Says(pattern="can not help", when="kill|die"), data=TALKS)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tiny chat model, trained for a few steps."""
    shelf = tmp_path_factory.mktemp("shelf")
    stage = SFT(base=SHAPE, data=TALKS, template="vicuna", schedule=Schedule(steps=30, learning_rate=5e-3))
    return made(stage, shelf=shelf).local


def test_the_prompt_is_what_local_reads_and_the_reply_what_it_ends(base: Any) -> None:
    from osler.models.local_engine import load
    from osler.tuning.preference.causal import causal_of
    from osler.tuning.preference.chat_rows import ChatRows

    _, tokenizer = causal_of(base)
    chat = ChatRows(tokenizer, 64)
    engine = load(base)
    turns = TALKS.ranked()[0].prompt
    messages = [Message("user", (Part(turns[0].text),))]
    assert chat.prompt(turns) == engine.tokens(engine.prompt_text(messages))
    prompt, (reply,) = chat.row(turns, ["take 5 mg ."])
    assert reply[-1] in engine.ends
    assert chat.text(reply) == "take 5 mg ."
    cut, _ = ChatRows(tokenizer, 6).row(turns, ["take 5 mg ."])
    assert len(cut) < len(prompt)
    with pytest.raises(DataError, match="must end in a turn of the user"):
        chat.prompt([Turn("assistant", "x")])


def test_log_probabilities_equal_those_of_transformers(base: Any) -> None:
    import torch

    from osler.tuning.preference.causal import causal_of
    from osler.tuning.preference.chat_rows import ChatRows
    from osler.tuning.preference.reply_tokens import padded, read, spread, summed

    network, tokenizer = causal_of(base)
    chat = ChatRows(tokenizer, 64)
    rows = [chat.row(row.prompt, row.replies[:1]) for row in TALKS.ranked()[:5]]
    prompts, replies = [row[0] for row in rows], [row[1][0] for row in rows]
    batch = padded(prompts, replies, chat.pad, "cpu")
    with torch.no_grad():
        found = read(network, batch, entropy=True)
        whole = summed(found.logprobs, batch)
        for at, (prompt, reply) in enumerate(zip(prompts, replies, strict=True)):
            ids = torch.tensor([[*prompt, *reply]])
            labels = torch.tensor([[-100] * len(prompt) + reply])
            loss = network(input_ids=ids, labels=labels).loss
            assert float(whole[at]) == pytest.approx(-float(loss) * len(reply), abs=1e-3)
            chances = torch.softmax(network(input_ids=ids).logits[0, len(prompt) - 1 : -1], 1)
            entropy = -(chances * chances.log()).sum(1)
            assert spread(found.entropy, batch)[at, : len(reply)].tolist() == pytest.approx(entropy.tolist(), abs=1e-4)
            assert spread(found.entropy, batch)[at, len(reply) :].abs().sum() == 0


def test_greedy_sampling_equals_that_of_local_and_does_not_hang_on_the_batch(base: Any) -> None:
    import asyncio

    from osler.tuning.preference.drawn import Writer
    from osler.tuning.preference.reward import asked_of

    writer, asked = Writer(base), asked_of(TALKS)
    greedy = [texts[0] for texts in writer.replies(asked, tokens=16, temperature=0)]

    async def local() -> list[str]:
        model: Local = base
        ask = [model.generate([Message("user", (Part(one.prompt[0].text),))], max_tokens=16) for one in asked]
        return [reply.text for reply in await asyncio.gather(*ask)]

    assert greedy == asyncio.run(local())
    drawn = writer.replies(asked, n=2, tokens=12, seed=3)
    assert drawn == writer.replies(asked, n=2, tokens=12, seed=3)
    assert drawn != writer.replies(asked, n=2, tokens=12, seed=4)
    assert drawn[:1] == writer.replies(asked[:1], n=2, tokens=12, seed=3)


def test_tokens_are_drawn_as_often_as_the_network_says(base: Any) -> None:
    import torch

    from osler.tuning.preference.causal import causal_of
    from osler.tuning.preference.chat_rows import ChatRows
    from osler.tuning.preference.sampling import sample

    network, tokenizer = causal_of(base)
    prompt = ChatRows(tokenizer, 64).prompt(TALKS.ranked()[0].prompt)
    n = 4000
    uniform = (np.arange(n)[:, None] + 0.5) / n
    first = [reply[0] for reply in sample(network, [prompt] * n, uniform, ends=(), pad=0)]
    with torch.no_grad():
        chances = torch.softmax(network(input_ids=torch.tensor([prompt])).logits[0, -1], 0).numpy()
    assert np.bincount(first, minlength=len(chances)) / n == pytest.approx(chances, abs=2 / n)


def test_the_loss_of_a_reward_model_by_hand_for_lists(base: Any) -> None:
    import torch

    from osler.tuning.preference.causal import reward_network
    from osler.tuning.preference.chat_rows import ChatRows
    from osler.tuning.preference.preference_files import RankedReplies
    from osler.tuning.preference.reward_learning import RewardLearner, auc
    from osler.tuning.trainer.learner import Key

    network, tokenizer = reward_network(base, seed=1)
    chat = ChatRows(tokenizer, 64)
    rows = RankedReplies(
        rows=(
            {"prompt": "i have fever .", "replies": ("take 5 mg .", "since when ?", "help ."), "ranks": (1, 2, 2)},
            {"prompt": "i feel ill .", "replies": ("help .", "take")},
        )
    ).ranked()
    learner = RewardLearner(network, chat, rows, [])
    batch = learner.batch([0, 1], Key(0, 0))
    found = learner.loss(batch)["preference"].detach()
    values = []
    for row in rows:
        for text in learner.texts(row):
            plain = network.model(input_ids=torch.tensor([text])).last_hidden_state[0, -1]
            values.append(network.score(plain)[0])
    pairs = [values[0] - values[1], values[0] - values[2]], [values[3] - values[4]]
    wanted = sum(torch.stack([-torch.nn.functional.logsigmoid(gap) for gap in part]).mean() for part in pairs)
    assert float(found) == pytest.approx(float(wanted.detach()), abs=1e-4)
    assert batch.counts["preference"] == 2
    first, second = np.array([1.0, 2.0, 2.0]), np.array([0.0, 2.0])
    assert auc(first, second) == pytest.approx(np.mean([(a > b) + 0.5 * (a == b) for a in first for b in second]))


def test_a_reward_model_learns_a_rule_scores_choices_and_writes_nothing(base: Any, tmp_path: Path) -> None:
    import asyncio
    import math

    schedule = Schedule(epochs=12, batch_rows=4, learning_rate=3e-3, precision="float32")
    model = made(RewardModel(base=base, data=RULE, held_out=0.2, schedule=schedule), shelf=tmp_path)
    about = model.held.manifest["about"]
    assert about["held_out_auc"] > 0.8
    assert about["by"] == {"rule:says": about["lists"]}
    row = RULE.ranked()[0]
    values = asyncio.run(model.rewards([row.prompt] * len(row.replies), row.replies))
    reply = asyncio.run(model.score([Message("user", (Part(row.prompt[0].text),))], row.replies))
    assert reply.logprobs is not None
    assert sum(math.exp(value) for value in reply.logprobs.values()) == pytest.approx(1.0)
    assert reply.text == row.replies[values.index(max(values))]
    with pytest.raises(ModelError, match="writes nothing"):
        asyncio.run(model.generate([Message("user", (Part("x"),))]))


def test_a_reward_model_refuses_prompts_that_it_must_not_see(base: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="have a prompt of the rows to test on"):
        made(RewardModel(base=base, data=RULE, test=RULE), shelf=tmp_path)
    kept, held = RewardModel(base=base, data=RULE, held_out=0.4).split()
    assert not {row.prompt for row in kept} & {row.prompt for row in held}
